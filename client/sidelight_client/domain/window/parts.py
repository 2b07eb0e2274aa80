"""What a context window consists of: the parts that are sent, in order, and the cuts with their reasons."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ..place import Position, Range


class PartKind(StrEnum):
    """What a part of the window is; in the order in which the parts are sent.

    What changes least comes first: providers cache a prompt up to its first changed byte.
    """

    SYSTEM = "system"
    REPOSITORY = "repository"
    DEFINITION = "definition"
    TAB = "tab"
    HEAD = "head"
    EDIT = "edit"
    PREFIX = "prefix"
    SUFFIX = "suffix"


AROUND = (PartKind.PREFIX, PartKind.SUFFIX)
"""The text around the cursor; every other part is context."""


class Why(StrEnum):
    """Why a part is in the window, in words that follow "sent because it is"."""

    BEFORE = "before the cursor"
    AFTER = "after the cursor"
    HEAD = "the beginning of the file"
    DEFINITION = "the definition of an imported name"
    SIMILAR = "similar text in an open file"
    EDITED = "text that was edited recently"


class CutReason(StrEnum):
    """Why text that might have helped was left out."""

    BUDGET = "budget"
    POLICY = "policy"
    SIZE = "size"
    AGE = "age"
    SCOPE = "scope"
    UNRELATED = "unrelated"
    """There was room for it, but nothing in it resembles the place of the cursor."""


@dataclass(frozen=True, slots=True)
class Part:
    """A run of text that is sent, and where it stands in its document."""

    kind: PartKind
    uri: str
    range: Range
    text: str
    why: str


@dataclass(frozen=True, slots=True)
class Cut:
    """A run of lines that is not sent. `lines` counts whole and partial lines."""

    uri: str
    lines: int
    why: CutReason
    range: Range | None = None
    """Where it stands; None where only its length is known."""


@dataclass(frozen=True, slots=True)
class WindowLimits:
    """How much may be sent, in code points. Fixed sizes keep latency independent of the file.

    Attributes:
        prefix: before the cursor.
        suffix: after the cursor.
        context: all other parts together.
    """

    prefix: int = 3_000
    suffix: int = 1_000
    context: int = 2_000


@dataclass(frozen=True, slots=True)
class Window:
    """The parts in the order they are sent, and the cuts."""

    parts: tuple[Part, ...]
    cuts: tuple[Cut, ...] = ()

    @property
    def prefix(self) -> str:
        """The text right before the cursor."""
        return self.text(PartKind.PREFIX)

    @property
    def suffix(self) -> str:
        """The text right after the cursor."""
        return self.text(PartKind.SUFFIX)

    def text(self, kind: PartKind) -> str:
        """The text of all parts of `kind`, one after the other."""
        return "".join(part.text for part in self.parts if part.kind is kind)

    def locate(self, kind: PartKind, start: int, end: int) -> tuple[str, Range] | None:
        """The document range of code points `start:end` of the sent text of `kind`.

        A gateway reports a finding by offsets in what it received; this is the way back to the
        person's file. None when the offsets lie outside what was sent.
        """
        offset = 0
        for part in self.parts:
            if part.kind is not kind:
                continue
            if offset <= start and end <= offset + len(part.text):
                inside = part.text[: end - offset]
                origin = part.range.start
                return part.uri, Range(
                    _advance(origin, inside[: start - offset]), _advance(origin, inside)
                )
            offset += len(part.text)
        return None


def _advance(origin: Position, text: str) -> Position:
    """The position reached by walking over `text` from `origin` (line ends: LF, CRLF, CR)."""
    flat = text.replace("\r\n", "\n").replace("\r", "\n")
    breaks = flat.count("\n")
    if not breaks:
        return Position(origin.line, origin.character + len(text))
    return Position(origin.line + breaks, len(flat) - flat.rindex("\n") - 1)


def end_of(lines: Sequence[str]) -> Position:
    """Where a document held as lines with their line ends is over."""
    if not lines:
        return Position(0, 0)
    if lines[-1].endswith(("\n", "\r")):
        return Position(len(lines), 0)
    return Position(len(lines) - 1, len(lines[-1]))


def line_count(place: Range) -> int:
    """How many whole and partial lines lie in `place`."""
    return place.end.line - place.start.line + (1 if place.end.character else 0)


def gaps(end: Position, sent: Iterable[Range]) -> list[Range]:
    """What of a document that is over at `end` lies in none of the ranges `sent`, in order."""
    found: list[Range] = []
    reached = Position(0, 0)
    for place in sorted(sent, key=lambda place: place.start):
        if reached < place.start:
            found.append(Range(reached, place.start))
        reached = max(reached, place.end)
    if reached < end:
        found.append(Range(reached, end))
    return found


def cuts_of(uri: str, end: Position, sent: Iterable[Range], why: CutReason) -> tuple[Cut, ...]:
    """The cuts that make the ranges `sent` of a document complete: together they are all of it."""
    return tuple(Cut(uri, line_count(gap), why, gap) for gap in gaps(end, sent))
