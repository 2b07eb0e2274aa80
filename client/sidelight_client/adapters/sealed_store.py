"""The sealed record on disk, shared by the vaults that have a key: lock, read, replace, set aside."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from ..ports import Record
from .file_lock import FileLock
from .folders import make_private
from .seal import UnsealError, read_bounded, seal, unseal, write_atomically
from .vault_record import RecordError, decode, encode
from .watch_files import watching

log = logging.getLogger("sidelight.vault")

RECORD_FILE = "session.sealed"


class SealedStore:
    """A folder with the sealed record, its lock, and at most one record that could not be read.

    File work runs in a thread: an fsync may take a hundred milliseconds.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file = folder / RECORD_FILE
        self._aside = folder / "session.unreadable"
        self._lock_file = folder / "session.lock"
        self._lock = FileLock(self._lock_file)
        self._alone = asyncio.Lock()
        self._inside: asyncio.Task[object] | None = None

    @property
    def lock(self) -> FileLock:
        return self._lock

    def exists(self) -> bool:
        return self._file.exists()

    @asynccontextmanager
    async def exclusive(self, wait_s: float) -> AsyncGenerator[None]:
        """See `ports.Vault.exclusive`.

        A folder that cannot be written has no lock file either; then no process can share a
        record in it, and keeping out the tasks of this one is all there is to do.
        """
        async with asyncio.timeout(wait_s):
            await self._alone.acquire()
        try:
            async with contextlib.AsyncExitStack() as stack:
                try:
                    await stack.enter_async_context(self._lock.hold(wait_s))
                except TimeoutError:
                    raise
                except OSError as error:
                    log.info("vault: no lock file in this folder (%s)", error.strerror)
                self._inside = asyncio.current_task()
                yield
        finally:
            self._inside = None
            self._alone.release()

    @asynccontextmanager
    async def watching(self, changed: Callable[[], None]) -> AsyncGenerator[None]:
        """See `ports.Vault.watching`."""
        # What does not exist cannot be watched, and the first sign-in may come in any process.
        with contextlib.suppress(OSError):
            await asyncio.to_thread(make_private, self.folder)
        async with watching(self.folder, frozenset({RECORD_FILE}), changed):
            yield

    async def read(self, key: bytes) -> Record | None:
        """The record, or None. One that cannot be read is set aside and is absent."""
        mine = self._inside is not None and self._inside is asyncio.current_task()
        return await asyncio.to_thread(self._read, key, mine=mine)

    async def write(self, key: bytes, record: Record) -> None:
        """Replace the record. Raises OSError."""
        sealed = seal(key, encode(record))
        await asyncio.to_thread(write_atomically, self._file, sealed)

    def _read(self, key: bytes, *, mine: bool) -> Record | None:
        try:
            return self._open(key)
        except OSError as error:
            log.info("vault: the record cannot be read (%s)", error.strerror)
        except (UnsealError, RecordError) as error:
            log.info("vault: the record is unreadable: %s", error)
            self._set_aside(key, mine=mine)
        return None

    def _open(self, key: bytes) -> Record | None:
        sealed = read_bounded(self._file)
        return None if sealed is None else decode(unseal(key, sealed))

    def _set_aside(self, key: bytes, *, mine: bool) -> None:
        """Move the unreadable file away, alone: a good one may just have replaced it."""
        lock = FileLock(self._lock_file)
        try:
            if not mine and not lock.try_acquire():
                return
            try:
                with contextlib.suppress(UnsealError, RecordError):
                    self._open(key)
                    return
                self._file.replace(self._aside)
            finally:
                lock.release()
        except OSError as error:
            log.info("vault: the unreadable record stays (%s)", error.strerror)


def newest(first: Record | None, second: Record | None) -> Record | None:
    """The record made last; the first when they are equally old."""
    if first is None or second is None:
        return first or second
    return second if second.saved_at > first.saved_at else first
