"""When everybody is told: at the end of a turn, of what lasts, and when time alone changes something."""

from __future__ import annotations

import asyncio

import pytest

from sidelight_client.broker import telling
from sidelight_client.broker.telling import Telling
from sidelight_client.domain.identity.session import Phase
from sidelight_client.domain.snapshot import GatewayView, SessionView, Snapshot
from sidelight_client.testing.fakes import FakeClock

pytestmark = pytest.mark.anyio


class Heard:
    """One subscriber of a telling whose snapshots differ at `due`."""

    def __init__(self, due: float | None = None) -> None:
        self.clock = FakeClock()
        self.due = due
        self.snapshots: list[Snapshot] = []
        self.once = asyncio.Event()
        shown = Snapshot(1, 0.0, "0.1.0", SessionView(Phase.FRESH), GatewayView("G"))
        self.telling = Telling(self.clock, lambda: shown, lambda _now: self.due)
        self.telling.subscribe(self._hear)

    def _hear(self, snapshot: Snapshot) -> None:
        self.snapshots.append(snapshot)
        self.once.set()


async def test_what_is_over_in_a_moment_is_told_once_at_its_end() -> None:
    heard = Heard()
    heard.telling.begun()
    await asyncio.sleep(0)
    assert heard.snapshots == []
    heard.telling.changed()
    await asyncio.sleep(2 * telling.LASTS_S)
    assert len(heard.snapshots) == 1


async def test_what_lasts_is_told_while_it_does() -> None:
    heard = Heard()
    heard.telling.begun()
    heard.telling.begun()
    async with asyncio.timeout(5):
        await heard.once.wait()
    await asyncio.sleep(2 * telling.LASTS_S)
    assert len(heard.snapshots) == 1


async def test_nobody_hears_of_what_had_begun_when_the_broker_stopped() -> None:
    heard = Heard()
    heard.telling.begun()
    heard.telling.stop()
    heard.telling.begun()
    await asyncio.sleep(2 * telling.LASTS_S)
    assert heard.snapshots == []


async def test_a_moment_that_a_sleep_brought_nearer_is_told_in_time() -> None:
    heard = Heard()
    heard.due = heard.clock.now() + 3600
    heard.telling.changed()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    heard.due = heard.clock.now() + 60
    heard.telling.changed()
    await asyncio.sleep(0)
    told = len(heard.snapshots)
    heard.due = None
    await heard.clock.advance(61)
    assert len(heard.snapshots) == told + 1
    heard.telling.stop()
