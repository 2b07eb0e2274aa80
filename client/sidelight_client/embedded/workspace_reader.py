"""Reads the person's folders into the index: small steps in the background, only what may be learnt from."""

from __future__ import annotations

import asyncio
import logging
import os
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from .closed_folders import Closed, closed_above, closed_in
from .token_index import IndexedFile, TokenIndex
from .tokens import unix_lines

log = logging.getLogger("sidelight.embedded")

MAX_FILE_BYTES = 512_000
MAX_LINE_CHARS = 2_000
"""Longer lines are written by programs (minified, generated), not by people."""

_MAX_ENTRIES = 50_000
_MAX_FILES = 10_000
_LOOK_AGAIN_S = 10.0

_SKIPPED_FOLDERS = frozenset(
    ("node_modules", "venv", "env", "__pycache__", "build", "dist", "target", "out", "vendor")
)
_SECRET_NAMES = frozenset((".env", "credentials", ".netrc", ".npmrc", ".pypirc", ".htpasswd"))
_SECRET_BEGINNINGS = (".env.", "credentials.", "secrets.", "id_rsa", "id_ed25519", "id_ecdsa")
_SECRET_ENDINGS = (
    ".env",
    ".pem",
    ".key",
    ".p12",
    ".pfx",
    ".jks",
    ".keystore",
    ".kdbx",
    ".tfvars",
    ".tfstate",
)
_DATA_ENDINGS = (".lock", ".map", ".svg", ".csv", ".tsv", ".log", ".min.js", ".min.css")


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file worth reading, as it was when the folder was looked through."""

    path: Path
    label: str
    modified_ns: int
    size: int


@dataclass(frozen=True, slots=True)
class _Known:
    found: FoundFile
    indexed: IndexedFile | None
    chars: int


class WorkspaceReader:
    """Keeps `index` in step with folders, newest files first, up to `capacity_chars`.

    Args:
        capacity_chars: how much text the index may hold; 0 reads nothing.
        looks_secret: whether a text holds something that must not turn up elsewhere.
        monotonic: seconds that never go back.

    Invariant: files are looked for and read in a worker thread; the loop itself is held for one
    slice of a few milliseconds at a time.
    """

    def __init__(
        self,
        capacity_chars: int,
        looks_secret: Callable[[str], bool],
        monotonic: Callable[[], float],
    ) -> None:
        self.index = TokenIndex(capacity_chars)
        self._capacity = capacity_chars
        self._looks_secret = looks_secret
        self._monotonic = monotonic
        self._folders: list[Path] = []
        self._known: dict[Path, _Known] = {}
        self._wanted = asyncio.Event()
        self._settled = asyncio.Event()
        self._settled.set()
        self._looked_at = monotonic()
        self._task: asyncio.Task[None] | None = None

    def add_folder(self, folder: Path) -> None:
        """Learn from `folder` too; returns at once."""
        folder = Path(os.path.abspath(folder))  # noqa: PTH100  # Makes no system call on links.
        if self._capacity > 0 and folder not in self._folders:
            self._folders.append(folder)
            self._look()

    def refresh_soon(self) -> None:
        """Look for changed files in the background, unless that was done moments ago."""
        if self._folders and self._monotonic() - self._looked_at >= _LOOK_AGAIN_S:
            self._look()

    async def settled(self) -> None:
        """Wait until everything asked for so far is in the index."""
        await self._settled.wait()

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def _look(self) -> None:
        self._looked_at = self._monotonic()
        self._settled.clear()
        self._wanted.set()

    async def _run(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            try:
                await self._read()
            except OSError as error:
                log.info("reading the workspace failed: %s", type(error).__name__)
            if not self._wanted.is_set():
                self._settled.set()

    async def _read(self) -> None:
        found = await asyncio.to_thread(find_files, tuple(self._folders))
        present = {file.path: file for file in found}
        for path, known in list(self._known.items()):
            if present.get(path) != known.found:
                self._forget(path)
        if self.index.dead_chars > self._capacity // 2:
            self.index = TokenIndex(self._capacity)
            self._known.clear()
        for file in sorted(found, key=lambda file: (-file.modified_ns, file.label)):
            if file.path not in self._known:
                await self._take_in(file)

    async def _take_in(self, file: FoundFile) -> None:
        if self.index.chars - self.index.dead_chars + file.size > self._capacity:
            return
        text = await asyncio.to_thread(read_source, file.path, self._looks_secret)
        if text is None:
            self._known[file.path] = _Known(file, None, 0)
            return
        before = self.index.chars
        indexed = None
        for part in self.index.add(file.label, text):
            indexed = part
            await asyncio.sleep(0)
        self._known[file.path] = _Known(file, indexed, self.index.chars - before)

    def _forget(self, path: Path) -> None:
        known = self._known.pop(path)
        if known.indexed is not None:
            self.index.remove(known.indexed, known.chars)


def find_files(folders: Iterable[Path]) -> list[FoundFile]:
    """The files under `folders` worth reading; links are not followed, the search is bounded."""
    found: dict[Path, FoundFile] = {}
    entries = 0
    for folder in folders:
        pending = [(folder, closed_above(folder))]
        while pending and entries < _MAX_ENTRIES and len(found) < _MAX_FILES:
            here, closed = pending.pop()
            closed += closed_in(here)
            try:
                listed = sorted(os.scandir(here), key=lambda entry: entry.name)
            except OSError:
                continue  # Unreadable folders are common; they are not worth a word.
            for entry in listed:
                entries += 1
                if entry.is_dir(follow_symlinks=False):
                    if not entry.name.startswith(".") and entry.name not in _SKIPPED_FOLDERS:
                        pending.append((Path(entry.path), closed))
                elif may_be_read(entry.name):
                    file = _found(entry, folder, closed)
                    if file is not None:
                        found.setdefault(file.path, file)
    return list(found.values())


def _found(entry: os.DirEntry[str], folder: Path, closed: Iterable[Closed]) -> FoundFile | None:
    try:
        facts = entry.stat(follow_symlinks=False)
    except OSError:
        return None
    if not stat.S_ISREG(facts.st_mode) or not 0 < facts.st_size <= MAX_FILE_BYTES:
        return None
    path = Path(entry.path)
    if any(one.closes(path) for one in closed):
        return None
    label = path.relative_to(folder).as_posix()
    return FoundFile(path, label, facts.st_mtime_ns, facts.st_size)


def may_be_read(name: str) -> bool:
    """Whether a file of this name may be learnt from: no keys, credentials, locks or data."""
    lower = name.lower()
    return not (
        lower in _SECRET_NAMES
        or lower.startswith(_SECRET_BEGINNINGS)
        or lower.endswith(_SECRET_ENDINGS + _DATA_ENDINGS)
    )


def read_source(path: Path, looks_secret: Callable[[str], bool]) -> str | None:
    """The text of a source file, or None when it is none, is too long, or holds a secret."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
        text = unix_lines(data.decode("utf-8"))
    except (OSError, UnicodeDecodeError):
        return None
    if len(data) > MAX_FILE_BYTES or "\0" in text:
        return None
    if max(map(len, text.split("\n"))) > MAX_LINE_CHARS or looks_secret(text):
        return None
    return text
