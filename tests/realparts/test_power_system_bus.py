"""Sleep, wake and network hints from real signals of a mocked logind and NetworkManager."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from sidelight_client.adapters.power_system_bus import SystemBusSignals
from sidelight_client.ports import GoingToSleep, NetworkChanged, PowerEvent, Slept
from sidelight_client.testing.fakes import FakeClock

from .system_bus import SystemBus, missing, system_bus

pytestmark = [pytest.mark.anyio, pytest.mark.realparts]


@pytest.fixture
def bus(tmp_path: Path, real_part: Callable[[str, bool, str], None]) -> Iterator[SystemBus]:
    why = missing()
    real_part("mocked logind and NetworkManager", not why, why)
    with system_bus(tmp_path) as started:
        yield started


async def _next(events: AsyncIterator[PowerEvent]) -> PowerEvent:
    async with asyncio.timeout(10):
        return await anext(events)


async def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not await asyncio.to_thread(true):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def test_a_sleep_is_delayed_until_we_are_done_and_again_after_the_wake(
    bus: SystemBus,
) -> None:
    clock = FakeClock()
    events = SystemBusSignals(clock, bus.address).events()
    first = asyncio.ensure_future(_next(events))
    await _until(lambda: len(bus.inhibitors()) == 1)

    await asyncio.to_thread(bus.prepare_for_sleep, True)
    assert await first == GoingToSleep()
    assert len(await asyncio.to_thread(bus.inhibitors)) == 1, "held while we finish our work"

    woken = asyncio.ensure_future(_next(events))
    await _until(lambda: not bus.inhibitors())
    await clock.close_lid(9 * 3600)
    await asyncio.to_thread(bus.prepare_for_sleep, False)
    assert await woken == Slept(9 * 3600)

    later = asyncio.ensure_future(_next(events))
    await _until(lambda: len(bus.inhibitors()) == 1)
    await asyncio.to_thread(bus.network, 20)
    await asyncio.to_thread(bus.network, 70)
    assert await later == NetworkChanged()
    await events.aclose()
    await _until(lambda: not bus.inhibitors())


async def test_many_announcements_are_all_heard_and_quickly(bus: SystemBus) -> None:
    events = SystemBusSignals(FakeClock(), bus.address).events()
    first = asyncio.ensure_future(_next(events))
    await _until(lambda: len(bus.inhibitors()) == 1)
    for number in range(100):
        await asyncio.to_thread(bus.prepare_for_sleep, number % 2 == 0)
        event = await (first if number == 0 else _next(events))
        assert isinstance(event, GoingToSleep if number % 2 == 0 else Slept)
    await events.aclose()


async def test_without_a_system_bus_there_is_simply_nothing_to_hear(tmp_path: Path) -> None:
    events = SystemBusSignals(FakeClock(), f"unix:path={tmp_path / 'none'}").events()
    assert [event async for event in events] == []


async def test_a_bus_that_dies_ends_the_events_and_nothing_else(bus: SystemBus) -> None:
    events = SystemBusSignals(FakeClock(), bus.address).events()
    first = asyncio.ensure_future(anext(events, None))
    await _until(lambda: len(bus.inhibitors()) == 1)
    bus.processes[0].kill()
    async with asyncio.timeout(10):
        assert await first is None
