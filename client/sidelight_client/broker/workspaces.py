"""The folders an embedded gateway learns from: told by editors, or found around a document."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from ..ports import Clock
from ..waiting import at_most

Learn = Callable[[Path], Coroutine[Any, Any, None]]
"""Learns from a folder; done when it has been read."""

KEPT = 64


class Workspaces:
    """Learns each folder once. Without `learn`, for a gateway elsewhere, nothing is ever told."""

    def __init__(self, clock: Clock, learn: Learn | None) -> None:
        self._clock = clock
        self._learn = learn
        self._learning: dict[Path, asyncio.Task[None]] = {}

    def opened(self, folder: Path) -> None:
        """Learn from `folder` in the background, unless it or a folder around it is known."""
        if self._learn is None or self._task(folder) is not None or len(self._learning) >= KEPT:
            return
        self._learning[folder] = asyncio.get_running_loop().create_task(self._learn(folder))

    async def learned(self, folder: Path | None, wait_s: float) -> None:
        """Wait for up to `wait_s` until `folder` has been read, beginning with it if need be."""
        if folder is None or self._learn is None:
            return
        self.opened(folder)
        task = self._task(folder)
        if task is not None and not task.done():
            await at_most(self._clock, wait_s, asyncio.shield(task))

    def stop(self) -> None:
        for task in self._learning.values():
            task.cancel()

    def _task(self, folder: Path) -> asyncio.Task[None] | None:
        return next(
            (
                self._learning[known]
                for known in (folder, *folder.parents)
                if known in self._learning
            ),
            None,
        )
