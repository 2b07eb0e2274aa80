"""Tells subscribers what changed: once in a turn of the loop, and when time alone changes something."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from ..domain.snapshot import Snapshot
from ..ports import Clock

log = logging.getLogger("sidelight.broker")


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
        self._stopped = False
        self._alarm: asyncio.Task[None] | None = None

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

    def stop(self) -> None:
        """Tell nobody anything more."""
        self._stopped = True
        self._set_alarm(None)

    def _tell(self) -> None:
        self._soon = False
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
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if seconds is not None:
            self._alarm = asyncio.get_running_loop().create_task(self._ring(seconds))

    async def _ring(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._alarm = None
        self.changed()
