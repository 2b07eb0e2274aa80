"""Sleep and wake on macOS, from IOKit's root power domain by ctypes: no window, no extra library.

`IORegisterForSystemPower` delivers messages to a CFRunLoop, which gets a thread of its own. The
system waits up to 30 s for `IOAllowPowerChange` before it sleeps (Apple Technical Q&A QA1340).
Not run by machine: no macOS runner exists for this project yet. The table is tested.
"""

from __future__ import annotations

import asyncio
import ctypes
import logging
import platform
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

from ..ports import Clock, GoingToSleep, PowerEvent, Slept

log = logging.getLogger("sidelight.power")

# IOKit/IOMessage.h: iokit_common_msg(x) is 0xE0000000 | x.
CAN_SYSTEM_SLEEP = 0xE0000270
"""An idle machine asks whether it may; unanswered it waits for 30 s."""
SYSTEM_WILL_SLEEP = 0xE0000280
SYSTEM_WILL_NOT_SLEEP = 0xE0000290
SYSTEM_WILL_POWER_ON = 0xE0000320
"""Woke, and the devices are not there yet: no network."""
SYSTEM_HAS_POWERED_ON = 0xE0000300

_HOLD_S = 20.0
"""Below the system's 30 s, should the listener never ask for its next event."""
_START_S = 5.0


class MacPowerSignals:
    """A `ports.PowerSignals`; `events` ends at once on other systems.

    Dark wakes (Power Nap) bring no message at all: they are noticed by comparing clocks, and a
    renewal that fails in one costs nothing.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._slept_at: float | None = None

    async def events(self) -> AsyncIterator[PowerEvent]:
        if platform.system() != "Darwin":
            return
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[PowerEvent] = asyncio.Queue()
        finished = threading.Event()

        def called(kind: int) -> None:
            """Runs on the run loop's thread; the machine sleeps only when this returns."""
            event = self.event(kind)
            if event is not None:
                finished.clear()
                loop.call_soon_threadsafe(queue.put_nowait, event)
                if isinstance(event, GoingToSleep):
                    finished.wait(_HOLD_S)

        listener = await asyncio.to_thread(_listen, called)
        if listener is None:
            return
        try:
            while True:
                event = await queue.get()
                yield event
                # What was dealt with before a sleep must not let that sleep begin.
                if isinstance(event, GoingToSleep):
                    finished.set()
        finally:
            finished.set()
            listener.stop()

    def event(self, kind: int) -> PowerEvent | None:
        """What a message of `kind` means; a second wake after one sleep means nothing.

        A sleep that was called off is one that lasted no time, so that renewals go on at once.
        """
        now = self._clock.now()
        if kind == SYSTEM_WILL_SLEEP:
            self._slept_at = now
            return GoingToSleep()
        woke = kind in (SYSTEM_HAS_POWERED_ON, SYSTEM_WILL_NOT_SLEEP)
        if woke and self._slept_at is not None:
            slept_s, self._slept_at = max(now - self._slept_at, 0.0), None
            return Slept(slept_s)
        return None


def must_be_allowed(kind: int) -> bool:
    """Whether the system waits for `IOAllowPowerChange` after a message of `kind`."""
    return kind in (CAN_SYSTEM_SLEEP, SYSTEM_WILL_SLEEP)


def _listen(called: Callable[[int], None]) -> _RunLoop | None:
    """A running listener; None where the system has none to give."""
    try:
        listener = _RunLoop(called)
        if listener.start():
            return listener
        why = "refused"
    except (OSError, AttributeError) as error:
        why = type(error).__name__
    # Sleep is then still noticed by comparing clocks.
    log.info("no sleep announcements from IOKit: %s", why)
    return None


class _RunLoop:
    """The thread that hears IOKit's messages, and the four things that must be given back."""

    def __init__(self, called: Callable[[int], None]) -> None:
        self._called = called
        self._iokit, self._core, self._mode = _frameworks()
        self._port = ctypes.c_void_p()
        self._notifier = ctypes.c_uint32()
        self._root = 0
        self._loop: int | None = None
        self._ready = threading.Event()
        # ctypes frees a callback that nobody refers to, whoever may still call it.
        self._callback = _CALLBACK(self._heard)

    def start(self) -> bool:
        """Register, and listen from now on; False where the system refuses."""
        self._root = self._iokit.IORegisterForSystemPower(
            None, ctypes.byref(self._port), self._callback, ctypes.byref(self._notifier)
        )
        if not self._root:
            return False
        threading.Thread(target=self._run, name="sidelight-power", daemon=True).start()
        return self._ready.wait(_START_S)

    def stop(self) -> None:
        if self._loop is not None:
            self._core.CFRunLoopStop(self._loop)

    def _run(self) -> None:
        source = self._iokit.IONotificationPortGetRunLoopSource(self._port)
        self._loop = self._core.CFRunLoopGetCurrent()
        self._core.CFRunLoopAddSource(self._loop, source, self._mode)
        self._ready.set()
        self._core.CFRunLoopRun()
        self._iokit.IODeregisterForSystemPower(ctypes.byref(self._notifier))
        self._iokit.IOServiceClose(self._root)
        self._iokit.IONotificationPortDestroy(self._port)

    def _heard(self, _context: Any, _service: int, kind: int, argument: int | None) -> None:
        try:
            self._called(kind)
        except RuntimeError:
            # The asyncio loop has ended; the machine must still be allowed to sleep.
            log.debug("a power message came after the end")
        finally:
            if must_be_allowed(kind):
                self._iokit.IOAllowPowerChange(self._root, argument or 0)


_CALLBACK = ctypes.CFUNCTYPE(
    None, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint32, ctypes.c_void_p
)
"""IOServiceInterestCallback (IOKit/IOKitLib.h): refcon, service, messageType, messageArgument."""


def _frameworks() -> tuple[Any, Any, Any]:
    """IOKit, CoreFoundation and its default mode.

    The types of what is called are declared, because a pointer does not fit into ctypes' int.
    """
    folder = "/System/Library/Frameworks"
    iokit = ctypes.CDLL(f"{folder}/IOKit.framework/IOKit")
    core = ctypes.CDLL(f"{folder}/CoreFoundation.framework/CoreFoundation")
    pointer, port = ctypes.c_void_p, ctypes.c_uint32
    signatures = (
        (iokit.IORegisterForSystemPower, port, (pointer, pointer, _CALLBACK, pointer)),
        (iokit.IODeregisterForSystemPower, ctypes.c_int, (pointer,)),
        (iokit.IOAllowPowerChange, ctypes.c_int, (port, ctypes.c_ssize_t)),
        (iokit.IOServiceClose, ctypes.c_int, (port,)),
        (iokit.IONotificationPortGetRunLoopSource, pointer, (pointer,)),
        (iokit.IONotificationPortDestroy, None, (pointer,)),
        (core.CFRunLoopGetCurrent, pointer, ()),
        (core.CFRunLoopAddSource, None, (pointer, pointer, pointer)),
        (core.CFRunLoopRun, None, ()),
        (core.CFRunLoopStop, None, (pointer,)),
    )
    for function, result, arguments in signatures:
        function.restype, function.argtypes = result, arguments
    return iokit, core, ctypes.c_void_p.in_dll(core, "kCFRunLoopDefaultMode")
