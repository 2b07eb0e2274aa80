"""The background work of one session's completions: started here, and ended in bounded time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

log = logging.getLogger("sidelight.lsp")

CLOSE_S = 5.0
"""How long an aborted request may take to end; the session's descriptors do not wait longer."""


class Tasks:
    """Every task that runs, so that none outlives its session and none fails unheard."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run `work` in the background."""
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    def cancel(self) -> None:
        """Cancel everything that runs."""
        for task in self._running:
            task.cancel()

    async def ended(self) -> None:
        """Return when everything has ended, at last after `CLOSE_S`."""
        if self._running:
            await asyncio.wait(set(self._running), timeout=CLOSE_S)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            complain(error)


def stop(task: asyncio.Task[None] | None) -> None:
    """Cancel `task` where there is one."""
    if task is not None:
        task.cancel()


def complain(error: BaseException) -> None:
    """Log the type only: the text of an exception may quote code."""
    log.error("a completion failed: %s", type(error).__name__)
