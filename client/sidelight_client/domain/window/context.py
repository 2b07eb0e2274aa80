"""The window with its context: which pieces of other places are sent along, and what was left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..place import Document, Position, Range
from .chunks import Chunk, fitting, ranked, without_repeats
from .edges import last_best
from .parts import AROUND, Cut, CutReason, Part, PartKind, Window, cuts_of, end_of, line_count
from .similarity import Fingerprint

SHARES = {
    PartKind.HEAD: 0.25,
    PartKind.DEFINITION: 0.35,
    PartKind.EDIT: 0.4,
    PartKind.TAB: 1.0,
}
"""How much of the context each kind may take, in this order; similar text gets what is left."""
MOST_CUT_DOCUMENTS = 32
"""How many other documents the ledger names; the nearest ones in time."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another document that is open.

    Attributes:
        end: where it is over.
        kept_out: why nothing of it may be sent; None when it may.
    """

    uri: str
    end: Position
    kept_out: CutReason | None = None


def kept_out(here: Document, there: Document, *, allowed: bool) -> CutReason | None:
    """Why text of `there` must not be sent along with a request for `here`; None when it may.

    Outside of any repository a folder stands for one: a scratch file next to the door is no
    neighbour of a file in another folder.

    `allowed` is whether the organisation's rules let its text leave at all.
    """
    if not allowed:
        return CutReason.POLICY
    if here.repository != there.repository:
        return CutReason.SCOPE
    if here.repository is None and _folder(here.uri) != _folder(there.uri):
        return CutReason.SCOPE
    return None


def _folder(uri: str) -> str:
    return uri.rpartition("/")[0]


def head_rows(lines: Sequence[str], start: int, budget: int) -> tuple[int, int]:
    """The rows at the beginning of the file that fit in `budget`, up to row `start`."""
    most = int(budget * SHARES[PartKind.HEAD])
    last = 0
    while last < min(start, len(lines)) and len(lines[last]) <= most:
        most -= len(lines[last])
        last += 1
    if last < start and last:
        last = last_best(lines, max(last - last // 3, 1), last)
    return 0, last


def select(
    candidates: Iterable[Chunk], here: Fingerprint, budget: int, before: Sequence[Chunk] = ()
) -> tuple[Chunk, ...]:
    """The pieces to send, in the order in which they are sent.

    Args:
        candidates: what there is; of a kind the most useful first. Similar text is ranked here.
        here: what the text around the cursor is compared by.
        budget: for all of them, in code points.
        before: what was chosen for the latest request, which stays unless there is much better.
    """
    by_kind: dict[PartKind, list[Chunk]] = {}
    for chunk in candidates:
        by_kind.setdefault(chunk.kind, []).append(chunk)
    chosen: list[Chunk] = []
    left = budget
    for kind, share in SHARES.items():
        found = by_kind.get(kind, [])
        if kind is PartKind.TAB:
            found = ranked(found, here, before)
        new = without_repeats((*chosen, *found))[len(chosen) :]
        fits = fitting(new, min(left, int(budget * share)), before)
        left -= sum(len(chunk.text) for chunk in fits)
        chosen += fits
    order = list(PartKind)
    return tuple(sorted(chosen, key=lambda chunk: order.index(chunk.kind)))


def assemble(
    around: Window,
    uri: str,
    lines: Sequence[str],
    chosen: Iterable[Chunk],
    neighbours: Sequence[Neighbour] = (),
) -> Window:
    """`around` with the chosen pieces before it, and every cut accounted for.

    The ranges of a document's parts and cuts together are the whole document, each character once.

    Args:
        around: the text around the cursor.
        uri: the document it was cut out of.
        lines: that document.
        chosen: the pieces, none of which overlaps another or the text around the cursor.
        neighbours: the other documents that were considered, the nearest first.
    """
    parts = [Part(c.kind, c.uri, c.range, c.text, c.why) for c in chosen]
    sent: dict[str, list[Range]] = {}
    for part in (*parts, *around.parts):
        sent.setdefault(part.uri, []).append(part.range)
    cuts = list(cuts_of(uri, end_of(lines), sent.get(uri, []), CutReason.BUDGET))
    for neighbour in neighbours[:MOST_CUT_DOCUMENTS]:
        ranges = sent.get(neighbour.uri, [])
        why = neighbour.kept_out or (CutReason.BUDGET if ranges else CutReason.UNRELATED)
        cuts += cuts_of(neighbour.uri, neighbour.end, ranges, why)
    return Window((*parts, *around.parts), tuple(cuts))


def without_places(window: Window, forbidden: Mapping[str, CutReason]) -> Window:
    """`window` without any text of the documents `forbidden`, which becomes cuts.

    The text around the cursor stays: whether a request may be made there at all is decided before.
    """
    out = [part for part in window.parts if part.kind not in AROUND and part.uri in forbidden]
    if not out:
        return window
    cuts = [Cut(part.uri, line_count(part.range), forbidden[part.uri], part.range) for part in out]
    return Window(tuple(p for p in window.parts if p not in out), (*window.cuts, *cuts))
