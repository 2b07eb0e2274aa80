"""What the broker finds out by itself, and what it leaves alone while nobody is there."""

from __future__ import annotations

import asyncio

import pytest

from sidelight_client.adapters.place_facts import WorkspacePlaces
from sidelight_client.broker import Broker
from sidelight_client.domain.completion import CompletionRequest
from sidelight_client.domain.failure import Failure, FailureKind
from sidelight_client.domain.place import Document, Position
from sidelight_client.domain.policy.organisation import Policy
from sidelight_client.domain.snapshot import State
from sidelight_client.domain.spending.budget import Reading, Scope, Unit
from sidelight_client.domain.window import take
from sidelight_client.ports import NetworkChanged, Slept
from sidelight_client.settings import Layer, resolve
from sidelight_client.testing.fakes import FakeClock, FakeGateway, settle

pytestmark = pytest.mark.anyio

GOOD = FakeGateway().info


class CountingGateway(FakeGateway):
    discoveries = 0
    policies = 0

    async def discover(self) -> object:  # type: ignore[override]  # what the fake returns, counted
        self.discoveries += 1
        return self.info

    async def policy(self, grant: object) -> Policy | None:
        self.policies += 1
        return self.rules


def broker_with(gateway: FakeGateway, clock: FakeClock) -> Broker:
    return Broker(
        clock=clock,
        settings=resolve([(Layer.FILE, {"gateway": "https://gateway.example"})]),
        gateway=gateway,
        keeper=None,
        repositories=WorkspacePlaces(),
        version="0.1.0",
    )


def question() -> CompletionRequest:
    window = take(["x\n"], Position(0, 1), "file:///a.py")
    return CompletionRequest("a" * 32, Document("file:///a.py", "python"), window)


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (FailureKind.OFFLINE, State.OFFLINE),
        (FailureKind.UPSTREAM_DOWN, State.DEGRADED),
        (FailureKind.UNKNOWN, State.DEGRADED),
    ],
)
async def test_a_gateway_nothing_is_known_of_is_not_shown_as_ready(
    kind: FailureKind, state: State
) -> None:
    clock, gateway = FakeClock(), CountingGateway(info=Failure(kind))
    broker = broker_with(gateway, clock)
    await broker.start()
    await clock.advance(3)
    assert broker.snapshot().state(clock.now()) is state
    await broker.stop()


async def test_while_an_editor_is_there_discovery_goes_on_until_it_succeeds() -> None:
    clock, gateway = FakeClock(), CountingGateway(info=Failure(FailureKind.OFFLINE))
    broker = broker_with(gateway, clock)
    gone = broker.editor_connected("Neovim")
    await broker.start()
    await clock.advance(3_600)
    tries = gateway.discoveries
    assert 5 < tries < 30
    gateway.info = GOOD
    await clock.advance(300)
    assert broker.snapshot().gateway.name == "Fake"
    assert broker.snapshot().conditions == ()
    await clock.advance(3_600)
    assert gateway.discoveries == tries + 1
    gone()
    await broker.stop()


async def test_while_nobody_is_there_nothing_is_asked() -> None:
    clock, gateway = FakeClock(), CountingGateway(info=Failure(FailureKind.OFFLINE))
    broker = broker_with(gateway, clock)
    await broker.start()
    await clock.advance(36_000)
    assert gateway.discoveries == 1
    gone = broker.editor_connected("Neovim")
    await settle()
    assert gateway.discoveries == 2
    gone()
    await broker.stop()


@pytest.mark.parametrize("event", [NetworkChanged(), Slept(3600.0)])
async def test_a_network_that_is_back_is_tried_at_once(event: NetworkChanged | Slept) -> None:
    clock, gateway = FakeClock(), CountingGateway(info=Failure(FailureKind.OFFLINE))
    broker = broker_with(gateway, clock)
    await broker.start()
    await settle()
    gateway.info = GOOD
    await broker.power(event)
    await settle()
    assert broker.snapshot().gateway.name == "Fake"
    assert broker.snapshot().state(clock.now()) is State.READY
    await broker.stop()


async def test_policy_and_usage_are_asked_for_again_by_a_request_and_not_by_a_timer() -> None:
    clock, gateway = FakeClock(), CountingGateway()
    gateway.readings = (Reading(Scope.TEAM, Unit.REQUESTS, 800, 12, 3600, None),)
    broker = broker_with(gateway, clock)
    await broker.start()
    await settle()
    assert gateway.policies == 1
    assert broker.snapshot().budget.purses[0].used == 12
    await clock.advance(36_000)
    assert gateway.policies == 1
    for _ in range(3):
        await broker.complete(question())
        await settle()
    assert gateway.policies == 2
    await broker.stop()


async def test_stopping_ends_a_discovery_that_hangs() -> None:
    clock, gateway = FakeClock(), FakeGateway()
    forever = asyncio.Event()

    async def hang() -> Failure:
        await forever.wait()
        return Failure(FailureKind.OFFLINE)

    gateway.discover = hang  # type: ignore[method-assign]  # a gateway that does not answer
    broker = broker_with(gateway, clock)
    await broker.start()
    await settle()
    async with asyncio.timeout(5):
        await broker.stop()
