"""Matches content rules row by row with RE2: one pass says which rules hit, only those look again.

Implements `domain.content.rule.Matcher`. What cannot be used is named, never dropped in silence.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any, cast

from ..domain.content.rule import Candidate, Found, Rule, RuleProblem
from .re2_prepared import Prepared, all_prepared, sets

REACH = 3
"""Rows after its own that a match may extend over: a number in four groups, one a line."""
_BEHIND_BYTES = 128
"""How much a look-behind sees; the engines that have it want a fixed, short width."""


class RuleMatcher:
    """Compiled rules.

    Args:
        rules: at most 2,000 are read.
        problems: what is known to be wrong already, so that it is not forgotten.
        max_matches: how many candidates of one rule a call reports.
        budget_s: how long one call may look for places once a rule has hit. Each search is
            linear, but thousands of them, each over the whole text, are not.
        computed_s: how long this thread has computed. Waiting for a processor must not make a
            search look long: on a busy machine its answer would then be incomplete by chance.
    """

    def __init__(
        self,
        rules: Iterable[Rule],
        problems: Iterable[RuleProblem] = (),
        *,
        max_bytes: int = 32_000_000,
        max_matches: int = 200,
        budget_s: float = 0.25,
        computed_s: Callable[[], float] = time.thread_time,
    ) -> None:
        self._max_bytes = max_bytes
        self._max_matches = max_matches
        self._budget_s = budget_s
        self._computed_s = computed_s
        told = list(problems)
        prepared = list(all_prepared(tuple(rules), told))
        self._sets = tuple(sets(prepared, told))
        self._problems = tuple(told)
        self._usable = tuple(one for usable, _ in self._sets for one in usable)
        self._reach = REACH if any(one.crosses for one in self._usable) else 0

    @property
    def rules(self) -> tuple[Rule, ...]:
        return tuple(one.rule for one in self._usable)

    @property
    def problems(self) -> tuple[RuleProblem, ...]:
        return self._problems

    @property
    def reach(self) -> int:
        return self._reach

    def find(self, rows: Sequence[str], count: int) -> Found:
        data = _encoded(rows)
        hits = self._hits(data)
        if hits is None:
            return Found((), complete=False)
        if hits and any(one.rule.near for one in hits):
            low = "".join(rows).lower()
            hits = [one for one in hits if not one.rule.near or _mentions(low, one.rule.near)]
        if not hits:
            return Found((), complete=True)
        until = self._computed_s() + self._budget_s
        rowed = _Rows(rows, count, data)
        found: list[Candidate] = []
        complete = True
        for one in hits:
            for number, candidate in enumerate(rowed.candidates(one, self._reach)):
                if number >= self._max_matches or self._computed_s() > until:
                    complete = False
                    break
                found.append(candidate)
        found.sort(key=lambda c: (c.row, c.start, c.end_row, c.end, c.rule.id))
        return Found(tuple(found), complete and not rowed.gave_up)

    def _hits(self, data: bytes) -> list[Prepared] | None:
        """The rules that match somewhere; None when that cannot be told."""
        if len(data) > self._max_bytes:
            return None
        hits: list[Prepared] = []
        for usable, combined in self._sets:
            numbers = combined.match(data)
            if numbers is None:
                return None
            hits += [usable[number] for number in numbers]
        return hits


def _encoded(rows: Sequence[str]) -> bytes:
    # Lone surrogates can arrive inside JSON strings; they are bytes no rule matches.
    return "".join(rows).encode("utf-8", "surrogatepass")


class _Rows:
    """The rows of one search as bytes, and the way back to rows and columns."""

    _MAX_REJECTED = 20_000
    """Matches that failed their checks in one search; a pattern may be nothing but checks."""

    def __init__(self, rows: Sequence[str], count: int, data: bytes) -> None:
        plain = data.isascii()
        self._starts = [
            0,
            *accumulate(map(len, rows) if plain else (len(_encoded([r])) for r in rows)),
        ]
        self._count = count
        self._data = data
        self._plain = plain
        self.gave_up = False

    def candidates(self, one: Prepared, reach: int) -> Iterator[Candidate]:
        """Each place where the rule matches, row by row."""
        data, starts = self._data, self._starts
        limit = starts[self._count]
        position = rejected = 0
        while position < limit:
            match = one.pattern.search(data, position)
            if match is None or match.start() >= limit:
                return
            row = bisect_right(starts, cast("int", match.start())) - 1
            row_end = starts[row + 1]
            stop = starts[min(row + 1 + reach, len(starts) - 1)] if one.crosses else row_end
            if match.end() > row_end:
                match = one.pattern.search(data, max(position, starts[row]), stop)
                if match is None or match.start() >= row_end:
                    position = row_end
                    continue
            start, end = cast("tuple[int, int]", match.span())
            position = min(max(end, start + 1), row_end)
            if end == start:
                continue
            verdict = _passes(one, match, data[starts[row] : stop], starts[row])
            if verdict is False:
                position = start + 1
                rejected += 1
                if rejected > self._MAX_REJECTED:
                    self.gave_up = True
                    return
                continue
            value = cast("tuple[int, int]", match.span(one.rule.value_group))
            start, end = value if value[0] >= 0 else (start, end)
            row, column = self._place(start)
            end_row, end_column = self._place(end, ending=True)
            yield Candidate(one.rule, row, column, end_row, end_column, exact=verdict is True)

    def _place(self, offset: int, *, ending: bool = False) -> tuple[int, int]:
        """Row and column of a byte; the end of a match may be the end of its row."""
        row = bisect_right(self._starts, offset - 1 if ending else offset) - 1
        begin = self._starts[row]
        if self._plain:
            return row, offset - begin
        return row, len(self._data[begin:offset].decode("utf-8", "surrogatepass"))


def _mentions(text: str, words: Sequence[str]) -> bool:
    return any(word in text for word in words)


def _passes(one: Prepared, match: Any, seen: bytes, begin: int) -> bool | None:
    """Whether a match passes its rule's checks; None when the original might or might not match.

    `seen` is the match's row with what it may run on into, and begins at `begin`.
    """
    for narrowing in one.checks:
        check = narrowing.check
        at = cast("int", match.start(check.group)) - begin
        if at < 0:
            continue  # Another branch of the pattern matched.
        if check.behind:
            stands = narrowing.pattern.search(seen[max(0, at - _BEHIND_BYTES) : at]) is not None
        else:
            stands = narrowing.pattern.match(seen, at) is not None
        if stands == check.negative:
            return False if one.exact or check.leading else None
    return None if one.widened else True
