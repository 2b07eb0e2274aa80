"""Pieces of other places that may help: how they are cut, compared and chosen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..place import Position, Range
from .edges import first_best, last_best
from .parts import PartKind, Why, end_of
from .similarity import Fingerprint, fingerprint, jaccard

CHUNK_LINES = 24
"""The longest piece, in lines."""
LONGEST_CHUNK = 2_000
"""Code points; a longer piece is data or generated, and no example."""
NEARLY_THE_SAME = 0.9
"""From this similarity on, the second of two pieces says nothing new."""
RESEMBLES = 0.05
"""Pieces with less in common than this are noise, not context."""
LOYALTY = 1.5
"""How much better a new piece must be than one that was sent before. Replacing a piece moves every
byte behind it, and costs the provider's prompt cache."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a document.

    Attributes:
        words: what it is compared by.
        age: how many places were visited or edited since; 0 is the latest.
    """

    kind: PartKind
    uri: str
    range: Range
    text: str
    why: Why
    words: Fingerprint = frozenset()
    age: int = 0

    @property
    def place(self) -> tuple[PartKind, str, Position]:
        """What tells it from other pieces, whatever its text has become."""
        return self.kind, self.uri, self.range.start

    def overlaps(self, uri: str, place: Range) -> bool:
        """Whether the piece and `place` have text in common."""
        return self.uri == uri and self.range.start < place.end and place.start < self.range.end

    def stands(self, lines: Sequence[str]) -> bool:
        """Whether its text is still what it was in the live document."""
        first, last = self.range.start.line, self.range.end.line
        if last >= len(lines) and self.range.end != end_of(lines):
            return False
        return "".join(lines[first : last + bool(self.range.end.character)]) == self.text


def rows_around(lines: Sequence[str], row: int, most: int = CHUNK_LINES) -> tuple[int, int]:
    """The rows of a piece of at most `most` lines around `row`, from one syntactic edge to another."""
    row = min(max(row, 0), max(len(lines) - 1, 0))
    low = max(row - most // 2, 0)
    first = first_best(lines, low, max(row - most // 4, low) + 1)
    high = min(first + most, len(lines))
    if high < len(lines):
        high = last_best(lines, max(high - most // 4, row + 1), high)
    return first, high


def chunk_of(
    lines: Sequence[str], rows: tuple[int, int], uri: str, kind: PartKind, why: Why
) -> Chunk | None:
    """The piece of the whole lines from the first of `rows` up to, not including, the second.

    None where there is nothing to show, or nothing a person wrote by hand.
    """
    first, last = rows
    text = "".join(lines[first:last])
    if len(text) > LONGEST_CHUNK or not text.strip():
        return None
    end = Position(last, 0) if last < len(lines) else end_of(lines)
    return Chunk(kind, uri, Range(Position(first, 0), end), text, why, fingerprint(text))


def without_repeats(chunks: Iterable[Chunk]) -> list[Chunk]:
    """`chunks` without those that are nearly the same as one before them, or overlap one."""
    kept: list[Chunk] = []
    for chunk in chunks:
        if not any(
            chunk.overlaps(other.uri, other.range)
            or jaccard(chunk.words, other.words) > NEARLY_THE_SAME
            for other in kept
        ):
            kept.append(chunk)
    return kept


def ranked(chunks: Iterable[Chunk], here: Fingerprint, before: Sequence[Chunk] = ()) -> list[Chunk]:
    """The pieces that resemble the place of the cursor, the most similar first.

    Args:
        chunks: the candidates; of equally similar ones the youngest wins.
        here: what the text around the cursor is compared by.
        before: the pieces of the latest request, which count for more.
    """
    known = {chunk.place for chunk in before}
    scored = [
        (jaccard(chunk.words, here) * (LOYALTY if chunk.place in known else 1.0), chunk)
        for chunk in chunks
    ]
    scored.sort(key=lambda pair: (-pair[0], pair[1].age, pair[1].uri, pair[1].range.start))
    return [chunk for score, chunk in scored if score >= RESEMBLES]


def fitting(chunks: Iterable[Chunk], budget: int, before: Sequence[Chunk] = ()) -> list[Chunk]:
    """As many of `chunks`, in their order of preference, as `budget` code points hold.

    What was sent before comes first, in the order in which it was sent: equal leading bytes are
    what prompt caches live on.
    """
    chosen: list[Chunk] = []
    for chunk in chunks:
        if len(chunk.text) <= budget:
            budget -= len(chunk.text)
            chosen.append(chunk)
    known = {chunk.place: number for number, chunk in enumerate(before)}
    return sorted(chosen, key=lambda chunk: known.get(chunk.place, len(known)))
