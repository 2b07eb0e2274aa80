"""Less of a window, when the model takes less than was sent: what stands nearest the cursor stays."""

from __future__ import annotations

from dataclasses import replace

from ..failure import Failure
from ..window import Cut, CutReason, Part, PartKind, Window

HALF = 0.5
OF_THE_LIMIT = 0.8
"""Tokens are counted differently on each side; a fifth is left for that."""
LEAST_CHARS = 200
AFTER_SHARE = 0.25
"""Of what is left, how much may stand after the cursor."""


def fitting_chars(failure: Failure, window: Window) -> int:
    """How many characters to send after the gateway found `window` too large.

    Half of them; or less, where the gateway told its limit and what it counted.
    """
    share = HALF
    limit, got = failure.facts.get("limit"), failure.facts.get("got")
    if isinstance(limit, (int, float)) and isinstance(got, (int, float)) and 0 < limit < got:
        share = min(share, OF_THE_LIMIT * limit / got)
    return max(int(size(window) * share), LEAST_CHARS)


def size(window: Window) -> int:
    """Its length in code points."""
    return sum(len(part.text) for part in window.parts)


def shrink(window: Window, chars: int) -> Window:
    """`window` with at most about `chars` characters; what was left out is among its cuts.

    Text of other places stays as far as there is room beside the text around the cursor, which is
    cut from its far ends, at a line's end where there is one.
    """
    if size(window) <= chars:
        return window
    after = min(len(window.suffix), int(chars * AFTER_SHARE))
    before = min(len(window.prefix), chars - after)
    left = chars - before - after
    kept: list[Part] = []
    cuts = list(window.cuts)
    for part in window.parts:
        if part.kind is PartKind.PREFIX:
            kept.append(_end_of(part, before))
        elif part.kind is PartKind.SUFFIX:
            kept.append(_start_of(part, after))
        elif len(part.text) <= left:
            kept.append(part)
            left -= len(part.text)
        else:
            cuts.append(Cut(part.uri, part.text.count("\n") + 1, CutReason.SIZE))
            continue
        lost = part.text.count("\n") - kept[-1].text.count("\n")
        if lost:
            cuts.append(Cut(part.uri, lost, CutReason.SIZE))
    return Window(tuple(kept), tuple(cuts))


def _end_of(part: Part, chars: int) -> Part:
    if len(part.text) <= chars:
        return part
    start = len(part.text) - chars
    line = part.text.find("\n", max(start - 1, 0)) + 1
    # A line longer than what is left is cut inside: the cursor is on it.
    start = line if 0 < line < len(part.text) else start
    if part.text[start - 1 : start + 1] == "\r\n":
        start += 1
    return _piece(part, start, len(part.text))


def _start_of(part: Part, chars: int) -> Part:
    if len(part.text) <= chars:
        return part
    end = part.text.rfind("\n", 0, chars) + 1 or chars
    if part.text[end - 1 : end + 1] == "\r\n":
        end -= 1
    return _piece(part, 0, end)


def _piece(part: Part, start: int, end: int) -> Part:
    where = Window((part,)).locate(part.kind, start, end)
    assert where is not None, "it lies inside the part"
    return replace(part, range=where[1], text=part.text[start:end])
