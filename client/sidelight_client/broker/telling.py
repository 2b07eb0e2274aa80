"""Tells subscribers what changed: once in a turn of the loop, and when time alone changes something."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from ..domain.snapshot import Snapshot
from ..ports import Clock

log = logging.getLogger("sidelight.broker")

ALARM_OFF_BY_S = 0.25
LASTS_S = 0.05
"""What is over sooner is not told on its own: an icon would only flicker."""


class Telling:
    """The subscribers of one broker."""

    def __init__(
        self,
        clock: Clock,
        snapshot: Callable[[], Snapshot],
        next_change_at: Callable[[float], float | None],
    ) -> None:
        """`next_change_at(now)` is when the snapshot will differ although nothing happens."""
        self._clock = clock
        self._snapshot = snapshot
        self._next_change_at = next_change_at
        self._subscribers: dict[object, Callable[[Snapshot], None]] = {}
        self._soon = False
        self._later: asyncio.TimerHandle | None = None
        self._stopped = False
        self._alarm: asyncio.Task[None] | None = None
        self._rings_at = 0.0
        """When the alarm will ring, in the clock's monotonic seconds."""

    def subscribe(self, changed: Callable[[Snapshot], None]) -> Callable[[], None]:
        key = object()
        self._subscribers[key] = changed

        def unsubscribe() -> None:
            self._subscribers.pop(key, None)

        return unsubscribe

    def changed(self) -> None:
        """Tell everybody at the end of this turn of the loop, however often this is called in it."""
        if not self._soon and not self._stopped:
            self._soon = True
            asyncio.get_running_loop().call_soon(self._tell)

    def begun(self) -> None:
        """Tell everybody of something that has begun, unless it is over in a moment."""
        if not self._soon and self._later is None and not self._stopped:
            self._later = asyncio.get_running_loop().call_later(LASTS_S, self._tell)

    def stop(self) -> None:
        """Tell nobody anything more."""
        self._stopped = True
        self._not_later()
        self._set_alarm(None)

    def _not_later(self) -> None:
        if self._later is not None:
            self._later.cancel()
            self._later = None

    def _tell(self) -> None:
        self._soon = False
        self._not_later()
        if self._stopped:
            return
        if self._subscribers:
            snapshot = self._snapshot()
            for changed in tuple(self._subscribers.values()):
                try:
                    changed(snapshot)
                except Exception:
                    # One listener's failure must not keep the others from hearing.
                    log.exception("a listener of the broker failed")
        now = self._clock.now()
        due = self._next_change_at(now) if self._subscribers else None
        self._set_alarm(None if due is None else due - now)

    def _set_alarm(self, seconds: float | None) -> None:
        """No timer runs while nothing is to be waited for, or nobody listens."""
        rings_at = None if seconds is None else self._clock.monotonic() + seconds
        if self._alarm is not None:
            # After a sleep of the machine the same moment is sooner than its timer thinks.
            if rings_at is not None and abs(rings_at - self._rings_at) < ALARM_OFF_BY_S:
                return
            self._alarm.cancel()
            self._alarm = None
        if seconds is not None and rings_at is not None:
            self._rings_at = rings_at
            self._alarm = asyncio.get_running_loop().create_task(self._ring(seconds))

    async def _ring(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._alarm = None
        self.changed()
