"""Notices that a file changed, such as a configuration, so that nobody has to restart anything.

The only importer of watchdog. On Linux it rests in the kernel (inotify) and costs no wake-up.
"""

from __future__ import annotations

import asyncio
import contextlib
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


@asynccontextmanager
async def watching_path(path: Path, changed: Callable[[], None]) -> AsyncGenerator[None]:
    """Call `changed` on the loop after the file at `path` may have changed.

    Where its folder does not exist yet, the nearest one above it is watched until the next appears.
    """
    ready = asyncio.Event()
    following = asyncio.get_running_loop().create_task(_follow(path, changed, ready))
    try:
        await ready.wait()
        yield
    finally:
        following.cancel()
        await asyncio.wait([following])


async def _follow(path: Path, changed: Callable[[], None], ready: asyncio.Event) -> None:
    seen = asyncio.Event()

    def noticed() -> None:
        changed()
        seen.set()

    while True:
        folder, name = _nearest(path)
        async with watching(folder, frozenset({name}), noticed):
            if ready.is_set():
                # What happened between two watches nobody saw.
                changed()
            ready.set()
            while _nearest(path) == (folder, name):
                await seen.wait()
                seen.clear()


def _nearest(path: Path) -> tuple[Path, str]:
    """The nearest existing folder above `path`, and the name in it that leads on."""
    for folder in path.parents:
        with contextlib.suppress(OSError):
            if folder.is_dir():
                return folder, path.relative_to(folder).parts[0]
    return path.parent, path.name


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
    from watchdog import events
    from watchdog.observers import Observer

    # It logs each event, and an ERROR where one arrives while it stops, which is no fault at all
    # (InotifyEmitter.queue_events).
    logging.getLogger("watchdog").setLevel(logging.CRITICAL)

    # Reading a file is an event too. Answering it by reading would never end, and in a folder such
    # as /etc, which every program reads, the kernel would wake us hundreds of times a second.
    writes: list[type[events.FileSystemEvent]] = [
        *(events.FileCreatedEvent, events.FileModifiedEvent, events.FileClosedEvent),
        *(events.FileMovedEvent, events.FileDeletedEvent),
        *(events.DirCreatedEvent, events.DirMovedEvent, events.DirDeletedEvent),
    ]

    class Handler(events.FileSystemEventHandler):
        def on_any_event(self, event: events.FileSystemEvent) -> None:
            if {Path(str(p)).name for p in (event.src_path, event.dest_path) if p} & names:
                touch()

    if not folder.is_dir():
        return None
    observer = Observer()
    try:
        observer.schedule(Handler(), str(folder), event_filter=writes)
        observer.start()
    except OSError as error:
        log.info("changes in a folder are not noticed: %s", type(error).__name__)
        return None
    return observer
