"""What a person or a path says about a file's content: fixtures, and marks that name them."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path

MARK_COMMENT = "sidelight: fixture"
"""On the line of a value or the one above: it is made up, says the person who wrote it."""

_FIXTURE_FOLDERS = frozenset(
    (
        *("test", "tests", "testing", "testdata", "test_data", "__tests__", "spec", "specs"),
        *("fixture", "fixtures", "__fixtures__", "mock", "mocks", "__mocks__", "stubs", "fakes"),
        *("examples", "example", "samples", "sample", "cassettes", "snapshots", "seeds", "e2e"),
        *("demo", "demos", "golden", "testsuite", "benchmarks"),
    )
)
_FIXTURE_NAMES = (
    "test_*",
    "*_test.*",
    "*.test.*",
    "*.spec.*",
    "*_spec.*",
    "conftest.py",
    "*Test.*",
)
_FIXTURE_NAMES_TOO = (
    "*Tests.*",
    "*fixture*",
    "*.example",
    "*.sample",
    "*.example.*",
    "seed*.*",
    "*mock*",
)


@dataclass(frozen=True, slots=True)
class Mark:
    """A line of `.sidelight.toml` that says: what rules find here is made up.

    Attributes:
        path: glob over the path below the file's folder; empty means every path.
        rules: the rules it is about; empty means all of them.
        reason: why, in the person's words.
    """

    path: str = ""
    rules: tuple[str, ...] = ()
    reason: str = ""


def as_toml(mark: Mark) -> str:
    """The table to add to the end of `.sidelight.toml` for a mark (TOML 1.0, basic strings)."""
    rules = ", ".join(map(_quoted, mark.rules))
    lines = (
        f"path = {_quoted(mark.path)}\n" if mark.path else "",
        f"rules = [{rules}]\n" if mark.rules else "",
        f"reason = {_quoted(mark.reason)}\n" if mark.reason else "",
    )
    return "[[fixture]]\n" + "".join(lines)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in escaped) + '"'


@dataclass(frozen=True, slots=True)
class MarksFile:
    """Where a mark for a document would be written.

    Attributes:
        inside: the document's path, as the file's globs count it.
        lines: line ends in the file; with `last_column` its end, in utf-16 as editors count.
    """

    path: Path
    inside: str
    exists: bool = False
    lines: int = 0
    last_column: int = 0


@dataclass(frozen=True)
class ContentPlace:
    """Where a text stands, as far as it says something about it.

    A mark says whether a value is real. It never changes what the gateway would do: a file of
    the workspace cannot loosen what the organisation decided.

    Attributes:
        path: the path inside the workspace, with `/`.
        marks: those of the workspace.
    """

    path: str = ""
    marks: tuple[Mark, ...] = ()

    @cached_property
    def fixture(self) -> bool:
        """Whether the path is one where people keep made-up values."""
        *folders, name = self.path.replace("\\", "/").split("/")
        return any(folder.lower() in _FIXTURE_FOLDERS for folder in folders) or any(
            fnmatchcase(name, pattern) for pattern in (*_FIXTURE_NAMES, *_FIXTURE_NAMES_TOO)
        )

    @cached_property
    def _here(self) -> tuple[Mark, ...]:
        return tuple(mark for mark in self.marks if _covers(mark.path, self.path))

    def marked(self, rule: str) -> bool:
        """Whether a mark says that what `rule` finds here is made up."""
        return any(not mark.rules or rule in mark.rules for mark in self._here)


def _covers(pattern: str, path: str) -> bool:
    """As in `.gitignore`: without a slash it is about names, a folder is about all that is in it."""
    path, pattern = path.replace("\\", "/").lstrip("/"), pattern.strip("/")
    if not pattern:
        return True
    if "/" not in pattern:
        return any(fnmatchcase(piece, pattern) for piece in path.split("/"))
    return fnmatchcase(path, pattern) or fnmatchcase(path, f"{pattern}/*")
