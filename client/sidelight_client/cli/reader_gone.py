"""Notices that nobody reads our output any more, before the next line would fail to be written."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import IO


@contextmanager
def when_reader_goes(stream: IO[str], then: Callable[[], object]) -> Generator[None]:
    """Call `then` once on the loop when the other end of the pipe `stream` is closed.

    Without it a command that prints only after changes would outlive the status bar that started
    it until the next change. The kernel reports the writing end of such a pipe as ready (poll(2),
    POLLERR), at no cost meanwhile. Where `stream` is no pipe, or on Windows, nothing is noticed.
    """
    descriptor = _pipe(stream)
    if descriptor is None:
        yield
        return
    loop = asyncio.get_running_loop()

    def gone() -> None:
        loop.remove_reader(descriptor)
        then()

    loop.add_reader(descriptor, gone)
    try:
        yield
    finally:
        loop.remove_reader(descriptor)


def _pipe(stream: IO[str]) -> int | None:
    """The descriptor of `stream` where it is a pipe that can be watched."""
    try:
        descriptor = stream.fileno()
        is_pipe = stat.S_ISFIFO(os.fstat(descriptor).st_mode)
    except (OSError, ValueError):
        return None
    return descriptor if is_pipe and os.name == "posix" else None
