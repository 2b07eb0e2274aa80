"""The marks that hold for a document: read once a folder, watched, and read again when they change."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from ..domain.content.marks import ContentPlace, Mark, MarksFile
from ..domain.file_uri import path_of
from .source_files import Unread, read_text
from .watch_files import watching
from .workspace_marks import FILE_NAME, MAX_BYTES, MarksError, find_marks, read_marks

log = logging.getLogger("sidelight.content")

FOLDERS_KEPT = 512
WATCHED = 32
"""Folders that are watched at once; of further ones a change is seen after a restart."""
_MAX_DEPTH = 64


class NearbyMarks:
    """A `ports.ContentMarks`. `changed` is called on the loop after a mark was added or taken away."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._found: OrderedDict[Path, tuple[Path | None, tuple[Mark, ...]]] = OrderedDict()
        self._watched: dict[Path, asyncio.Task[None]] = {}

    def place(self, uri: str, path: str) -> ContentPlace:
        """The path counts from the marks' folder on, as their globs do; else from the repository."""
        file = path_of(uri)
        if file is None:
            return ContentPlace(path)
        folder = file.parent
        if folder not in self._found:
            self._found[folder] = self._look(folder)
            while len(self._found) > FOLDERS_KEPT:
                self._found.popitem(last=False)
        marks, said = self._found[folder]
        if marks is None:
            return ContentPlace(path)
        return ContentPlace(file.relative_to(marks.parent).as_posix(), said)

    def file(self, uri: str) -> MarksFile | None:
        """The nearest file of marks, else the one to be made in the repository's root."""
        file = path_of(uri)
        if file is None:
            return None
        try:
            marks = find_marks(file.parent)
            if marks is None:
                marks = (_root_of(file.parent) or file.parent) / FILE_NAME
                return MarksFile(marks, file.relative_to(marks.parent).as_posix())
            text = read_text(marks, MAX_BYTES)
        except OSError:
            return None
        if isinstance(text, Unread):
            return None
        rest = text.rpartition("\n")[2]
        return MarksFile(
            marks,
            file.relative_to(marks.parent).as_posix(),
            exists=True,
            lines=text.count("\n"),
            last_column=len(rest.encode("utf-16-le")) // 2,
        )

    async def stop(self) -> None:
        """Watch nothing any more."""
        tasks = list(self._watched.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _look(self, folder: Path) -> tuple[Path | None, tuple[Mark, ...]]:
        try:
            marks = find_marks(folder)
            self._watch(marks.parent if marks is not None else _root_of(folder))
            return (None, ()) if marks is None else (marks, read_marks(marks))
        except MarksError as error:
            log.info("a file of marks is not used: %s", error)
        except OSError as error:
            log.info("no marks could be looked for: %s", type(error).__name__)
        return None, ()

    def _watch(self, folder: Path | None) -> None:
        if folder is None or folder in self._watched or len(self._watched) >= WATCHED:
            return
        with contextlib.suppress(
            RuntimeError
        ):  # Asked from a thread: the next ask on the loop does.
            loop = asyncio.get_running_loop()
            self._watched[folder] = loop.create_task(self._watching(folder))

    async def _watching(self, folder: Path) -> None:
        async with watching(folder, frozenset({FILE_NAME}), self._forget):
            # What changed between the first look and the beginning of the watch was told by nobody.
            self._forget()
            await asyncio.get_running_loop().create_future()

    def _forget(self) -> None:
        self._found.clear()
        self._changed()


@asynccontextmanager
async def nearby_marks(changed: Callable[[], None]) -> AsyncGenerator[NearbyMarks]:
    """The marks, watched until the block ends."""
    marks = NearbyMarks(changed)
    try:
        yield marks
    finally:
        await marks.stop()


def _root_of(folder: Path) -> Path | None:
    """Where a person would put their first mark: the repository's root."""
    return next(
        (one for one in (folder, *folder.parents[:_MAX_DEPTH]) if (one / ".git").exists()), None
    )
