"""The two file descriptors of one editor: reads frames and writes them, never blocking the loop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable, Coroutine
from typing import Any

from .framing import FrameParser, FramingError, Garbage, frame

log = logging.getLogger("sidelight.lsp")

CHUNK = 16 * 1024
"""How much is read at once: what it holds is handled before other sessions get their turn."""

MAX_UNSENT = 16 * 1024 * 1024
"""What may wait for an editor that does not read; one that lets more pile up is ended."""


class Channel:
    """Owns both descriptors: they are closed by `close` and by nobody else.

    The loop watches them directly: a reader behind a thread, as pygls has it, costs a hop for each
    header line.
    """

    def __init__(self, read_fd: int, write_fd: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._read_fd, self._write_fd = read_fd, write_fd
        self._received: Callable[[bytes], None]
        self._lost: Callable[[], None]
        self._parser = FrameParser()
        self._unsent = bytearray()
        self._sent: asyncio.Event = asyncio.Event()
        self._sent.set()
        self._pump: asyncio.Task[None] | None = None
        self._blocking = {fd: _get_blocking(fd) for fd in {read_fd, write_fd}}
        self.ended: asyncio.Future[str] = self._loop.create_future()
        """Done with the reason when nothing more will be read or can be written."""

    def start(self, received: Callable[[bytes], None], lost: Callable[[], None]) -> None:
        """Begin to read: `received` gets each body, `lost` is told when bytes had to be skipped."""
        self._received, self._lost = received, lost
        for fd in self._blocking:
            _set_blocking(fd, False)
        try:
            self._loop.add_reader(self._read_fd, self._readable)
        except (NotImplementedError, PermissionError):
            # A regular file, or a Windows loop: neither can be watched, so a thread waits for it.
            _set_blocking(self._read_fd, True)
            self._pump = self._loop.create_task(self._read_in_thread())

    def send(self, body: bytes) -> None:
        """Send one body, at once as far as the editor takes it."""
        if self.ended.done():
            return
        data = frame(body)
        if self._unsent:
            self._unsent += data
            if len(self._unsent) > MAX_UNSENT:
                self._unsent.clear()
                self._sent.set()
                self.end("the editor stopped reading")
            return
        rest = data[self._write(data) :]
        if rest:
            self._unsent += rest
            self._sent.clear()
            self._loop.add_writer(self._write_fd, self._writable)

    def end(self, why: str) -> None:
        """Stop reading; `ended` becomes done. What is unsent can still be drained by `close`."""
        if not self.ended.done():
            with contextlib.suppress(NotImplementedError):
                self._loop.remove_reader(self._read_fd)
            self.ended.set_result(why)

    async def close(self, patience: Coroutine[Any, Any, None]) -> None:
        """Give both descriptors back, after sending what is unsent or when `patience` ends."""
        self.end("closed")
        with contextlib.suppress(NotImplementedError):
            # Who waited for `ended` and was cancelled has made it done. Still watched, the number
            # would never be read again by the next session that is given it.
            self._loop.remove_reader(self._read_fd)
        if self._pump is not None:
            self._pump.cancel()
        sent = self._loop.create_task(self._sent.wait())
        enough = self._loop.create_task(patience)
        try:
            await asyncio.wait((sent, enough), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sent.cancel()
            enough.cancel()
            with contextlib.suppress(NotImplementedError):
                self._loop.remove_writer(self._write_fd)
            for fd, blocking in self._blocking.items():
                _set_blocking(fd, blocking)  # A terminal is shared with the shell.
                os.close(fd)

    def _readable(self) -> None:
        try:
            data = os.read(self._read_fd, CHUNK)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self.end(f"reading failed: {type(error).__name__}")
            return
        self._take(data)

    async def _read_in_thread(self) -> None:
        while not self.ended.done():
            try:
                data = await self._loop.run_in_executor(None, os.read, self._read_fd, CHUNK)
            except OSError as error:
                self.end(f"reading failed: {type(error).__name__}")
                return
            self._take(data)

    def _take(self, data: bytes) -> None:
        if not data:
            cut = ", inside a message" if self._parser.incomplete else ""
            self.end(f"the editor closed its end{cut}")
            return
        try:
            found = self._parser.feed(data)
        except FramingError as error:
            self.end(str(error))
            return
        for one in found:
            if self.ended.done():
                return
            if isinstance(one, Garbage):
                log.warning("skipped %d bytes from the editor: %s", one.size, one.why)
                self._lost()
            else:
                self._received(one)

    def _write(self, data: bytes | bytearray) -> int:
        """How much of `data` the descriptor took."""
        try:
            return os.write(self._write_fd, data)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError as error:
            self._unsent.clear()
            self._sent.set()
            self._loop.remove_writer(self._write_fd)
            self.end(f"writing failed: {type(error).__name__}")
            return len(data)

    def _writable(self) -> None:
        del self._unsent[: self._write(self._unsent[:CHUNK])]
        if not self._unsent:
            self._sent.set()
            self._loop.remove_writer(self._write_fd)


def _get_blocking(fd: int) -> bool:
    """Whether calls on `fd` wait; on Windows before Python 3.12 they always do."""
    return os.get_blocking(fd) if hasattr(os, "get_blocking") else True


def _set_blocking(fd: int, blocking: bool) -> None:
    """Choose it where it can be chosen: not for every kind of descriptor on Windows."""
    with contextlib.suppress(OSError, AttributeError):
        os.set_blocking(fd, blocking)
