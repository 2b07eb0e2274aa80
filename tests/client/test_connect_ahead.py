"""A connection to the gateway is there before the completion that needs it, and no timer keeps one open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from sidelight_client.adapters.gateway_http import HttpGateway
from sidelight_client.adapters.http import HttpClient
from sidelight_client.adapters.place_facts import WorkspacePlaces
from sidelight_client.broker import Broker
from sidelight_client.broker.connect_ahead import IDLE_S, ConnectAhead
from sidelight_client.domain.completion import Completed, CompletionRequest
from sidelight_client.domain.place import Document, Position
from sidelight_client.domain.window import take
from sidelight_client.ports import NetworkChanged, Slept
from sidelight_client.settings import Layer, resolve
from sidelight_client.testing.fakes import FakeClock, FakeGateway
from support.raw_server import Exchange, RawServer, answer, raw_server, sse

pytestmark = pytest.mark.anyio

OPEN: dict[str, Any] = {"version": 1, "name": "Open", "auth": {"kind": "none"}}
ANSWER = sse({"choices": [{"text": "x", "finish_reason": "stop"}]})


class Bench:
    def __init__(self, known: bool = True) -> None:
        self.clock = FakeClock()
        self.gateway = FakeGateway()
        self.connecting = ConnectAhead(self.clock, self.gateway, lambda: known)

    @property
    def opened(self) -> int:
        return self.gateway.connected_ahead


def question() -> CompletionRequest:
    window = take(["x = \n"], Position(0, 4), "file:///a.py")
    return CompletionRequest("c" * 32, Document("file:///a.py", "python"), window)


async def test_files_opened_together_open_one_connection() -> None:
    bench = Bench()
    for _ in range(20):
        bench.connecting.expected()
    assert bench.opened == 1


async def test_a_connection_that_was_used_lately_is_taken_to_be_open() -> None:
    bench = Bench()
    bench.connecting.used()
    await bench.clock.advance(IDLE_S - 1)
    bench.connecting.expected()
    assert bench.opened == 0
    await bench.clock.advance(1)
    bench.connecting.expected()
    assert bench.opened == 1


async def test_waking_opens_one_however_lately_it_was_used() -> None:
    bench = Bench()
    bench.connecting.used()
    bench.connecting.at_once()
    assert bench.opened == 1
    bench.connecting.expected()
    assert bench.opened == 1


async def test_nothing_is_opened_to_a_gateway_that_is_not_known_yet() -> None:
    bench = Bench(known=False)
    bench.connecting.expected()
    bench.connecting.at_once()
    assert bench.opened == 0


async def serve(exchange: Exchange) -> None:
    """Any number of exchanges on one connection."""
    await exchange.send(ANSWER if exchange.method == "POST" else answer(200, OPEN))


@asynccontextmanager
async def broker_at(
    server: RawServer, clock: FakeClock
) -> AsyncGenerator[tuple[Broker, HttpGateway]]:
    gateway = HttpGateway(server.url, HttpClient(), clock=clock)
    broker = Broker(
        clock=clock,
        settings=resolve([(Layer.FILE, {"tiers": {"fast": {"deadline_ms": 5_000}}})]),
        gateway=gateway,
        keeper=None,
        repositories=WorkspacePlaces(),
        version="0.1.0",
    )
    await broker.start()
    discovered = asyncio.Event()
    leave = broker.subscribe(lambda s: discovered.set() if s.gateway.name else None)
    async with asyncio.timeout(10):
        await discovered.wait()
    leave()
    try:
        yield broker, gateway
    finally:
        await broker.stop()
        await gateway.close()


async def connected(gateway: HttpGateway, server: RawServer) -> int:
    """How many connections there were once the one that is being opened is open."""
    assert gateway._warming is not None, "nothing opens one"
    async with asyncio.timeout(10):
        await asyncio.wait([gateway._warming])
    return server.connections


@pytest.mark.parametrize("event", [Slept(50_000.0), NetworkChanged()])
async def test_the_first_completion_after_waking_finds_an_open_connection(event: Any) -> None:
    async with (
        raw_server(serve) as server,
        broker_at(server, FakeClock()) as (broker, gateway),
    ):
        await broker.power(event)
        opened = await connected(gateway, server)
        assert isinstance(await broker.complete(question()), Completed)
        assert [one.method for one in server.asked] == ["GET", "GET", "POST"]
        assert server.connections == opened


async def test_a_file_that_is_opened_after_a_pause_opens_a_connection_for_its_completions() -> None:
    clock = FakeClock()
    async with raw_server(serve) as server, broker_at(server, clock) as (broker, gateway):
        broker.completions_expected()
        opened = await connected(gateway, server)
        leave = broker.editor_connected("Test editor")
        assert isinstance(await broker.complete(question()), Completed)
        assert [one.method for one in server.asked] == ["GET", "GET", "POST"]
        assert server.connections == opened
        leave()
