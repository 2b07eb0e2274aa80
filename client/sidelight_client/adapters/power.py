"""Sleep and wake noticed by comparing clocks, on every platform; other sources are merged beside it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from ..ports import Clock, PowerEvent, PowerSignals, Slept
from .power_boottime import Pause

REST_S = 60.0
"""Between two looks where the timer itself counts a suspend: it is then due at the wake."""
POLL_S = 15.0
"""Between two looks elsewhere. Windows and macOS announce sleeps; this is for those they do not."""
OVERRUN = 1.5
"""A tick that took this much longer than asked was a sleep: tailscale's measure, too."""
SUSPENDED_MIN_S = 1.0
"""The difference of Linux' clocks is exact to microseconds; a second of it was a suspend."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The clocks at one moment, in seconds.

    Attributes:
        wall: may be set by anybody.
        monotonic: stops in a sleep on Linux and macOS, counts it on Windows.
        suspended: time suspended since boot, where the system counts it (Linux), else None.
    """

    wall: float
    monotonic: float
    suspended: float | None


def suspended_s() -> float | None:
    """How long the machine has been suspended since boot; None where that is not told.

    CLOCK_BOOTTIME counts sleep and CLOCK_MONOTONIC does not (clock_gettime(2)); no setting of
    the wall clock moves either.
    """
    boottime = getattr(time, "CLOCK_BOOTTIME", None)
    if boottime is None:
        return None
    return time.clock_gettime(boottime) - time.clock_gettime(time.CLOCK_MONOTONIC)


def slept_between(before: Reading, after: Reading, tick_s: float) -> float | None:
    """How long the machine slept between two readings meant to be `tick_s` apart, or None.

    A wall clock that was set back is no sleep. One that was set forward looks like one where the
    system does not count suspends; believing it costs a renewal that was not yet due.
    """
    monotonic = after.monotonic - before.monotonic
    if before.suspended is not None and after.suspended is not None:
        suspended = after.suspended - before.suspended
        if suspended >= SUSPENDED_MIN_S:
            return suspended
        elapsed = monotonic
    else:
        elapsed = max(after.wall - before.wall, monotonic)
    # An overrun without a suspend: Windows' sleep, a stopped process, a paused virtual machine.
    return elapsed - tick_s if elapsed > tick_s * OVERRUN else None


class GapDetector:
    """A `ports.PowerSignals` that looks at the clocks now and then while it is worth it.

    A request needs no look: the session compares the wall clock with its token's end by itself.
    """

    def __init__(
        self,
        clock: Clock,
        wanted: Callable[[], bool],
        subscribe: Callable[[Callable[[], None]], Callable[[], None]],
        *,
        suspended: Callable[[], float | None] = suspended_s,
        pause: Pause | None = None,
    ) -> None:
        """Tick while `wanted()`, such as while there is a session to keep.

        Args:
            clock: what is compared, and waited on where there is no `pause`.
            wanted: whether it is worth it.
            subscribe: told a callback to call whenever `wanted` may have changed, it returns what
                ends that; `SessionKeeper.subscribe` is one.
            suspended: see `suspended_s`.
            pause: waits on a timer that goes on in a suspend, where there is one.
        """
        self._clock = clock
        self._pause = pause or clock.sleep
        self._tick_s = POLL_S if pause is None else REST_S
        self._wanted = wanted
        self._subscribe = subscribe
        self._suspended = suspended

    async def events(self) -> AsyncGenerator[PowerEvent]:
        changed = asyncio.Event()
        unsubscribe = self._subscribe(changed.set)
        try:
            while True:
                while not self._wanted():
                    changed.clear()
                    await changed.wait()
                before = self._reading()
                await self._pause(self._tick_s)
                slept = slept_between(before, self._reading(), self._tick_s)
                if slept is not None:
                    yield Slept(slept)
        finally:
            unsubscribe()

    def _reading(self) -> Reading:
        return Reading(self._clock.now(), self._clock.monotonic(), self._suspended())


class MergedSignals:
    """Several sources as one. Each goes on when its event has been dealt with.

    A source that delays a sleep (logind's inhibitor, IOKit's acknowledgement) lets go when it is
    asked for its next event; merging must not ask earlier than the listener does.
    """

    def __init__(self, sources: Sequence[PowerSignals]) -> None:
        self._sources = tuple(sources)

    async def events(self) -> AsyncGenerator[PowerEvent]:
        queue: asyncio.Queue[tuple[PowerEvent, asyncio.Event]] = asyncio.Queue(maxsize=1)
        feeds = [asyncio.ensure_future(_feed(source, queue)) for source in self._sources]
        try:
            while True:
                event, dealt_with = await queue.get()
                yield event
                dealt_with.set()
        finally:
            for feed in feeds:
                feed.cancel()
            if feeds:
                await asyncio.wait(feeds)


async def _feed(
    source: PowerSignals, queue: asyncio.Queue[tuple[PowerEvent, asyncio.Event]]
) -> None:
    async with aclosing(_closable(source.events())) as events:
        async for event in events:
            dealt_with = asyncio.Event()
            await queue.put((event, dealt_with))
            await dealt_with.wait()


async def _closable(events: AsyncIterator[PowerEvent]) -> AsyncGenerator[PowerEvent]:
    """`events` as a generator that can be closed, whatever kind of iterator a source has."""
    try:
        async for event in events:
            yield event
    finally:
        if isinstance(events, AsyncGenerator):
            await events.aclose()
