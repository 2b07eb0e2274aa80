"""An advisory lock on a file: one holder on the whole machine, freed by the kernel when it dies."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from .folders import make_private

_POLL_FIRST_S = 0.002
_POLL_MAX_S = 0.05
"""A dead holder is taken over within this time; a thread blocked in flock could not be cancelled."""

_HOLDER_MAX_BYTES = 32


class FileLock:
    """A lock that different processes, and different objects in one process, exclude each other by.

    The file stays behind: removing it would let two processes hold two locks of the same name.
    It lies beside what it protects, so that whoever shares the one (a container with the home
    folder mounted) shares the other.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        return self._descriptor is not None

    @asynccontextmanager
    async def hold(self, wait_s: float) -> AsyncGenerator[None]:
        """Hold the lock. Raises TimeoutError after `wait_s` seconds, OSError without a file.

        The loop goes on while this waits. The wait is for another process, which lives in real
        time, so it is not on the injected clock.
        """
        await self._acquire(wait_s)
        try:
            yield
        finally:
            self.release()

    async def _acquire(self, wait_s: float) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait_s
        pause_s = _POLL_FIRST_S
        while not self.try_acquire():
            left_s = deadline - loop.time()
            if left_s <= 0:
                raise TimeoutError
            await asyncio.sleep(min(pause_s, left_s))
            pause_s = min(pause_s * 2, _POLL_MAX_S)

    def try_acquire(self) -> bool:
        """Take the lock if it is free. Raises OSError when the file cannot be opened."""
        if self._descriptor is not None:
            return False
        make_private(self._path.parent)
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        descriptor = os.open(self._path, flags, 0o600)
        try:
            taken = _lock(descriptor)
            if taken:
                _write_holder(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        if not taken:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Give the lock back; closing the file is what frees it."""
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            os.close(descriptor)

    def holder(self) -> int | None:
        """The process that held the lock last, for a person to look at; it may be gone."""
        try:
            with self._path.open("rb") as file:
                text = file.read(_HOLDER_MAX_BYTES)
        except OSError:
            return None
        digits = text.strip()
        return int(digits) if digits.isdigit() else None


def _write_holder(descriptor: int) -> None:
    os.ftruncate(descriptor, 0)
    os.write(descriptor, b"%d\n" % os.getpid())


if sys.platform == "win32":
    import msvcrt

    _LOCKED_BYTE = 1 << 30
    """Windows locks are mandatory: a byte far behind the end leaves the holder readable."""

    def _lock(descriptor: int) -> bool:
        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        os.lseek(descriptor, 0, os.SEEK_SET)
        return True
else:
    import fcntl

    def _lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
