"""One gateway at several addresses, and what a person notices when one of them fails: next to nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from sidelight_client.adapters.clock import SystemClock
from sidelight_client.adapters.discovered_identity import DiscoveredProvider
from sidelight_client.adapters.gateway_http import HttpGateway
from sidelight_client.adapters.http import HttpClient
from sidelight_client.adapters.memory_vault import MemoryVault
from sidelight_client.adapters.place_facts import WorkspacePlaces
from sidelight_client.broker import Broker
from sidelight_client.domain.completion import (
    Completed,
    CompletionRequest,
    Outcome,
    Trigger,
    Unavailable,
)
from sidelight_client.domain.health import visible
from sidelight_client.domain.place import Document, Position
from sidelight_client.domain.routing.breaker import BreakerState
from sidelight_client.domain.snapshot import EndpointView, State
from sidelight_client.domain.window import take
from sidelight_client.embedded.gateway import EmbeddedGateway, EmbeddedSettings
from sidelight_client.keeper import SessionKeeper
from sidelight_client.ports import GatewayInfo, SignInPrompt
from sidelight_client.settings import Layer, resolve

pytestmark = pytest.mark.anyio

CODE = "def total(prices):\n    result = sum(prices)\n    return result\n"
LINES = ["def total(prices):\n", "    result = sum(prices)\n", "    return \n"]
WINDOW = take(LINES, Position(2, 11), "file:///shop.py")


class MovedClock(SystemClock):
    """The machine's clock with a wall that a test can move on, as breakers see it."""

    moved_s = 0.0

    def now(self) -> float:
        return super().now() + self.moved_s


class Bench:
    """A signed-in broker in front of three zones."""

    def __init__(self, zones: list[EmbeddedGateway], broker: Broker, clock: MovedClock) -> None:
        self.zones = zones
        self.broker = broker
        self.clock = clock
        self._number = 0

    async def ask(self, trigger: Trigger = Trigger.AUTOMATIC) -> Outcome:
        self._number += 1
        return await self.broker.complete(
            CompletionRequest(
                f"{self._number:032x}",
                Document("file:///shop.py", "python"),
                WINDOW,
                trigger=trigger,
            )
        )

    async def asks(self, times: int) -> list[Outcome]:
        return [await self.ask() for _ in range(times)]

    def zone_states(self) -> list[BreakerState]:
        return [zone.breaker for zone in self.broker.snapshot().gateway.endpoints]

    @property
    def answered_by(self) -> list[int]:
        """Which zone gave each answer so far, the last one first."""
        urls = [zone.url for zone in self.zones]
        return [urls.index(decision.endpoint) for decision in self.broker.snapshot().decisions]

    def codes(self) -> set[str]:
        now = self.clock.now() + 3
        return {condition.code for condition in visible(self.broker.snapshot().conditions, now)}


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncGenerator[Bench]:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "prices.py").write_text(CODE)
    async with AsyncExitStack() as parts:
        zones: list[EmbeddedGateway] = []
        for _ in range(3):
            settings = EmbeddedSettings(workspaces=(tmp_path / "shop",), limits=())
            zone = EmbeddedGateway(settings, zone_of=zones[0] if zones else None)
            await zone.start()
            parts.push_async_callback(zone.stop)
            await zone.workspace_ready()
            zones.append(zone)
        yield await parts.enter_async_context(signed_in(zones, tmp_path / "models.json"))


@asynccontextmanager
async def signed_in(zones: list[EmbeddedGateway], memory: Path) -> AsyncGenerator[Bench]:
    clock = MovedClock()
    urls = [zone.url for zone in zones]
    gateway = HttpGateway(urls, HttpClient(), clock=clock, memory=memory)
    provider = DiscoveredProvider(gateway.discover, HttpClient(), clock, None)
    broker = Broker(
        clock=clock,
        settings=resolve(
            [(Layer.FILE, {"gateway": urls, "tiers": {"fast": {"deadline_ms": 5_000}}})]
        ),
        gateway=gateway,
        keeper=SessionKeeper(clock=clock, provider=provider, vault=MemoryVault()),
        repositories=WorkspacePlaces(),
        version="0.1.0",
    )
    approving: list[asyncio.Task[None]] = []

    def approve(prompt: SignInPrompt) -> None:
        approving.append(asyncio.create_task(zones[0].approve(prompt.url)))

    await broker.start()
    try:
        assert await broker.sign_in(approve) is None
        yield Bench(zones, broker, clock)
    finally:
        await broker.stop()
        await provider.close()
        await gateway.close()
        await asyncio.gather(*approving)


async def test_while_all_zones_work_the_first_is_asked_and_all_are_shown(bench: Bench) -> None:
    assert all(isinstance(outcome, Completed) for outcome in await bench.asks(3))
    assert bench.answered_by == [0, 0, 0]
    views = bench.broker.snapshot().gateway.endpoints
    assert views == tuple(EndpointView(zone.url) for zone in bench.zones)
    assert "gateway.zone_down" not in bench.codes()


async def test_a_zone_that_is_gone_costs_no_suggestion(bench: Bench) -> None:
    await bench.zones[0].stop()
    outcomes = await bench.asks(6)
    assert all(isinstance(outcome, Completed) for outcome in outcomes)
    snapshot = bench.broker.snapshot()
    # The first request notices and goes elsewhere; the next ones do not begin there.
    assert (bench.answered_by, snapshot.counts.resent) == ([1] * 6, 1)
    assert snapshot.state(bench.clock.now()) is State.READY
    assert "gateway.unreachable" not in bench.codes()


async def test_a_zone_down_for_longer_is_told_as_such_and_taken_back_when_it_works(
    bench: Bench,
) -> None:
    bench.zones[0].faults.outage = True
    for _ in range(3):
        await bench.ask()
        bench.clock.moved_s += 10
    assert bench.zone_states()[0] is BreakerState.OPEN
    assert bench.codes() == {"gateway.zone_down"}
    (told,) = [c for c in bench.broker.snapshot().conditions if c.code == "gateway.zone_down"]
    assert told.facts["zone"] == bench.zones[0].url.removeprefix("http://")
    assert told.facts["using"] == bench.zones[1].url.removeprefix("http://")
    assert told.retry_at is not None
    assert bench.broker.snapshot().state(bench.clock.now()) is State.READY
    resent = bench.broker.snapshot().counts.resent
    assert resent == 3
    bench.zones[0].faults.outage = False
    bench.clock.moved_s += 200
    assert all(isinstance(outcome, Completed) for outcome in await bench.asks(2))
    assert bench.answered_by[:2] == [0, 0]
    assert bench.zone_states()[0] is BreakerState.CLOSED
    assert bench.codes() == set()
    assert bench.broker.snapshot().counts.resent == resent


async def test_a_zone_that_hangs_costs_one_suggestion_and_not_the_next(bench: Bench) -> None:
    bench.broker.update_settings(
        resolve([(Layer.FILE, {"tiers": {"fast": {"deadline_ms": 1_500}}})])
    )
    assert isinstance(await bench.ask(), Completed)
    bench.zones[0].faults.slow_s = 60
    first, *others = await bench.asks(4)
    assert isinstance(first, Unavailable)
    assert all(isinstance(outcome, Completed) for outcome in others)
    # It may have been processed there, so nothing was sent twice.
    assert bench.broker.snapshot().counts.resent == 0
    assert bench.answered_by[:3] == [1, 1, 1]


@pytest.mark.parametrize(
    "switch", ["cut_stream", "garbage", "stream_error", "hang_mid_stream", "bad_gateway_html"]
)
async def test_a_zone_that_fails_in_whatever_way_costs_at_most_one_suggestion(
    bench: Bench, switch: str
) -> None:
    assert isinstance(await bench.ask(), Completed)
    bench.zones[0].faults.set({switch: True})
    first, *others = await bench.asks(4)
    refused_at_once = switch == "bad_gateway_html"
    assert isinstance(first, Completed) is refused_at_once
    assert all(isinstance(outcome, Completed) for outcome in others)
    assert bench.broker.snapshot().counts.resent == int(refused_at_once)
    assert bench.answered_by[:3] == [1, 1, 1]


async def test_who_asks_explicitly_is_not_the_one_who_finds_out(bench: Bench) -> None:
    bench.zones[0].faults.outage = True
    for _ in range(3):
        await bench.ask()
        bench.clock.moved_s += 10
    bench.clock.moved_s += 200
    assert isinstance(await bench.ask(Trigger.INVOKED), Completed)
    assert bench.answered_by[0] == 1
    assert bench.zone_states()[0] is BreakerState.HALF_OPEN


async def test_with_every_zone_down_few_requests_are_sent_and_then_none(bench: Bench) -> None:
    for zone in bench.zones:
        await zone.stop()
    outcomes = await bench.asks(40)
    assert not any(isinstance(outcome, Completed) for outcome in outcomes)
    counts = bench.broker.snapshot().counts
    assert counts.requests <= 3 * len(bench.zones) + counts.resent
    assert counts.resent <= 3 + 40 * 0.1 + 1
    assert set(bench.zone_states()) == {BreakerState.OPEN}
    assert "gateway.unreachable" in bench.codes()
    assert "gateway.zone_down" not in bench.codes()


async def test_the_second_zone_is_found_when_the_first_is_dead_from_the_start(
    bench: Bench,
) -> None:
    await bench.zones[0].stop()
    urls = tuple(zone.url for zone in bench.zones)
    gateway = HttpGateway(urls, HttpClient(), clock=bench.clock)
    info = await gateway.discover()
    await gateway.close()
    assert isinstance(info, GatewayInfo)
    # It is known by its first address all the same: that is what a session is kept for.
    assert (info.url, info.endpoints) == (urls[0], urls)
