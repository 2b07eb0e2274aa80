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


@dataclass(frozen=True, slots=True)
class Document:
    """What identifies a document: never its text."""

    uri: str
    language: str = "plaintext"
    repository: str | None = None
    """The repository's canonical remote (`host/owner/name`) or None where there is none."""
