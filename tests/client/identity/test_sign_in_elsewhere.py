"""A session that is over in one process, and a person who signs in, or out, in another."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from sidelight_client.adapters.clock import SystemClock
from sidelight_client.adapters.file_vault import FileVault
from sidelight_client.domain.identity.session import Phase, Session, reduce
from sidelight_client.domain.identity.session_events import RenewalFailure, SignedIn
from sidelight_client.keeper import SessionKeeper
from sidelight_client.keeper.session_vault import ELSEWHERE_S
from sidelight_client.ports import Record, RenewalRefused, Vault
from sidelight_client.testing.fakes import FakeClock, FakeIdp, FakeVault, grant, settle

pytestmark = pytest.mark.anyio

HOUR = 3600.0
REJECTED = RenewalRefused(RenewalFailure.REJECTED, "invalid_grant")
KEYSTROKE_S = 0.15


class CountingClock(FakeClock):
    """Counts how often anybody asked to be woken."""

    timers = 0

    async def sleep(self, seconds: float) -> None:
        self.timers += 1
        await super().sleep(seconds)


@dataclass
class World:
    """Two processes on one vault."""

    clock: CountingClock = field(default_factory=CountingClock)
    vault: FakeVault = field(default_factory=FakeVault)
    idp: FakeIdp = field(default_factory=FakeIdp)
    keepers: list[SessionKeeper] = field(default_factory=list[SessionKeeper])

    async def keeper(self) -> SessionKeeper:
        keeper = SessionKeeper(
            clock=self.clock, provider=self.idp, vault=self.vault, spread=lambda: 0.0
        )
        self.keepers.append(keeper)
        await keeper.start()
        await settle()
        return keeper

    async def sign_in(self, keeper: SessionKeeper) -> None:
        self.idp.signs_in = grant(self.clock.now())
        assert await keeper.sign_in(lambda _: None) is None

    async def both_over(self) -> tuple[SessionKeeper, SessionKeeper]:
        """Both know that the provider ended the session, and the access token has ended, too."""
        first, second = await self.keeper(), await self.keeper()
        await self.sign_in(first)
        self.idp.renewals = [REJECTED]
        await self.clock.advance(9 * HOUR)
        assert [k.view().phase for k in (first, second)] == [Phase.NEEDS_PERSON] * 2
        return first, second


@pytest.fixture
async def world() -> AsyncGenerator[World]:
    world = World()
    yield world
    for keeper in world.keepers:
        await keeper.stop()


async def test_a_session_that_is_over_goes_on_when_another_process_signed_in(world: World) -> None:
    first, second = await world.both_over()
    await world.sign_in(first)
    await settle()
    assert second.view().phase is Phase.FRESH
    assert second.conditions() == ()
    assert world.idp.renewed == 1


async def test_a_process_that_was_signed_out_goes_on_when_another_signed_in(world: World) -> None:
    first, second = await world.keeper(), await world.keeper()
    assert second.view().phase is Phase.SIGNED_OUT
    await world.sign_in(first)
    await settle()
    assert second.peek() == first.peek() is not None


async def test_where_no_change_is_told_the_next_request_finds_the_sign_in(world: World) -> None:
    first, second = await world.both_over()
    world.vault.watched.clear()
    await world.sign_in(first)
    assert second.peek() is None
    assert await second.usable(KEYSTROKE_S) == first.peek() is not None


async def test_requests_of_a_session_that_is_over_look_once_a_second_and_do_not_wait(
    world: World,
) -> None:
    _, second = await world.both_over()
    loads = world.vault.loads
    for _ in range(10):
        began = world.clock.monotonic()
        assert await second.usable(KEYSTROKE_S) is None
        assert world.clock.monotonic() == began
    assert world.vault.loads == loads + 1
    await world.clock.advance(ELSEWHERE_S)
    assert await second.usable(KEYSTROKE_S) is None
    assert world.vault.loads == loads + 2


async def test_a_session_that_is_over_costs_no_wake_up(world: World) -> None:
    await world.both_over()
    await world.clock.advance(HOUR)
    timers, loads = world.clock.timers, world.vault.loads
    await world.clock.advance(100 * HOUR)
    assert (world.clock.timers, world.vault.loads) == (timers, loads)


async def test_a_look_does_not_undo_a_sign_out_that_waits_for_the_lock(world: World) -> None:
    keeper = await world.keeper()
    await world.sign_in(keeper)
    held = keeper.peek()
    assert held is not None
    async with world.vault.exclusive(1.0):
        # Another process renews while the sign-out waits: its record is about to be emptied.
        newer = replace(held, generation=held.generation + 1)
        leaving = asyncio.ensure_future(keeper.sign_out())
        await settle()
        world.vault.held = Record(newer.generation, world.clock.now(), newer)
        world.vault.tell()
        assert await keeper.usable(KEYSTROKE_S) is None
    await leaving
    assert keeper.view().phase is Phase.SIGNED_OUT
    world.vault.tell()
    await settle()
    assert keeper.view().phase is Phase.SIGNED_OUT


async def test_what_was_signed_out_of_stays_so_until_there_is_a_newer_sign_in(world: World) -> None:
    keeper = await world.keeper()
    await world.sign_in(keeper)
    old = world.vault.held
    await keeper.sign_out()
    world.vault.held = old  # A backup was put back.
    world.vault.tell()
    await settle()
    assert keeper.view().phase is Phase.SIGNED_OUT


async def test_a_start_with_a_grant_the_provider_rejected_says_so_at_once(world: World) -> None:
    held = grant(world.clock.now(), generation=4)
    world.vault.held = Record(4, world.clock.now(), held, rejected="invalid_grant")
    keeper = await world.keeper()
    assert keeper.view().phase is Phase.NEEDS_PERSON
    assert [c.code for c in keeper.conditions()] == ["session.needs_person"]
    assert keeper.peek() == held, "what still lives is served to its end"
    await world.clock.advance(100 * HOUR)
    assert world.idp.renewed == 0


def test_a_rejected_grant_of_the_vault_is_not_renewed() -> None:
    session, _ = reduce(Session(), SignedIn(grant(), "AADSTS50105"))
    assert session.phase(0.0) is Phase.NEEDS_PERSON
    assert session.wakes_at(0.0) is None


async def test_the_change_of_the_real_file_is_noticed_within_a_second(tmp_path: Path) -> None:
    clock, idp = SystemClock(), FakeIdp()

    def keeper(vault: Vault) -> SessionKeeper:
        return SessionKeeper(clock=clock, provider=idp, vault=vault)

    first, second = keeper(FileVault(tmp_path / "new")), keeper(FileVault(tmp_path / "new"))
    await first.start()
    await second.start()
    try:
        idp.signs_in = grant(clock.now())
        assert await first.sign_in(lambda _: None) is None
        began, noticed = time.monotonic(), asyncio.Event()
        second.subscribe(lambda: noticed.set() if second.peek() is not None else None)
        async with asyncio.timeout(10):
            await noticed.wait()
        took_s = time.monotonic() - began
    finally:
        await first.stop()
        await second.stop()
    print(f"a sign-in in another process noticed after {took_s:.2f} s (hold 1)")
    assert took_s <= 1.0
