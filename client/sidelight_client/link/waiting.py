"""Waiting for tasks with an end to the patience, by the injected clock."""

from __future__ import annotations

import asyncio
from typing import Any

from ..ports import Clock


async def within(
    limit_s: float, tasks: set[asyncio.Task[Any]], clock: Clock
) -> set[asyncio.Task[Any]]:
    """Wait until all tasks are done, but not longer than `limit_s`; returns those that are not."""
    limit = asyncio.ensure_future(clock.sleep(limit_s))
    try:
        while (pending := {task for task in tasks if not task.done()}) and not limit.done():
            await asyncio.wait({*pending, limit}, return_when=asyncio.FIRST_COMPLETED)
        return pending
    finally:
        limit.cancel()
