"""A vault that forgets when the process ends: by explicit setting, and where nothing may be written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from ..ports import Record, VaultState


class MemoryVault:
    """The record in this process's memory only."""

    def __init__(self) -> None:
        self._record: Record | None = None
        self._alone = asyncio.Lock()

    @property
    def mode(self) -> str:
        return "memory"

    @property
    def state(self) -> VaultState:
        return VaultState.READY

    @property
    def place(self) -> str:
        return ""

    @asynccontextmanager
    async def exclusive(self, wait_s: float) -> AsyncGenerator[None]:
        async with asyncio.timeout(wait_s):
            await self._alone.acquire()
        try:
            yield
        finally:
            self._alone.release()

    @asynccontextmanager
    async def watching(self, changed: Callable[[], None]) -> AsyncGenerator[None]:
        del changed  # Nobody but this process can replace it.
        yield

    async def load(self) -> Record | None:
        return self._record

    async def save(self, record: Record) -> VaultState:
        self._record = record
        return VaultState.READY

    async def reopen(self) -> VaultState:
        return VaultState.READY
