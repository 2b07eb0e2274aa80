"""Waiting for a result on the injected clock, for so long and no longer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from .ports import Clock

T = TypeVar("T")


async def at_most(clock: Clock, seconds: float, awaitable: Awaitable[T]) -> T | None:
    """The result of `awaitable`, or None when `seconds` passed first; it is then cancelled.

    What it raises is raised here. Wrap it in `asyncio.shield` to let it live on.
    """
    work = asyncio.ensure_future(awaitable)
    timer = asyncio.ensure_future(clock.sleep(seconds))
    try:
        await asyncio.wait((work, timer), return_when=asyncio.FIRST_COMPLETED)
    finally:
        timer.cancel()
        work.cancel()
        await asyncio.wait((work, timer))
        # Looked at even when this waiter is being cancelled: an exception nobody sees is a warning.
        failed = not work.cancelled() and work.exception() is not None
    if work.cancelled() and not failed:
        return None
    return work.result()
