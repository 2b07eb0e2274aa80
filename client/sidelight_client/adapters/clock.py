"""The machine's own time."""

from __future__ import annotations

import asyncio
import time


class SystemClock:
    """`ports.Clock` over the system's clocks."""

    # The very functions of the standard library: the clock is read several times at each key.
    now = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
