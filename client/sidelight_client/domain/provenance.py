"""Where a suggestion went and how much of it is still there: trace id, place, and hashes of lines.

It answers "did it survive?" of the lines of one request, which a trace id joins to a commit later.
Numbers and hashes only, and never a rate: how often people press a key says nothing of what it is worth.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from hashlib import blake2b

CHECK_AFTER_S = 300.0
"""When lines are looked at again; whoever meant to change them at once has done so by then."""

MOST_LINES = 64
"""Of a longer suggestion the first lines are followed."""

LINES_AROUND = 400
"""How far from its place a line is looked for: edits above move it, and nobody reads a whole file."""

_HASH_BYTES = 8


class Way(Enum):
    """How it came into the file, or that it did not."""

    ACCEPTED = "accepted"
    PARTLY = "partly"
    TYPED = "typed"
    DISMISSED = "dismissed"
    """The person typed something else, went elsewhere or closed it. It says no more than that: it may
    have been read, and been of use."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """One suggestion in one file.

    Attributes:
        trace_id: of the request that brought it.
        at: when it was taken, in seconds since the epoch.
        file: a hash of the file's uri.
        first_line: where it began, zero-based, when it was taken.
        characters: how many of it are in the file; of one that was dismissed, how many were typed.
        line_hashes: of its lines that are not blank, in order; `MOST_LINES` at most.
        saved: how many of these lines stood in the file when it was saved next; None before.
        later: the same `CHECK_AFTER_S` after it was taken; None before, or when the file was closed.
    """

    trace_id: str
    at: float
    way: Way
    file: str
    first_line: int
    characters: int
    line_hashes: tuple[str, ...]
    saved: int | None = None
    later: int | None = None

    @property
    def range_hash(self) -> str:
        """One hash for all of its lines."""
        return range_hash(self.trace_id, self.line_hashes)


def provenance(
    trace_id: str,
    at: float,
    way: Way,
    *,
    uri: str,
    first_line: int,
    text: str,
    lines: Sequence[str],
) -> Provenance:
    """What is known when a suggestion was taken.

    Args:
        trace_id: W3C Trace Context, 32 hexadecimal digits.
        at: the wall clock.
        way: how it came into the file.
        uri: of the file.
        first_line: where `lines` begin in it.
        text: what was put in.
        lines: the file's whole lines that hold it; what stood there before counts as theirs.
    """
    told = tuple(line_hash(trace_id, line) for line in lines[:MOST_LINES] if line.strip())
    return Provenance(trace_id, at, way, file_hash(trace_id, uri), first_line, len(text), told)


def joined(before: Provenance, further: Provenance) -> Provenance:
    """What is known of a suggestion that came into a file in two pieces, one behind the other."""
    known = before.line_hashes
    more = further.line_hashes
    # The line in which the pieces meet belongs to both.
    more = more[1:] if known[-1:] == more[:1] else more
    return replace(
        further,
        at=before.at,
        first_line=min(before.first_line, further.first_line),
        characters=before.characters + further.characters,
        line_hashes=(known + more)[:MOST_LINES],
    )


def look_again(
    known: Provenance, lines: Sequence[str], *, saved: bool = False, later: bool = False
) -> Provenance:
    """What is known after a look at these lines of the file; see `around`.

    A line that was moved within what is looked at has survived; one that is there twice counts as
    often as it was put in.
    """
    there = Counter(line_hash(known.trace_id, line) for line in lines if line.strip())
    count = (there & Counter(known.line_hashes)).total()
    return replace(
        known, saved=count if saved else known.saved, later=count if later else known.later
    )


def around(known: Provenance, total_lines: int) -> tuple[int, int]:
    """The lines that are looked at, from the first to before the last."""
    start = max(0, min(known.first_line, total_lines) - LINES_AROUND)
    return start, min(total_lines, known.first_line + len(known.line_hashes) + LINES_AROUND)


def line_hash(trace_id: str, line: str) -> str:
    """A line's hash without the blanks around it, so that formatting is no change.

    The trace id is the key: equal lines of two requests have different hashes, so that no table of
    common lines tells what was written.
    """
    return _digest(trace_id, line.strip())


def file_hash(trace_id: str, uri: str) -> str:
    """A file's uri, as it is kept of one suggestion in it."""
    return _digest(trace_id, uri)


def range_hash(trace_id: str, line_hashes: Sequence[str]) -> str:
    """One hash for lines in a row, by their own."""
    return _digest(trace_id, "\n".join(line_hashes))


def _digest(trace_id: str, text: str) -> str:
    key = trace_id.encode()[:64]
    raw = text.encode("utf-8", "surrogatepass")
    return blake2b(raw, digest_size=_HASH_BYTES, key=key).hexdigest()
