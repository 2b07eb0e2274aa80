"""The text around the cursor: cut to a budget, at syntactic edges, from a start that rarely moves."""

from __future__ import annotations

from collections.abc import Sequence

from ..place import Position, Range
from .edges import cluster_end, cluster_start, first_best, last_best
from .parts import CutReason, Part, PartKind, Why, Window, WindowLimits, cuts_of, end_of

STEP_SHARE = 4
"""The start moves in steps of a quarter of the budget."""
LINE_LENGTH = 40
"""Code points of a usual line of source, for steps counted in lines."""


def take(
    lines: Sequence[str], at: Position, uri: str, limits: WindowLimits | None = None
) -> Window:
    """Cut a window around `at` out of a document held as lines with their line ends.

    The cost depends on `limits`, not on the length of the document. Whole lines are kept where
    they fit; a line longer than what is left of the budget is cut only when it is the cursor's own.
    The start stands on a multiple of a step, so that typing leaves the leading bytes as they are.

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
    cursor = Position(row, column)
    before, start = _before(lines, row, line[:column], limits.prefix)
    after, end = _after(lines, row, line[column:], column, limits.suffix)
    sent = Range(start, end)
    return Window(
        parts=(
            Part(PartKind.PREFIX, uri, Range(start, cursor), before, Why.BEFORE),
            Part(PartKind.SUFFIX, uri, Range(cursor, end), after, Why.AFTER),
        ),
        cuts=cuts_of(uri, end_of(lines), [sent], CutReason.BUDGET),
    )


def _before(lines: Sequence[str], row: int, head: str, budget: int) -> tuple[str, Position]:
    if len(head) > budget:
        step = max(budget // STEP_SHARE, 1)
        start = min(-(-(len(head) - budget) // step) * step, len(head))
        start = cluster_start(head, start)
        return head[start:], Position(row, start)
    first, left = row, budget - len(head)
    while first > 0 and len(lines[first - 1]) <= left:
        first -= 1
        left -= len(lines[first])
    first = _start_row(lines, first, row, budget)
    return "".join(lines[first:row]) + head, Position(first, 0)


def _start_row(lines: Sequence[str], first: int, row: int, budget: int) -> int:
    """The row to begin at, of those from `first` on, which all fit.

    A multiple of the step stays the start for as many lines as the step has; from there the next
    edge is looked for, whose place depends only on text far above the cursor.
    """
    if first == 0:
        return 0
    most = min(budget // LINE_LENGTH, row - first) // STEP_SHARE
    step = 1 << max(most.bit_length() - 1, 0)
    start = -(-first // step) * step
    return first_best(lines, start, min(start + step // 2 + 1, row))


def _after(
    lines: Sequence[str], row: int, tail: str, column: int, budget: int
) -> tuple[str, Position]:
    if len(tail) > budget:
        cut = cluster_end(tail, budget)
        return tail[:cut], Position(row, column + cut)
    last, left = row + 1, budget - len(tail)
    while last < len(lines) and len(lines[last]) <= left:
        left -= len(lines[last])
        last += 1
    if last < len(lines):
        last = last_best(lines, max(last - (last - row) // STEP_SHARE, row + 1), last)
    end = Position(last, 0) if last < len(lines) else end_of(lines)
    return tail + "".join(lines[row + 1 : last]), end
