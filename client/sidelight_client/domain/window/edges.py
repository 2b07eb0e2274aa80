"""Where source text may be cut so that a reader, or a model, still sees whole pieces."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

TAB_COLUMNS = 4
LONGEST_CLUSTER = 32
"""Code points; text that never ends a grapheme cluster is not written by people."""
_JOINER = "\u200d"
_MODIFIERS = ("\U0001f3fb", "\U0001f3ff")
_REGIONAL = ("\U0001f1e6", "\U0001f1ff")


def is_blank(line: str) -> bool:
    """Whether there is only white space in `line`."""
    return not line or line.isspace()


def indentation(line: str) -> int:
    """How many columns the text of `line` is indented by."""
    columns = 0
    for character in line:
        if character == " ":
            columns += 1
        elif character == "\t":
            columns += TAB_COLUMNS
        else:
            break
    return columns


BEST_EDGE = 3


def edge(lines: Sequence[str], row: int) -> int:
    """How well a piece of source may begin at `row`: 3 best (a new definition) to 0 (in a run)."""
    if row <= 0:
        return BEST_EDGE
    if row >= len(lines) or is_blank(lines[row]):
        return 0
    column = indentation(lines[row])
    if is_blank(lines[row - 1]):
        return BEST_EDGE if column == 0 else 2
    return 1 if column < indentation(lines[row - 1]) else 0


def first_best(lines: Sequence[str], low: int, high: int) -> int:
    """The row of `low` to `high` (excluded) at which a piece begins best, the first of equals."""
    return _best(lines, range(low, max(high, low + 1)))


def last_best(lines: Sequence[str], low: int, high: int) -> int:
    """The row of `low` to `high` (included) at which a piece begins best, the last of equals."""
    return _best(lines, range(max(high, low), low - 1, -1))


def _best(lines: Sequence[str], rows: range) -> int:
    """The first of `rows` at which a piece begins best."""
    best, found = -1, rows[0]
    for row in rows:
        value = edge(lines, row)
        if value > best:
            best, found = value, row
            if best == BEST_EDGE:
                break
    return found


def cluster_start(text: str, index: int) -> int:
    """`index`, or the next place at which `text` may be cut without tearing what is read as one.

    Extended grapheme clusters as far as source text needs them (Unicode Standard Annex 29, GB9,
    GB11 to GB13): combining marks, joined and coloured emoji, flags, halves of surrogate pairs.
    """
    last = min(len(text), index + LONGEST_CLUSTER)
    while 0 < index < last and _joined(text[index - 1], text[index]):
        index += 1
    return index


def cluster_end(text: str, index: int) -> int:
    """The same, going back."""
    first = max(0, index - LONGEST_CLUSTER)
    while first < index < len(text) and _joined(text[index - 1], text[index]):
        index -= 1
    return index


def _joined(before: str, after: str) -> bool:
    if after < "\u0300":
        return before == "\r" and after == "\n"
    return (
        _JOINER in (before, after)
        or unicodedata.category(after) in ("Mn", "Me", "Mc")
        or _MODIFIERS[0] <= after <= _MODIFIERS[1]
        or all(_REGIONAL[0] <= one <= _REGIONAL[1] for one in (before, after))
        or ("\ud800" <= before <= "\udbff" and "\udc00" <= after <= "\udfff")
    )
