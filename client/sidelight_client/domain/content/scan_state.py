"""The findings of a document that is being edited: each keystroke costs the rows it touches.

A row's findings depend on the row, on the one above it (a mark may stand there) and on the few
rows its matches may run on into. So only those are searched again, however long the document is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from ..place import Position, Range
from .marks import ContentPlace
from .rule import Matcher, Rule, Validators
from .verdict import Answer, Hit, RealReason, judge


@dataclass(frozen=True, slots=True)
class ContentFinding:
    """A judged place in a document. It never holds the text."""

    rule: Rule
    range: Range
    would_block: Answer
    real: Answer
    why: RealReason
    masked: str


@dataclass(frozen=True, slots=True)
class ScanLimits:
    """What keeps one step short and the memory of a document bounded; sizes are code points."""

    step: int = 32_768
    """A step of the first pass, well under a millisecond of matching."""
    step_rows: int = 320
    edit_rows: int = 64
    """An edit that touches more rows is left to `step`."""
    row: int = 100_000
    """A longer row, as of minified code, is not searched."""
    findings: int = 500


class _Capped(Enum):
    """A row that was not searched to its end: what is in it is unknown."""

    CAPPED = auto()


_Row = tuple[Hit, ...] | _Capped
_CLEAN: tuple[Hit, ...] = ()


class ScanState:
    """The findings of one document, given as lines with their line ends.

    `open` tells of a new text and `edit` of a change; both are followed by `step` until it
    returns False. No call searches more than the limits say.
    """

    def __init__(
        self,
        matcher: Matcher,
        validators: Validators,
        place: ContentPlace,
        limits: ScanLimits | None = None,
    ) -> None:
        self._matcher = matcher
        self._validators = validators
        self._place = place
        self._limits = limits or ScanLimits()
        self._rows: list[_Row] = []
        self._next = 0
        """Rows from here on wait to be searched."""
        self._capped = self._found = 0
        self._full = False

    @property
    def searched(self) -> bool:
        """Whether every row was searched to its end."""
        return not (self.waiting or self._capped or self._full)

    @property
    def complete(self) -> bool:
        """Whether that was with every rule there is; if not, no finding means nothing."""
        return self.searched and not self._matcher.problems

    @property
    def waiting(self) -> bool:
        """Whether rows are left to search."""
        return self._next < len(self._rows)

    def open(self, lines: Sequence[str]) -> None:
        """Begin again with a whole text; nothing is searched yet."""
        self._rows = [_CLEAN] * len(lines)
        self._next = self._capped = self._found = 0
        self._full = False

    def edit(self, lines: Sequence[str], first: int, removed: int, inserted: int) -> None:
        """Take note that `removed` rows from `first` on became `inserted` rows of `lines`.

        The rows are searched at once where that is little work, else by the next `step`.
        """
        self._replace(first, first + removed, [_CLEAN] * inserted)
        if self._next >= first + removed:
            self._next += inserted - removed
        else:
            self._next = min(self._next, first)
        begin = max(0, first - self._matcher.reach)
        end = min(len(self._rows), first + inserted + 1)
        small = end - begin <= self._limits.edit_rows
        if small and sum(map(len, lines[begin:end])) <= 2 * self._limits.step:
            self._search(lines, begin, end)
            if begin <= self._next:
                self._next = max(self._next, end)
        else:
            self._next = min(self._next, begin)

    def step(self, lines: Sequence[str]) -> bool:
        """Search the next rows that wait; False when none is left."""
        begin = self._next
        end = min(begin + self._limits.step_rows, len(self._rows))
        if begin >= end:
            return False
        while end - begin > 1 and sum(map(len, lines[begin:end])) > self._limits.step:
            end = begin + (end - begin) // 2
        self._search(lines, begin, end)
        self._next = end
        return self.waiting

    def findings(self) -> Iterator[ContentFinding]:
        """What was found, in the order of the text."""
        if self._found:
            for number, row in enumerate(self._rows):
                if row and isinstance(row, tuple):
                    yield from (_placed(hit, number) for hit in row)

    def at(self, row: int) -> tuple[ContentFinding, ...]:
        """What was found that begins in a row."""
        state = self._rows[row] if 0 <= row < len(self._rows) else _CLEAN
        return tuple(_placed(hit, row) for hit in state) if isinstance(state, tuple) else ()

    def _search(self, lines: Sequence[str], begin: int, end: int) -> None:
        rows = list(lines[begin : end + self._matcher.reach])
        count = end - begin
        longest = self._limits.row
        tall: list[int] = []
        if max(map(len, rows), default=0) > longest:
            # Only the long rows stay unknown; what would reach into one is cut off before it.
            tall = [i for i, row in enumerate(rows) if len(row) > longest]
            for i in tall:
                rows[i] = ""
        found = self._matcher.find(rows, count)
        results: list[_Row] = [_CLEAN] * count
        self._replace(begin, end, results)
        above = lines[begin - 1] if begin else ""
        for candidate in found.candidates:
            hit = judge(candidate, rows, above, self._place, self._validators)
            if hit is None:
                continue
            if self._found >= self._limits.findings:
                self._full = True
                break
            row = begin + candidate.row
            held = self._rows[row]
            self._rows[row] = (*held, hit) if isinstance(held, tuple) else (hit,)
            self._found += 1
        unknown = range(count) if not found.complete else (i for i in tall if i < count)
        for i in unknown:
            if not self._rows[begin + i]:
                self._rows[begin + i] = _Capped.CAPPED
                self._capped += 1

    def _replace(self, begin: int, end: int, new: list[_Row]) -> None:
        """Put rows in the place of others and keep the counts; it costs what it replaces."""
        if self._found or self._capped:
            for row in self._rows[begin:end]:
                if row:
                    if isinstance(row, tuple):
                        self._found -= len(row)
                    else:
                        self._capped -= 1
        self._rows[begin:end] = new


def _placed(hit: Hit, row: int) -> ContentFinding:
    # A hit counts its rows from where it was searched; only the difference means anything.
    end_row = row + hit.end_row - hit.row
    return ContentFinding(
        hit.rule,
        Range(Position(row, hit.start), Position(end_row, hit.end)),
        hit.would_block,
        hit.real,
        hit.why,
        hit.masked,
    )
