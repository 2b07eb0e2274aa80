"""What a gateway remarks on an answer is kept with it, and an answer is left when it is complete."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from sidelight_client.adapters.gateway_http import HttpGateway
from sidelight_client.adapters.http import HttpClient
from sidelight_client.domain.completion import CompletionRequest
from sidelight_client.domain.place import Document, Position
from sidelight_client.domain.window import take
from sidelight_client.gateways.recorded import recording
from sidelight_client.ports import Delta, Finish, GatewayEvent
from sidelight_client.testing.fakes import FakeClock
from support.raw_server import Answer, Exchange, answer, chunk, raw_server, sse, stream_head

pytestmark = pytest.mark.anyio

RECORDINGS = Path(__file__).parents[2] / "recordings"
WINDOW = take(["def f():\n", "    \n"], Position(1, 4), "file:///a.py")


async def ask(
    *said: Answer, profile: str = "sidelight", mode: str = "suffix", max_lines: int = 4
) -> list[GatewayEvent]:
    document: dict[str, Any] = {
        "version": 1,
        "profile": profile,
        "auth": {"kind": "none"},
        "tiers": {"fast": {"model": "small", "mode": mode}},
    }
    async with raw_server(answer(200, document), *said) as server:
        gateway = HttpGateway(server.url, HttpClient(), clock=FakeClock())
        try:
            await gateway.discover()
            request = CompletionRequest(
                "a" * 32, Document("file:///a.py", "python"), WINDOW, max_lines=max_lines
            )
            return [event async for event in gateway.complete(request, None, 5.0)]
        finally:
            await gateway.close()


def replayed(name: str) -> bytes:
    """The recorded answer, as bytes on the wire."""
    seen = recording((RECORDINGS / f"{name}.json").read_bytes()).exchange
    assert seen.status is not None
    dropped = {"content-length", "transfer-encoding", "connection", "content-encoding"}
    kept = {
        header.replace("-", "_"): value
        for header, value in seen.headers.items()
        if header not in dropped
    }
    return answer(seen.status, seen.body, **kept)


@pytest.mark.parametrize(
    ("name", "profile", "notes"),
    [
        ("litellm_fallback_ok", "litellm", ("degraded",)),
        ("portkey_fallback", "portkey", ("degraded",)),
        ("portkey_hook_words_stream_output_warn", "portkey", ()),
        ("litellm_chat_ok", "litellm", ()),
        ("portkey_chat_ok", "portkey", ()),
    ],
)
async def test_a_recorded_remark_is_kept_with_the_answer(
    name: str, profile: str, notes: tuple[str, ...]
) -> None:
    last = (await ask(replayed(name), profile=profile, mode="chat"))[-1]
    assert isinstance(last, Finish)
    assert last.notes == notes


async def test_a_success_with_a_warning_is_shown_with_its_warning() -> None:
    body = {"choices": [{"text": "x", "finish_reason": "stop"}]}
    delta, last = await ask(answer(246, body), profile="portkey")
    assert delta == Delta("x")
    assert isinstance(last, Finish)
    assert last.notes == ("policy.warned",)


async def test_an_answer_is_left_at_the_gateways_socket_when_its_lines_are_there() -> None:
    hung_up = asyncio.Event()

    async def begin(exchange: Exchange) -> None:
        first = b'data: {"model":"big","choices":[{"text":"a\\nb\\n"}]}\n\n'
        await exchange.send(stream_head() + chunk(first))
        await exchange.until_hung_up()
        hung_up.set()

    delta, last = await ask(begin, max_lines=2)
    assert delta == Delta("a\nb\n")
    assert isinstance(last, Finish)
    assert (last.model, last.tokens.output, last.tokens.prompt) == ("big", None, None)
    async with asyncio.timeout(5):
        await hung_up.wait()


async def test_an_answer_that_ends_with_its_lines_keeps_what_it_told_at_its_end() -> None:
    whole = sse(
        {"choices": [{"text": "a\nb\n", "finish_reason": "stop"}]},
        {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 2}},
    )
    last = (await ask(whole, max_lines=2))[-1]
    assert isinstance(last, Finish)
    assert last.tokens.output in (2, None)
    assert last.tokens.output != 0
