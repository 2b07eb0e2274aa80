"""Sleeps told from naps, clock settings and stopped processes by comparing clocks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

import pytest

from sidelight_client.adapters.power import (
    POLL_S,
    REST_S,
    GapDetector,
    MergedSignals,
    Reading,
    slept_between,
    suspended_s,
)
from sidelight_client.adapters.power_boottime import boottime_pause
from sidelight_client.ports import GoingToSleep, NetworkChanged, PowerEvent, Slept
from sidelight_client.testing.fakes import FakeClock, settle
from sidelight_client.waiting import at_most

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("wall", "monotonic", "suspended", "slept"),
    [
        # Linux: the system says how long it was suspended.
        (5.0, 5.0, 0.0, None),
        (5.2, 5.2, 0.000001, None),
        (50_405.0, 5.0, 50_400.0, 50_400.0),
        (9.0, 5.0, 4.0, 4.0),
        (3605.0, 5.0, 0.0, None),  # The wall clock was set forward.
        (-3600.0, 5.0, 0.0, None),  # … and back.
        (-3600.0, 5.0, 50_400.0, 50_400.0),  # A sleep, and the clock was set back meanwhile.
        (65.0, 65.0, 0.0, 60.0),  # SIGSTOP, or a paused virtual machine.
        # macOS: monotonic stops, and nothing is told.
        (5.0, 5.0, None, None),
        (7.4, 7.4, None, None),
        (50_405.0, 5.0, None, 50_400.0),
        (-3600.0, 5.0, None, None),
        # Windows: monotonic counts the sleep.
        (50_405.0, 50_405.0, None, 50_400.0),
        (-3600.0, 50_405.0, None, 50_400.0),
    ],
)
def test_a_sleep_is_told_from_what_only_looks_like_one(
    wall: float, monotonic: float, suspended: float | None, slept: float | None
) -> None:
    before = Reading(1000.0, 10.0, None if suspended is None else 77.0)
    after = Reading(
        1000.0 + wall, 10.0 + monotonic, None if suspended is None else 77.0 + suspended
    )
    found = slept_between(before, after, 5.0)
    assert found == (None if slept is None else pytest.approx(slept))


def test_this_machine_answers_the_question() -> None:
    first = suspended_s()
    second = suspended_s()
    if not hasattr(time, "CLOCK_BOOTTIME"):
        assert first is second is None
        return
    assert first is not None
    assert second is not None
    assert abs(second - first) < 0.01


class Subject:
    """Something that is wanted or not, and tells of it."""

    def __init__(self, wanted: bool) -> None:
        self._wanted = wanted
        self.callbacks: list[Callable[[], None]] = []

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        self.callbacks.append(callback)
        return lambda: self.callbacks.remove(callback)

    def want(self, wanted: bool) -> None:
        self._wanted = wanted
        for callback in self.callbacks:
            callback()

    def __call__(self) -> bool:
        return self._wanted


async def collect(detector: GapDetector | MergedSignals, into: list[PowerEvent]) -> None:
    async with aclosing(detector.events()) as events:
        async for event in events:
            into.append(event)  # noqa: PERF401  a comprehension would keep them until the end


async def end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait((task,))


async def test_the_clocks_are_looked_at_only_while_there_is_a_session() -> None:
    clock, subject = FakeClock(), Subject(False)
    looks = 0

    def look() -> None:
        nonlocal looks
        looks += 1

    seen: list[PowerEvent] = []
    watching = asyncio.ensure_future(
        collect(GapDetector(clock, subject, subject.subscribe, suspended=look), seen)
    )
    await clock.advance(3600)
    assert looks == 0
    subject.want(True)
    await clock.advance(POLL_S * 3)
    assert looks > 3
    await clock.close_lid(50_400)
    await clock.advance(POLL_S)
    assert len(seen) == 1
    assert isinstance(seen[0], Slept)
    assert abs(seen[0].slept_s - 50_400) < POLL_S
    subject.want(False)
    await clock.advance(POLL_S)
    looks = 0
    await clock.advance(3600)
    assert looks == 0
    await end(watching)
    assert subject.callbacks == []


async def test_a_clock_that_was_set_is_no_sleep_where_the_system_counts_suspends() -> None:
    clock, subject = FakeClock(), Subject(True)
    seen: list[PowerEvent] = []
    watching = asyncio.ensure_future(
        collect(GapDetector(clock, subject, subject.subscribe, suspended=lambda: 3.0), seen)
    )
    await clock.advance(POLL_S)
    await clock.close_lid(3600)  # For a clock that counts no suspend, this is a setting.
    await clock.advance(POLL_S * 3)
    assert seen == []
    await end(watching)


class LookedAt:
    """A clock whose sleeps are counted."""

    def __init__(self, clock: FakeClock, pause: Callable[[float], Awaitable[None]]) -> None:
        self.now, self.monotonic, self.sleep = clock.now, clock.monotonic, pause


class SuspendTimer:
    """A pause whose timer goes on while the lid of `clock` is closed, as CLOCK_BOOTTIME does."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.pauses: list[float] = []
        self._due = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self._due.clear()
        await at_most(self._clock, seconds, self._due.wait())

    async def close_lid(self, seconds: float) -> None:
        await self._clock.close_lid(seconds)
        self._due.set()
        await settle()


async def test_a_timer_that_counts_the_suspend_tells_of_it_at_the_wake_and_rests_otherwise() -> (
    None
):
    clock, subject = FakeClock(), Subject(True)
    timer, suspended = SuspendTimer(clock), 0.0
    detector = GapDetector(
        clock, subject, subject.subscribe, suspended=lambda: suspended, pause=timer
    )
    seen: list[PowerEvent] = []
    watching = asyncio.ensure_future(collect(detector, seen))
    await clock.advance(3600)
    assert timer.pauses == [REST_S] * 61
    assert seen == []
    suspended = 50_400.0
    await timer.close_lid(50_400)
    assert seen == [Slept(50_400.0)], "no time has passed since the wake"
    await end(watching)


@pytest.mark.parametrize(("resting", "most"), [(True, 1), (False, 4)])
async def test_looking_at_the_clocks_wakes_the_processor_a_few_times_a_minute_at_most(
    resting: bool, most: int
) -> None:
    clock, subject, looks = FakeClock(), Subject(True), 0

    async def pause(seconds: float) -> None:
        nonlocal looks
        looks += 1
        await clock.sleep(seconds)

    clock_of_its_own = clock if resting else LookedAt(clock, pause)
    detector = GapDetector(
        clock_of_its_own,
        subject,
        subject.subscribe,
        suspended=lambda: None,
        pause=pause if resting else None,
    )
    watching = asyncio.ensure_future(collect(detector, []))
    await clock.advance(600)
    assert looks <= most * 10 + 1
    await end(watching)


async def test_this_systems_own_timer_is_due_when_it_should_be() -> None:
    pause = boottime_pause()
    if not hasattr(time, "CLOCK_BOOTTIME"):
        assert pause is None
        return
    assert pause is not None
    began = time.monotonic()
    await pause(0.05)
    assert time.monotonic() - began >= 0.05
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await pause(60.0)


class Source:
    """A source whose events a test gives it; it notes when it was asked for the next one."""

    def __init__(self, *events: PowerEvent) -> None:
        self._events = events
        self.let_go: list[PowerEvent] = []
        self.closed = False

    async def events(self) -> AsyncGenerator[PowerEvent]:
        try:
            for event in self._events:
                yield event
                self.let_go.append(event)
            await asyncio.Event().wait()
        finally:
            self.closed = True


async def test_a_merged_source_lets_the_machine_sleep_only_when_its_listener_is_ready() -> None:
    going, network = Source(GoingToSleep(), Slept(60.0)), Source(NetworkChanged())
    seen: list[PowerEvent] = []
    ready = asyncio.Event()

    async def listen() -> None:
        async with aclosing(MergedSignals([going, network]).events()) as events:
            async for event in events:
                seen.append(event)
                if isinstance(event, GoingToSleep):
                    await ready.wait()

    listening = asyncio.ensure_future(listen())
    await settle()
    assert GoingToSleep() in seen
    assert going.let_go == []
    ready.set()
    await settle()
    assert {type(event) for event in seen} == {GoingToSleep, Slept, NetworkChanged}
    assert going.let_go == [GoingToSleep(), Slept(60.0)]
    await end(listening)
    assert going.closed
    assert network.closed


async def test_a_source_that_ends_leaves_the_others_running() -> None:
    class Ended:
        async def events(self) -> AsyncGenerator[PowerEvent]:
            return
            yield

    seen: list[PowerEvent] = []
    watching = asyncio.ensure_future(
        collect(MergedSignals([Ended(), Source(NetworkChanged())]), seen)
    )
    await settle()
    assert seen == [NetworkChanged()]
    await end(watching)
