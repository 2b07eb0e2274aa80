"""The broker with a real gateway client, over real sockets: what only both together can get wrong."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from sidelight_client.adapters.clock import SystemClock
from sidelight_client.adapters.gateway_http import HttpGateway
from sidelight_client.adapters.http import HttpClient
from sidelight_client.adapters.place_facts import WorkspacePlaces
from sidelight_client.broker import Broker
from sidelight_client.domain.completion import (
    Completed,
    CompletionRequest,
    Outcome,
    Trigger,
    Unauthorized,
    Unavailable,
    UnavailableReason,
)
from sidelight_client.domain.identity.session import Phase
from sidelight_client.domain.place import Document, Position
from sidelight_client.domain.window import take
from sidelight_client.keeper import SessionKeeper
from sidelight_client.settings import Layer, resolve
from sidelight_client.testing.fakes import FakeIdp, FakeVault
from support.raw_server import (
    Answer,
    Exchange,
    RawServer,
    answer,
    chunk,
    raw_server,
    sse,
    stream_head,
)

pytestmark = pytest.mark.anyio

OPEN: dict[str, Any] = {"version": 1, "name": "Open", "auth": {"kind": "none"}}
ANSWER = sse({"choices": [{"text": "a\nb\nc\nd\ne\nf\n", "finish_reason": "stop"}]})
BEGUN = stream_head() + chunk(b'data: {"choices":[{"text":"re"}]}\n\n')


@asynccontextmanager
async def broker_at(
    *answers: Answer, document: dict[str, Any] = OPEN, **settings: object
) -> AsyncGenerator[tuple[Broker, RawServer]]:
    """A broker that has discovered a gateway whose next exchanges are `answers`."""
    clock = SystemClock()
    async with raw_server(answer(200, document), *answers) as server:
        gateway = HttpGateway(server.url, HttpClient(), clock=clock)
        broker = Broker(
            clock=clock,
            settings=resolve([(Layer.FILE, settings)]),
            gateway=gateway,
            keeper=SessionKeeper(clock=clock, provider=FakeIdp(), vault=FakeVault()),
            repositories=WorkspacePlaces(),
            version="0.1.0",
        )
        await broker.start()
        discovered = asyncio.Event()
        unsubscribe = broker.subscribe(lambda s: discovered.set() if s.gateway.name else None)
        async with asyncio.timeout(5):
            await discovered.wait()
        unsubscribe()
        try:
            yield broker, server
        finally:
            await broker.stop()
            await gateway.close()


async def ask(broker: Broker, trigger: Trigger = Trigger.INVOKED) -> Outcome:
    window = take(["def f():\n", "    \n"], Position(1, 4), "file:///a.py")
    document = Document("file:///a.py", "python")
    return await broker.complete(CompletionRequest("c" * 32, document, window, trigger=trigger))


async def test_a_gateway_that_asks_for_no_sign_in_is_used_without_one() -> None:
    async with broker_at(ANSWER) as (broker, server):
        outcome = await ask(broker)
        assert broker.snapshot().session.phase is Phase.FRESH
    assert isinstance(outcome, Completed)
    assert outcome.texts == ("a\nb\nc\nd",)
    assert outcome.timings.first_s is not None
    assert "authorization" not in server.asked[-1].headers


async def test_what_came_so_far_is_told_line_by_line_as_far_as_it_may_be_shown() -> None:
    pieces = ["Here is the code:\n", "```python\na = 1", "\nb = 2\n", "c"]

    async def write(exchange: Exchange) -> None:
        await exchange.send(stream_head())
        for text in pieces:
            event = json.dumps({"choices": [{"text": text}]})
            await exchange.send(chunk(f"data: {event}\n\n".encode()))
        last = '{"choices":[{"text":"","finish_reason":"stop"}]}'
        await exchange.send(chunk(f"data: {last}\n\ndata: [DONE]\n\n".encode()) + chunk(b""))

    heard: list[str] = []
    window = take(["x = 1\n", "\n"], Position(1, 0), "file:///a.py")
    document = Document("file:///a.py", "python")
    request = CompletionRequest("c" * 32, document, window, max_lines=8)
    async with broker_at(write, tiers={"fast": {"deadline_ms": 5_000}}) as (broker, _):
        outcome = await broker.complete(request, heard.append)
    assert isinstance(outcome, Completed)
    assert heard == ["a = 1\nb = 2"]
    assert outcome.texts == ("a = 1\nb = 2\nc",)


async def test_a_gateway_that_asks_for_a_sign_in_is_not_asked_without_one() -> None:
    async with broker_at(ANSWER, document={"version": 1, "name": "Guarded"}) as (broker, server):
        assert isinstance(await ask(broker), Unauthorized)
    assert len(server.asked) == 1


async def test_a_cancelled_completion_is_seen_at_the_gateways_socket() -> None:
    begun, hung_up = asyncio.Event(), asyncio.Event()

    async def begin(exchange: Exchange) -> None:
        await exchange.send(BEGUN)
        begun.set()
        await exchange.until_hung_up()
        hung_up.set()

    async with broker_at(begin) as (broker, _):
        task = asyncio.create_task(ask(broker))
        await begun.wait()
        task.cancel()
        async with asyncio.timeout(5):
            await hung_up.wait()
        await asyncio.wait([task])
        assert task.cancelled()
        assert broker.snapshot().gateway.in_flight == 0


async def test_the_gateways_own_deadline_lowers_ours_for_automatic_requests_only() -> None:
    async def answer_late(exchange: Exchange) -> None:
        await asyncio.sleep(0.3)
        await exchange.send(ANSWER)

    document = OPEN | {"tiers": {"fast": {"deadline_ms": 60}}}
    slow = {"tiers": {"fast": {"deadline_ms": 5_000}}}
    async with broker_at(answer_late, document=document, **slow) as (broker, _):
        automatic = await ask(broker, Trigger.AUTOMATIC)
        invoked = await ask(broker, Trigger.INVOKED)
    assert isinstance(automatic, Unavailable)
    assert automatic.reason is UnavailableReason.DEADLINE
    assert isinstance(invoked, Completed)


async def test_a_login_page_in_between_is_a_gateway_that_is_down_and_nobody_is_signed_out() -> None:
    page = answer(200, "<html>Pay here</html>", content_type="text/html")
    async with broker_at(page) as (broker, _):
        outcome = await ask(broker)
        snapshot = broker.snapshot()
    assert isinstance(outcome, Unavailable)
    assert outcome.reason is UnavailableReason.GATEWAY_DOWN
    assert snapshot.session.phase is Phase.FRESH
