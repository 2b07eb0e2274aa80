"""Sleep and wake on Windows, by the callback API that also works on modern standby.

`WM_POWERBROADCAST` is not delivered on modern standby and needs a window
(dotnet/runtime#123773); `PowerRegisterSuspendResumeNotification` needs neither.
Not run by machine: no Windows runner exists for this project yet.
"""

from __future__ import annotations

import asyncio
import ctypes
import platform
import threading
from collections.abc import AsyncIterator
from typing import Any

from ..ports import Clock, GoingToSleep, PowerEvent, Slept

DEVICE_NOTIFY_CALLBACK = 2
PBT_APMSUSPEND = 0x4
PBT_APMRESUMEAUTOMATIC = 0x12
_HOLD_S = 1.5
"""Windows gives a callback about two seconds before it sleeps regardless."""


class WindowsPowerSignals:
    """A `ports.PowerSignals`; `events` ends at once on other systems."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._slept_at: float | None = None

    async def events(self) -> AsyncIterator[PowerEvent]:
        if platform.system() != "Windows":
            return
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[PowerEvent] = asyncio.Queue()
        finished = threading.Event()

        def called(_context: Any, kind: int, _setting: Any) -> int:
            """Runs on a thread of Windows, which sleeps only when this returns."""
            event = self.event(kind)
            if event is not None:
                finished.clear()
                loop.call_soon_threadsafe(queue.put_nowait, event)
                if isinstance(event, GoingToSleep):
                    finished.wait(_HOLD_S)
            return 0

        registration = _register(called)
        try:
            while True:
                event = await queue.get()
                yield event
                # What was dealt with before a sleep must not let that sleep begin.
                if isinstance(event, GoingToSleep):
                    finished.set()
        finally:
            finished.set()
            _unregister(registration)

    def event(self, kind: int) -> PowerEvent | None:
        """What a power broadcast of `kind` means; a second resume after one sleep means nothing."""
        now = self._clock.now()
        if kind == PBT_APMSUSPEND:
            self._slept_at = now
            return GoingToSleep()
        if kind == PBT_APMRESUMEAUTOMATIC and self._slept_at is not None:
            slept_s, self._slept_at = max(now - self._slept_at, 0.0), None
            return Slept(slept_s)
        return None


def _register(called: Any) -> tuple[Any, Any]:
    """Register the callback; the returned pair must be kept alive until `_unregister`."""
    prototype = ctypes.CFUNCTYPE(ctypes.c_ulong, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_void_p)

    class Subscribe(ctypes.Structure):
        _fields_ = (("Callback", prototype), ("Context", ctypes.c_void_p))

    parameters = Subscribe(prototype(called), None)
    handle = ctypes.c_void_p()
    power = ctypes.CDLL("powrprof")
    problem = power.PowerRegisterSuspendResumeNotification(
        DEVICE_NOTIFY_CALLBACK, ctypes.byref(parameters), ctypes.byref(handle)
    )
    if problem:
        raise OSError(problem, "PowerRegisterSuspendResumeNotification")
    return handle, parameters


def _unregister(registration: tuple[Any, Any]) -> None:
    ctypes.CDLL("powrprof").PowerUnregisterSuspendResumeNotification(registration[0])
