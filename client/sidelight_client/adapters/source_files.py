"""Reads files that others write at the same time: whole and unchanged, bounded, or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

_LEFT_OUT = frozenset((".git", ".hg", ".svn", ".jj", "node_modules", "__pycache__", ".venv"))
"""Folders that hold nobody's own text."""
_LOOKED_AT = 8_192
"""A NUL byte in the beginning makes a file binary, as git sees it too."""


class NotRead(StrEnum):
    """Why a file was not read."""

    BINARY = "binary"
    HUGE = "huge"
    CHANGED = "changed"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Unread:
    """A file that was not read; `problem` is the system's word for it."""

    why: NotRead
    problem: str = ""


def read_text(path: Path, max_bytes: int) -> str | Unread:
    """The file's text as UTF-8, what is none of it replaced; read again once if it changed."""
    for _try in range(2):
        try:
            raw = _read(path, max_bytes)
        except OSError as error:
            return Unread(NotRead.UNREADABLE, error.strerror or "it cannot be read")
        if raw is None:
            continue
        if isinstance(raw, Unread):
            return raw
        if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
            return raw.decode("utf-16", errors="replace")
        if b"\0" in raw[:_LOOKED_AT]:
            return Unread(NotRead.BINARY)
        return raw.decode("utf-8", errors="replace").removeprefix("\ufeff")
    return Unread(NotRead.CHANGED)


def _read(path: Path, max_bytes: int) -> bytes | Unread | None:
    """The bytes; None when the file changed meanwhile."""
    # A pipe in a file's place is opened without waiting for a writer.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb") as file:
        before = os.fstat(file.fileno())
        if not stat.S_ISREG(before.st_mode):
            return Unread(NotRead.UNREADABLE, "it is not a regular file")
        if before.st_size > max_bytes:
            return Unread(NotRead.HUGE)
        raw = file.read(max_bytes + 1)
        after = os.fstat(file.fileno())
    if len(raw) > max_bytes:
        return Unread(NotRead.HUGE)
    same = (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, after.st_size)
    return raw if same and len(raw) == after.st_size else None


def files_below(path: Path) -> Iterator[Path]:
    """The files a path names: itself, or those in the folder, in order. Links are not followed."""
    if not path.is_dir():
        yield path
        return
    for folder, folders, names in os.walk(path, followlinks=False):
        folders[:] = sorted(name for name in folders if name not in _LEFT_OUT)
        for name in sorted(names):
            found = Path(folder, name)
            if not found.is_symlink():
                yield found
