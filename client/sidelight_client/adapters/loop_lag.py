"""Who holds the event loop: measures every turn of it, and names the code that made one long.

All editor windows share one loop, so a turn that takes 10 ms is 10 ms for everybody. Measuring is two
readings of the clock a turn. A thread looks at the loop's stack while it is busy and sleeps without a
timer while the loop is idle, so an idle broker is never woken.
"""

from __future__ import annotations

import asyncio
import logging
import selectors
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from queue import SimpleQueue
from types import FrameType

log = logging.getLogger("sidelight.loop")

THRESHOLD_S = 0.010
"""A turn longer than this is a hold: the promise of every handler in the broker."""

_SAMPLE_S = 0.005
_QUIET_SAMPLES = 1
"""How many looks at an idle loop send the watching thread to sleep; each is a wake-up of its own."""
_REMEMBERED = 32
_FRAMES = 8
_MACHINERY = frozenset({"asyncio", "selectors", "runpy", "contextvars"})


@dataclass(frozen=True, slots=True)
class Hold:
    """One turn of the loop that took too long.

    Attributes:
        at: when it ended, in seconds since the epoch.
        took_s: how long nothing else could run.
        cpu_s: how much of it was this thread's own computing; the rest is a blocking call, or
            another process that had the processor.
        stack: `file:line function`, innermost first; empty when it was over before anyone looked.
    """

    at: float
    took_s: float
    cpu_s: float
    stack: tuple[str, ...] = ()


class LoopLag:
    """Watches one event loop, made by `new_loop`.

    Use `asyncio.Runner(loop_factory=lag.new_loop)`, and `close` when the loop is closed.
    """

    def __init__(self, threshold_s: float = THRESHOLD_S) -> None:
        self._threshold_s = threshold_s
        self._holds: deque[Hold] = deque(maxlen=_REMEMBERED)
        self._began = 0.0
        """When the turn that runs began (perf_counter); 0 while the loop waits."""
        self._began_cpu = 0.0
        self._turn = 0
        self._sample: tuple[int, tuple[str, ...]] = (-1, ())
        self._loop_thread = 0
        self._dormant = True
        self._closed = False
        # Not an event: to set one and to wait for it takes several switches between the threads.
        self._wake: SimpleQueue[None] = SimpleQueue()
        self._watcher: threading.Thread | None = None

    @property
    def holds(self) -> tuple[Hold, ...]:
        """The last holds, oldest first."""
        return tuple(self._holds)

    def over(self, limit_s: float) -> tuple[Hold, ...]:
        """The remembered holds longer than `limit_s`."""
        return tuple(hold for hold in self._holds if hold.took_s > limit_s)

    def new_loop(self) -> asyncio.AbstractEventLoop:
        """A selector loop whose turns are measured.

        Also on Windows, where asyncio's default loop cannot wait for raw sockets.
        """
        return asyncio.SelectorEventLoop(_TimedSelector(self))

    def close(self) -> None:
        """End the watching thread."""
        self._closed = True
        self._wake.put(None)
        if self._watcher is not None:
            self._watcher.join()
            self._watcher = None

    # --- called by the selector, twice a turn ---

    def rests(self) -> None:
        """The turn is over; the loop will wait."""
        began = self._began
        if began:
            self._began = 0.0
            took_s = time.perf_counter() - began
            if took_s > self._threshold_s:
                self._remember(took_s, time.thread_time() - self._began_cpu)

    def works(self) -> None:
        """The loop has something to do."""
        self._turn += 1
        self._began_cpu = time.thread_time()
        self._began = time.perf_counter()
        if self._dormant:
            self._wake_watcher()

    def _wake_watcher(self) -> None:
        self._dormant = False
        if self._watcher is None and not self._closed:
            self._loop_thread = threading.get_ident()
            self._watcher = threading.Thread(
                target=self._watch, name="sidelight-loop-lag", daemon=True
            )
            self._watcher.start()
        self._wake.put(None)

    def _remember(self, took_s: float, cpu_s: float) -> None:
        turn, stack = self._sample
        seen = stack if turn == self._turn else ()
        self._holds.append(Hold(time.time(), took_s, cpu_s, seen))
        log.info(
            "the loop was held for %.0f ms, computing %.0f ms, by %s",
            took_s * 1000,
            cpu_s * 1000,
            " < ".join(seen) or "code that ended before it was seen",
        )

    # --- the watching thread ---

    def _watch(self) -> None:
        while not self._closed:
            self._wake.get()
            while not self._wake.empty():
                self._wake.get()  # Woken several times, it looks once.
            self._watch_until_quiet()
            self._dormant = True
            if self._began:  # A turn began while we made up our mind.
                self._wake.put(None)

    def _watch_until_quiet(self) -> None:
        quiet = 0
        while quiet < _QUIET_SAMPLES and not self._closed:
            time.sleep(_SAMPLE_S)
            began, turn = self._began, self._turn
            if not began:
                quiet += 1
                continue
            quiet = 0
            late = time.perf_counter() - began > self._threshold_s
            if late and self._sample[0] != turn:
                frames: Mapping[int, FrameType] = sys._current_frames()  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] – documented for exactly this
                self._sample = (turn, _told(frames.get(self._loop_thread)))


class _TimedSelector(selectors.DefaultSelector):
    """The system's selector, telling when it begins and ends to wait."""

    def __init__(self, lag: LoopLag) -> None:
        super().__init__()
        self._lag = lag

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self._lag.rests()
        try:
            return super().select(timeout)
        finally:
            self._lag.works()


def _told(frame: FrameType | None) -> tuple[str, ...]:
    """The stack in words, without asyncio's own frames; names and lines only, never values."""
    told: list[str] = []
    while frame is not None and len(told) < _FRAMES:
        module = str(frame.f_globals.get("__name__", ""))
        if module.partition(".")[0] not in _MACHINERY and module != __name__:
            file = "/".join(PurePath(frame.f_code.co_filename).parts[-2:])
            told.append(f"{file}:{frame.f_lineno} {frame.f_code.co_name}")
        frame = frame.f_back
    return tuple(told)
