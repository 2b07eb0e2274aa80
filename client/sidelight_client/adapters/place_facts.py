"""What the organisation's rules judge a file by: looked up once, kept in memory, and looked at again
before anything is sent.

Architecture invariant: nothing here is logged or sent. A file's text is only compared, never kept.
"""

from __future__ import annotations

import itertools
import os
import stat
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Generic, TypeVar
from urllib.parse import unquote

from ..domain.file_uri import path_elsewhere, path_of
from ..domain.place import Document
from ..domain.policy.code_category import CodeCategory, code_categories
from ..domain.policy.infrastructure import MAX_LINES, FileKind, file_kinds
from ..domain.policy.organisation import PlaceRule
from ..domain.policy.place_policy import DocumentPlace, RepositoryLevel, WorkspaceRule
from .git_repo import Repository, repository_at
from .workspace_rules import read_rules

MAX_DEPTH = 64
MAX_REPOSITORIES = 8
"""How many repositories inside each other are told apart."""
MAX_MARKERS = 64
"""More than that are taken to lie everywhere: a rule that cannot be checked closes."""
HEAD_BYTES = 32 * 1024
_KEPT = 1_024
_TURNS = 8
_NAMED_FOLDERS = 3
"""Folders above a file outside of any repository whose names say anything about its code."""

Key = TypeVar("Key")
Value = TypeVar("Value")


class _Kept(Generic[Key, Value]):
    """The latest `_KEPT` values."""

    def __init__(self) -> None:
        self._values: OrderedDict[Key, Value] = OrderedDict()

    def get(self, key: Key) -> Value | None:
        return self._values.get(key)

    def put(self, key: Key, value: Value) -> Value:
        self._values[key] = value
        self._values.move_to_end(key)
        if len(self._values) > _KEPT:
            self._values.popitem(last=False)
        return value

    def oldest(self, most: int) -> list[Key]:
        return list(itertools.islice(self._values, most))

    def clear(self) -> None:
        self._values.clear()


@dataclass(frozen=True, slots=True)
class _Around:
    """What lies around the files of a folder.

    Attributes:
        repositories: the nearest first, each with the markers in the folders up to its root.
        markers: in the folders above, where there is no repository.
        own_rules: of the workspace files, with the folder of each.
    """

    repositories: tuple[tuple[Repository, frozenset[str]], ...]
    markers: frozenset[str]
    own_rules: tuple[tuple[Path, PlaceRule], ...]


@dataclass(frozen=True, slots=True)
class _About:
    """What a file's first lines and its path say of it, and the state it was read in."""

    state: tuple[int, ...]
    kinds: frozenset[FileKind]
    categories: frozenset[CodeCategory]


class WorkspacePlaces:
    """A `ports.RepoFacts`. What was found is kept, bounded; `look_again` finds out what changed."""

    def __init__(self) -> None:
        self._markers: tuple[str, ...] = ()
        self._everywhere: frozenset[str] = frozenset()
        self._around: _Kept[Path, _Around] = _Kept()
        self._about: _Kept[Path, _About] = _Kept()
        self._places: _Kept[str, DocumentPlace] = _Kept()

    def document(self, uri: str, language: str) -> tuple[Document, str]:
        """The document with its repository, and its path inside it.

        Of a document that lies in no repository the path is the whole path; of one that is no
        file, such as an unsaved buffer, it is the name.
        """
        level = self.place(uri).levels[0]
        return Document(uri, language, level.remotes[0] if level.remotes else None), level.path

    def folder(self, uri: str) -> Path | None:
        """The root of the repository the document lies in; None where there is none."""
        path = path_of(uri)
        if path is None:
            return None
        found = self._folder(_plain(path).parent).repositories
        return found[0][0].root if found else None

    def place(self, uri: str) -> DocumentPlace:
        """What the document is judged by, from memory where it was asked for before."""
        known = self._places.get(uri)
        return known if known is not None else self._places.put(uri, self._look(uri))

    def look_for(self, markers: Iterable[str]) -> None:
        """Look for these files from now on."""
        wanted = sorted(set(markers))
        if wanted != sorted((*self._markers, *self._everywhere)):
            self._markers = tuple(wanted[:MAX_MARKERS])
            self._everywhere = frozenset(wanted[MAX_MARKERS:])
            self.forget()

    def look_again(self, uris: Iterable[str]) -> None:
        """Find out on the disk whether anything about these documents changed.

        Of the others those that were looked at longest ago have their turn, so that a place that
        was closed and is open again is noticed although nothing of it is sent.
        """
        self._around.clear()
        wanted = dict.fromkeys(uris)
        for uri in (*wanted, *(old for old in self._places.oldest(_TURNS) if old not in wanted)):
            self._places.put(uri, self._look(uri))

    def forget(self) -> None:
        """Look again from now on, at everything."""
        self._around.clear()
        self._places.clear()

    # --- looking ---------------------------------------------------------------------------------

    def _look(self, uri: str) -> DocumentPlace:
        path, elsewhere = path_of(uri), path_elsewhere(uri)
        if elsewhere is not None:
            inside = "/".join(elsewhere.split("/")[-_NAMED_FOLDERS - 1 :])
            return DocumentPlace(
                (RepositoryLevel(elsewhere, seen=False),),
                kinds=file_kinds(inside),
                categories=code_categories(inside),
            )
        if path is None:
            name = unquote(uri.rpartition(":")[2])
            return DocumentPlace(
                (RepositoryLevel(name, markers=self._everywhere),),
                kinds=file_kinds(name),
                categories=code_categories(name),
            )
        here, real = _plain(path), _real(path)
        around = self._folder(here.parent)
        levels, own = _levels(here, around), _own_rules(here, around)
        about = self._read(here, levels[0].path)
        kinds, categories = about.kinds, about.categories
        aliases: tuple[RepositoryLevel, ...] = ()
        if real != here:
            around = self._folder(real.parent)
            aliases = _levels(real, around)
            own = tuple(dict.fromkeys((*own, *_own_rules(real, around))))
            there = self._read(real, aliases[0].path)
            kinds, categories = kinds | there.kinds, categories | there.categories
        return DocumentPlace(levels, () if aliases == levels else aliases, kinds, categories, own)

    def _folder(self, folder: Path) -> _Around:
        known = self._around.get(folder)
        if known is not None:
            return known
        repositories: list[tuple[Repository, frozenset[str]]] = []
        # Rules and markers of the folders since the latest root; what lies above the outermost
        # repository is none of its business.
        markers: set[str] = set(self._everywhere)
        rules: list[tuple[Path, PlaceRule]] = []
        waiting: list[tuple[Path, PlaceRule]] = []
        for place in itertools.islice((folder, *folder.parents), MAX_DEPTH):
            markers.update(name for name in self._markers if os.path.lexists(place / name))
            waiting += [(place, rule) for rule in read_rules(place)]
            repository = repository_at(place)
            if repository is not None:
                repositories.append((repository, frozenset(markers)))
                rules += waiting
                markers, waiting = set(self._everywhere), []
                if len(repositories) == MAX_REPOSITORIES:
                    break
        alone = not repositories
        found = _Around(
            tuple(repositories),
            frozenset(markers) if alone else frozenset(),
            tuple(waiting if alone else rules),
        )
        return self._around.put(folder, found)

    def _read(self, path: Path, inside: str) -> _About:
        """What the file is; read again only when it changed."""
        try:
            facts = path.stat()
        except OSError:
            state: tuple[int, ...] = ()
        else:
            regular = stat.S_ISREG(facts.st_mode)
            state = (facts.st_ino, facts.st_size, facts.st_mtime_ns) if regular else ()
        known = self._about.get(path)
        if known is not None and known.state == state:
            return known
        named = inside
        if Path(inside).is_absolute():
            named = "/".join(Path(inside).parts[-_NAMED_FOLDERS - 1 :])
        head = _head(path) if state else []
        about = _About(state, file_kinds(named, head), code_categories(named, head))
        return self._about.put(path, about)


def _levels(path: Path, around: _Around) -> tuple[RepositoryLevel, ...]:
    if not around.repositories:
        return (RepositoryLevel(path.as_posix(), (), around.markers),)
    return tuple(
        RepositoryLevel(path.relative_to(one.root).as_posix(), one.remotes, markers)
        for one, markers in around.repositories
    )


def _own_rules(path: Path, around: _Around) -> tuple[WorkspaceRule, ...]:
    return tuple(
        WorkspaceRule(rule, path.relative_to(folder).as_posix())
        for folder, rule in around.own_rules
    )


@lru_cache(maxsize=_KEPT)
def _plain(path: Path) -> Path:
    """The path without `..`, which would let it lie in a folder it only passes by."""
    return Path(os.path.normpath(path))


def _real(path: Path) -> Path:
    """Where the file lies when every link is followed; links in a circle lead nowhere."""
    try:
        real = os.path.realpath(path)
    except (OSError, ValueError):
        return _plain(path)
    return path if real == str(path) else Path(real)


def _head(path: Path) -> list[str]:
    """The first lines of a file; none of one that cannot be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as file:
            raw = file.read(HEAD_BYTES)
    except OSError:
        return []
    return raw.decode("utf-8", errors="replace").splitlines()[:MAX_LINES]
