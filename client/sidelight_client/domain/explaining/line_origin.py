"""Which suggestion a line of a file came with, told from what provenance keeps: hashes, and no text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..provenance import MOST_LINES, Way, file_hash, line_hash, range_hash


@dataclass(frozen=True, slots=True)
class Taken:
    """A suggestion that went into a file, as the ledger keeps it; see `provenance.Provenance`.

    Attributes:
        lines: how many of its lines are not blank.
        range_hash: one hash for all of them.
    """

    trace_id: str
    at: float
    way: Way
    file: str
    lines: int
    range_hash: str
    saved: int | None = None
    later: int | None = None

    @property
    def still_there(self) -> int | None:
        """How many of its lines stood in the file when it was last looked at; None before."""
        return self.saved if self.later is None else self.later


def line_origin(taken: Iterable[Taken], uri: str, lines: Sequence[str], row: int) -> Taken | None:
    """The suggestion that put the line `row` into a file, if all of its lines are there as it wrote them.

    Args:
        taken: what is kept, in any order; the latest that fits counts.
        uri: of the file, as the editor names it.
        lines: of the file as it is now.
        row: zero-based.
    """
    if not 0 <= row < len(lines) or not lines[row].strip():
        return None
    above = [line for line in lines[max(row - MOST_LINES * 2, 0) : row] if line.strip()]
    below = [line for line in lines[row : row + MOST_LINES * 2] if line.strip()]
    above, below = above[-MOST_LINES:], below[:MOST_LINES]
    near, here = [*above, *below], len(above)
    fits = (
        one
        for one in sorted(taken, key=lambda one: one.at, reverse=True)
        if one.file == file_hash(one.trace_id, uri) and _stands(one, near, here)
    )
    return next(fits, None)


def _stands(one: Taken, near: Sequence[str], here: int) -> bool:
    """Whether the lines of a suggestion stand in a row that holds the line at `here`."""
    if not 1 <= one.lines <= MOST_LINES:
        return False
    hashes = [line_hash(one.trace_id, line) for line in near]
    starts = range(max(here - one.lines + 1, 0), min(here, len(near) - one.lines) + 1)
    return any(
        range_hash(one.trace_id, hashes[start : start + one.lines]) == one.range_hash
        for start in starts
    )
