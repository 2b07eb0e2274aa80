"""Notices that a file changed, such as a configuration, so that nobody has to restart anything.

The only importer of watchdog. On Linux it rests in the kernel (inotify) and costs no wake-up.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

log = logging.getLogger("sidelight.watch")

SETTLE_S = 0.2
"""Editors write a file in several steps; the change is told when they are done."""


@asynccontextmanager
async def watching(
    folder: Path, names: frozenset[str], changed: Callable[[], None]
) -> AsyncGenerator[None]:
    """Call `changed` on the loop after a file of `folder` called one of `names` was changed.

    Does nothing when the folder does not exist or cannot be watched.
    """
    loop = asyncio.get_running_loop()
    told = _Settling(loop, changed)
    starting = asyncio.ensure_future(asyncio.to_thread(_observe, folder, names, told.touch))
    try:
        await asyncio.shield(starting)
        yield
    finally:
        told.stop()
        # One that is only just starting is waited for: nobody else could end it.
        observer = await starting
        if observer is not None:
            observer.stop()
            await asyncio.to_thread(observer.join, 5.0)


class _Settling:
    """Turns a burst of changes, from a thread, into one call on the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, changed: Callable[[], None]) -> None:
        self._loop = loop
        self._changed = changed
        self._timer: asyncio.TimerHandle | None = None
        self._stopped = False

    def touch(self) -> None:
        self._loop.call_soon_threadsafe(self._restart)

    def _restart(self) -> None:
        self.cancel()
        if not self._stopped:
            self._timer = self._loop.call_later(SETTLE_S, self._changed)

    def cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def stop(self) -> None:
        self._stopped = True
        self.cancel()


def _observe(folder: Path, names: frozenset[str], touch: Callable[[], None]) -> Any | None:
    """Start watching; runs in a thread because the import takes a while. None when impossible."""
    from watchdog.events import FileSystemEvent, FileSystemEventHandler
    from watchdog.observers import Observer

    # It logs each event, and an ERROR where one arrives while it stops, which is no fault at all
    # (InotifyEmitter.queue_events).
    logging.getLogger("watchdog").setLevel(logging.CRITICAL)

    class Handler(FileSystemEventHandler):
        def on_any_event(self, event: FileSystemEvent) -> None:
            # Reading a file is an event too; answering it by reading would never end.
            if event.event_type in ("opened", "closed_no_write"):
                return
            if {Path(str(p)).name for p in (event.src_path, event.dest_path) if p} & names:
                touch()

    if not folder.is_dir():
        return None
    observer = Observer()
    try:
        observer.schedule(Handler(), str(folder))
        observer.start()
    except OSError as error:
        log.info("changes in a folder are not noticed: %s", type(error).__name__)
        return None
    return observer
