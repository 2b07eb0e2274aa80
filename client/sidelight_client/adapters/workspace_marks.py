"""Reads `.sidelight.toml`: which values in a workspace a person marked as made up."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from ..domain.content.marks import Mark
from .source_files import NotRead, Unread, read_text

FILE_NAME = ".sidelight.toml"
MAX_BYTES = 256 * 1024
MAX_MARKS = 500
LONGEST = 400
_MAX_DEPTH = 64


class MarksError(ValueError):
    """The file is there and cannot be used; the text is the end of "… could not be read (…)"."""


def find_marks(folder: Path) -> Path | None:
    """The nearest file above `folder`, not looking beyond the repository it lies in."""
    for place in (folder, *folder.parents[:_MAX_DEPTH]):
        if (place / FILE_NAME).is_file():
            return place / FILE_NAME
        if (place / ".git").exists():
            return None
    return None


def read_marks(path: Path) -> tuple[Mark, ...]:
    """The marks of one file.

    Raises:
        MarksError: it cannot be read, is no TOML, or says something this version does not know.
    """
    text = read_text(path, MAX_BYTES)
    if isinstance(text, Unread):
        raise MarksError(text.problem or _WORDS[text.why])
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        raise MarksError("it is not valid TOML") from None
    tables: Any = document.get("fixture", [])
    if not isinstance(tables, list):
        raise MarksError("fixture is not a list of tables")
    return tuple(_mark(table) for table in cast("Sequence[Any]", tables)[:MAX_MARKS])


_WORDS = {
    NotRead.BINARY: "it is not text",
    NotRead.HUGE: "it is too large",
    NotRead.CHANGED: "it keeps changing",
    NotRead.UNREADABLE: "it cannot be read",
}


def _mark(table: Any) -> Mark:
    if not isinstance(table, dict):
        raise MarksError("a fixture is not a table")
    said = cast("dict[str, Any]", table)
    unknown = set(said) - {"path", "rules", "reason"}
    if unknown:
        # A misspelled matcher would make the mark cover everything.
        raise MarksError("a fixture has a key that is none of path, rules and reason")
    path: Any = said.get("path", "")
    rules: Any = said.get("rules", [])
    reason: Any = said.get("reason", "")
    if not isinstance(path, str) or not isinstance(reason, str) or not isinstance(rules, list):
        raise MarksError("path and reason are texts, and rules is a list of texts")
    names = cast("Sequence[Any]", rules)
    if len(path) > LONGEST or not all(isinstance(name, str) for name in names):
        raise MarksError("path and reason are texts, and rules is a list of texts")
    if not path and not names:
        raise MarksError("a fixture names neither a path nor rules")
    return Mark(path, tuple(names), reason[:LONGEST])
