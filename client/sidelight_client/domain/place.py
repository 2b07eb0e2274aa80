"""Where text is: positions, ranges and the document they belong to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a document: zero-based line and zero-based column in Unicode code points.

    The language server converts from and to the editor's units (utf-8, utf-16, utf-32) at its edge.
    """

    line: int
    character: int


@dataclass(frozen=True, slots=True)
class Range:
    """From `start` up to but not including `end`."""

    start: Position
    end: Position

    @property
    def empty(self) -> bool:
        return self.start == self.end


LONGEST_FILE = 200
_DRIVE = ":/"


@dataclass(frozen=True, slots=True)
class FileLine:
    """A line as a person finds it again: `src/pay.py:41`. None of its text.

    Attributes:
        file: its path inside the repository; of a file that lies in none, the name alone.
        line: counted from one, as editors show it.
    """

    file: str
    line: int


def file_line(path: str, line: int) -> FileLine:
    """The line of a file, in at most `LONGEST_FILE` printable characters.

    Args:
        path: inside the repository; the whole path, on this machine or another, where there is none.
        line: counted from zero.
    """
    whole = path.startswith("/") or path[1:3] == _DRIVE
    shown = path.rpartition("/")[2] if whole else path
    printable = "".join(c if c.isprintable() else "?" for c in shown[-LONGEST_FILE:])
    return FileLine(printable, line + 1)


@dataclass(frozen=True, slots=True)
class Document:
    """What identifies a document: never its text."""

    uri: str
    language: str = "plaintext"
    repository: str | None = None
    """The repository's canonical remote (`host/owner/name`) or None where there is none."""
