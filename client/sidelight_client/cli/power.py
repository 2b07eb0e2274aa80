"""Passes what the machine tells of sleep, wake and the network on to a broker."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, asynccontextmanager

from ..adapters.power import GapDetector, MergedSignals
from ..adapters.power_boottime import boottime_pause
from ..adapters.power_macos import MacPowerSignals
from ..adapters.power_system_bus import SystemBusSignals
from ..adapters.power_windows import WindowsPowerSignals
from ..broker import Broker
from ..keeper import SessionKeeper
from ..ports import Clock, PowerSignals, Slept


@asynccontextmanager
async def told_of_power(
    broker: Broker, keeper: SessionKeeper, clock: Clock, woke: Callable[[], None]
) -> AsyncGenerator[None]:
    """Pass sleep, wake and network hints on to the broker, and a wake to `woke`."""

    def has_session() -> bool:
        return keeper.session.grant is not None

    sources: list[PowerSignals] = [
        GapDetector(clock, has_session, keeper.subscribe, pause=boottime_pause())
    ]
    if sys.platform == "linux":
        sources.append(SystemBusSignals(clock))
    if os.name == "nt":
        sources.append(WindowsPowerSignals(clock))
    if sys.platform == "darwin":
        sources.append(MacPowerSignals(clock))

    async def listen() -> None:
        async with aclosing(MergedSignals(sources).events()) as events:
            async for event in events:
                if isinstance(event, Slept):
                    woke()
                await broker.power(event)

    task = asyncio.get_running_loop().create_task(listen())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
