"""The context window of one request: what goes in, in which order, and what was cut and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from .place import Position, Range


class PartKind(StrEnum):
    """What a part of the window is; in the order in which the parts are sent."""

    SYSTEM = "system"
    REPOSITORY = "repository"
    TAB = "tab"
    DEFINITION = "definition"
    EDIT = "edit"
    PREFIX = "prefix"
    SUFFIX = "suffix"


class CutReason(StrEnum):
    """Why text that might have helped was left out."""

    BUDGET = "budget"
    POLICY = "policy"
    SIZE = "size"
    AGE = "age"
    SCOPE = "scope"


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


@dataclass(frozen=True, slots=True)
class WindowLimits:
    """How much may be sent, in code points. Fixed sizes keep latency independent of the file."""

    prefix: int = 3_000
    suffix: int = 1_000


@dataclass(frozen=True, slots=True)
class Window:
    """The parts in the order they are sent, and the cuts."""

    parts: tuple[Part, ...]
    cuts: tuple[Cut, ...] = ()

    @property
    def prefix(self) -> str:
        """The text right before the cursor."""
        return self._text(PartKind.PREFIX)

    @property
    def suffix(self) -> str:
        """The text right after the cursor."""
        return self._text(PartKind.SUFFIX)

    def _text(self, kind: PartKind) -> str:
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


def take(
    lines: Sequence[str], at: Position, uri: str, limits: WindowLimits | None = None
) -> Window:
    """Cut a window around `at` out of a document held as lines with their line ends.

    The cost depends on `limits`, not on the length of the document. Whole lines are kept where
    they fit; a line longer than what is left of the budget is cut only when it is the cursor's own.

    Args:
        lines: the document, each line with its line end.
        at: the cursor; a column behind the end of its line means the end of the line.
        uri: the document's uri, for the ledger.
        limits: sizes in code points.
    """
    limits = limits or WindowLimits()
    row = min(max(at.line, 0), max(len(lines) - 1, 0))
    line = lines[row] if lines else ""
    column = min(max(at.character, 0), len(line.rstrip("\r\n")))
    before, first_row, first_column = _before(lines, row, line[:column], limits.prefix)
    after, last = _after(lines, row, line[column:], column, limits.suffix)
    cursor = Position(row, column)
    start = Position(first_row, first_column)
    cuts: list[Cut] = []
    lines_before = first_row + (1 if first_column else 0)
    if lines_before:
        cuts.append(Cut(uri, lines_before, CutReason.BUDGET))
    lines_after = _lines_after(lines, last)
    if lines_after:
        cuts.append(Cut(uri, lines_after, CutReason.BUDGET))
    return Window(
        parts=(
            Part(PartKind.PREFIX, uri, Range(start, cursor), before, "before the cursor"),
            Part(PartKind.SUFFIX, uri, Range(cursor, last), after, "after the cursor"),
        ),
        cuts=tuple(cuts),
    )


def _before(lines: Sequence[str], row: int, head: str, budget: int) -> tuple[str, int, int]:
    if len(head) > budget:
        return head[len(head) - budget :], row, len(head) - budget
    kept = [head]
    left = budget - len(head)
    while row > 0 and len(lines[row - 1]) <= left:
        row -= 1
        kept.append(lines[row])
        left -= len(lines[row])
    return "".join(reversed(kept)), row, 0


def _after(
    lines: Sequence[str], row: int, tail: str, column: int, budget: int
) -> tuple[str, Position]:
    if len(tail) > budget:
        return tail[:budget], Position(row, column + budget)
    kept = [tail]
    left = budget - len(tail)
    end = Position(row, column + len(tail.rstrip("\r\n")))
    if tail.endswith(("\n", "\r")):
        end = Position(row + 1, 0)
    while row + 1 < len(lines) and len(lines[row + 1]) <= left:
        row += 1
        text = lines[row]
        kept.append(text)
        left -= len(text)
        end = Position(row + 1, 0) if text.endswith(("\n", "\r")) else Position(row, len(text))
    return "".join(kept), end


def _lines_after(lines: Sequence[str], end: Position) -> int:
    """How many lines have text behind `end`, the partial one included."""
    if end.line >= len(lines):
        return 0
    last = len(lines) if lines[-1] else len(lines) - 1
    first = end.line if lines[end.line][end.character :] else end.line + 1
    return max(last - first, 0)
