"""A timer that goes on while the machine is suspended, so that it is due at the wake itself (Linux).

Every other timer of a loop stands still meanwhile: to notice a sleep that nobody announced it would
have to be short, and then it wakes the processor all day. This one may be long.
"""

from __future__ import annotations

import asyncio
import ctypes
import logging
import os
import time
from collections.abc import Awaitable, Callable

log = logging.getLogger("sidelight.power")

Pause = Callable[[float], Awaitable[None]]
"""Waits for so many seconds."""


class _Timespec(ctypes.Structure):
    _fields_ = (("tv_sec", ctypes.c_long), ("tv_nsec", ctypes.c_long))


class _Itimerspec(ctypes.Structure):
    _fields_ = (("it_interval", _Timespec), ("it_value", _Timespec))


def boottime_pause() -> Pause | None:
    """A pause on CLOCK_BOOTTIME (timerfd_create(2)); None where the system offers none.

    Python has these timers from 3.13 on; the libraries of all Linux systems have had them longer.
    """
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    if clock is None or not hasattr(os, "eventfd"):
        return None
    try:
        os.close(_timer(clock, 1.0))
    except (OSError, AttributeError) as error:
        log.info("no timer counts a suspend: %s", type(error).__name__)
        return None

    async def pause(seconds: float) -> None:
        loop, due = asyncio.get_running_loop(), asyncio.Event()
        timer = _timer(clock, seconds)
        loop.add_reader(timer, due.set)
        try:
            await due.wait()
        finally:
            loop.remove_reader(timer)
            os.close(timer)

    return pause


def _timer(clock: int, seconds: float) -> int:
    """A descriptor that can be read when the time is up. Raises OSError, AttributeError."""
    library = ctypes.CDLL(None, use_errno=True)
    timer = int(library.timerfd_create(clock, os.O_NONBLOCK | os.O_CLOEXEC))
    if timer < 0:
        raise OSError(ctypes.get_errno(), "timerfd_create")
    # A value of nought would disarm it.
    nanoseconds = max(int(seconds * 1e9), 1)
    value = _Timespec(nanoseconds // 1_000_000_000, nanoseconds % 1_000_000_000)
    wanted = _Itimerspec(_Timespec(0, 0), value)
    if library.timerfd_settime(timer, 0, ctypes.byref(wanted), None) < 0:
        number = ctypes.get_errno()
        os.close(timer)
        raise OSError(number, "timerfd_settime")
    return timer
