"""A keystroke costs the rows it touches, and what is shown is what a whole scan would say."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from sidelight_client.adapters.re2_matcher import RuleMatcher
from sidelight_client.adapters.stdnum_validators import VALIDATORS
from sidelight_client.domain.content.catalogue import CATALOGUE
from sidelight_client.domain.content.marks import ContentPlace
from sidelight_client.domain.content.rule import Found, Rule, RuleProblem, RuleSource
from sidelight_client.domain.content.scan_state import ScanLimits, ScanState
from sidelight_client.domain.place import Position, Range
from sidelight_client.domain.policy.organisation import ContentRule

SHIPPED = RuleMatcher(CATALOGUE)
STATED = RuleMatcher(
    [
        Rule(ContentRule(id_, id_, "re2", pattern), RuleSource.POLICY)
        for id_, pattern in (
            ("card", r"\b4\d(?:[\s-]?\d\d){2}\b"),
            ("ab", r"a[^x]*b"),
            ("cd", "cd"),
        )
    ]
)


def scanned(lines: Sequence[str], matcher: RuleMatcher = SHIPPED, **limits: int) -> ScanState:
    state = ScanState(matcher, VALIDATORS, ContentPlace("src/app.py"), ScanLimits(**limits))
    state.open(lines)
    while state.step(lines):
        pass
    return state


class Counting:
    """A matcher that remembers how much it was asked to search."""

    def __init__(self, matcher: RuleMatcher) -> None:
        self._matcher = matcher
        self.rows = self.most = 0

    @property
    def rules(self) -> tuple[Rule, ...]:
        return self._matcher.rules

    @property
    def problems(self) -> tuple[RuleProblem, ...]:
        return self._matcher.problems

    @property
    def reach(self) -> int:
        return self._matcher.reach

    def find(self, rows: Sequence[str], count: int) -> Found:
        self.rows += len(rows)
        self.most = max(self.most, sum(map(len, rows)))
        return self._matcher.find(rows, count)


def test_a_finding_stands_at_its_exact_characters() -> None:
    state = scanned(["import x\n", "é = '219-45-1234'\n"])
    (one,) = state.findings()
    assert one.range == Range(Position(1, 5), Position(1, 16))
    assert (one.rule.id, one.masked) == ("us_ssn", "•••-••-••34")
    assert state.at(1) == (one,)
    assert state.at(0) == state.at(7) == ()
    assert state.complete


def test_the_first_pass_comes_in_slices_and_is_not_complete_before_its_end() -> None:
    lines = [f"row {i}\n" for i in range(1_000)]
    counting = Counting(SHIPPED)
    state = ScanState(counting, VALIDATORS, ContentPlace(), ScanLimits(step=1_000, step_rows=100))
    state.open(lines)
    slices = 0
    while state.waiting:
        assert not state.complete
        state.step(lines)
        slices += 1
    assert state.complete
    assert slices >= 10
    assert counting.most <= 1_000
    assert counting.rows == 1_000


def test_a_keystroke_searches_two_rows_of_however_many() -> None:
    for size in (200, 20_000):
        lines = ["x = 1\n"] * size
        counting = Counting(SHIPPED)
        state = ScanState(counting, VALIDATORS, ContentPlace())
        state.open(lines)
        while state.step(lines):
            pass
        counting.rows = 0
        lines[100] = "x = '219-45-1234'\n"
        state.edit(lines, 100, 1, 1)
        assert counting.rows == 2
        assert [f.range.start.line for f in state.findings()] == [100]


def test_findings_move_with_the_rows_above_them_and_go_with_their_text() -> None:
    lines = ["a\n", "ssn = '219-45-1234'\n", "b\n"]
    state = scanned(lines)
    lines[0:1] = ["a\n", "new\n", "newer\n"]
    state.edit(lines, 0, 1, 3)
    assert [f.range.start.line for f in state.findings()] == [3]
    lines[3] = "ssn = ''\n"
    state.edit(lines, 3, 1, 1)
    assert list(state.findings()) == []
    assert state.complete


def test_a_mark_on_the_line_above_settles_a_guess_as_soon_as_it_is_written() -> None:
    lines = ["\n", "ssn = '219-45-1234'\n"]
    state = scanned(lines)
    assert list(state.findings())
    lines[0] = "# sidelight: fixture\n"
    state.edit(lines, 0, 1, 1)
    assert list(state.findings()) == []


def test_a_large_paste_is_left_to_the_next_slices() -> None:
    lines = ["x\n"] * 10
    state = scanned(lines)
    lines[5:5] = ["ssn = '219-45-1234'\n"] * 150
    state.edit(lines, 5, 0, 150)
    assert state.waiting
    assert not state.complete
    while state.step(lines):
        pass
    assert len(list(state.findings())) == 150


def test_caps_mean_unknown() -> None:
    assert not scanned(["219-45-1234\n"] * 20, findings=5).complete
    long = scanned(["x" * 50 + "\n", "219-45-1234\n"], row=20)
    assert len(list(long.findings())) == 1
    assert not long.complete
    broken = RuleMatcher([Rule(ContentRule("r", "R", "re2", "("), RuleSource.POLICY)])
    state = scanned(["x\n"], broken)
    assert state.searched
    assert not state.complete


def test_a_long_row_that_is_split_becomes_known() -> None:
    lines = ["x" * 50 + "219-45-1234\n"]
    state = scanned(lines, row=30)
    lines[0:1] = ["x" * 10 + "\n", "219-45-1234\n"]
    state.edit(lines, 0, 1, 2)
    assert state.complete
    assert [f.range.start.line for f in state.findings()] == [1]


LINE = st.tuples(
    st.lists(
        st.sampled_from(
            ["4242", "42-42-42", "219-45-1234", "a", "b", "cd", " ", "x", "# sidelight: fixture"]
        ),
        max_size=3,
    ).map("".join),
    st.sampled_from(["\n", "\r\n"]),
).map("".join)
LINES = st.lists(LINE, min_size=1, max_size=8)
EDITS = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 3), LINES, st.booleans()), max_size=6)


@given(LINES, EDITS, st.sampled_from([STATED, SHIPPED]), st.integers(0, 3))
@settings(max_examples=600, deadline=None)
def test_after_any_edits_the_findings_are_those_of_a_fresh_scan(
    lines: list[str], edits: list, matcher: RuleMatcher, steps: int
) -> None:
    lines = list(lines)
    state = ScanState(
        matcher, VALIDATORS, ContentPlace(), ScanLimits(step=40, step_rows=2, edit_rows=4)
    )
    state.open(lines)
    for _ in range(steps):
        state.step(lines)
    for at, most, new, step in edits:
        first = min(at, len(lines))
        removed = min(most, len(lines) - first)
        lines[first : first + removed] = new
        state.edit(lines, first, removed, len(new))
        if step:
            state.step(lines)
    while state.step(lines):
        pass
    assert not state.waiting
    fresh = ScanState(matcher, VALIDATORS, ContentPlace())
    fresh.open(lines)
    while fresh.step(lines):
        pass
    assert list(state.findings()) == list(fresh.findings())
    assert state.complete == fresh.complete
