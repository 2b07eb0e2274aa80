"""What was left out for want of room, as one number before and one after."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.domain.place import Position, Range
from sidelight_client.domain.window.parts import Cut, CutReason, Part, PartKind, Window
from sidelight_client.domain.window.trims import Trim, trim_of

HERE = Range(Position(0, 0), Position(9, 0))
TEXT = "value = 1\n" * 9 + "value = 1"


def window(*cuts: Cut, text: str = TEXT) -> Window:
    return Window((Part(PartKind.PREFIX, "file:///a.py", HERE, text, ""),), cuts)


def cut(lines: int, why: CutReason = CutReason.BUDGET) -> Cut:
    return Cut("file:///a.py", lines, why)


def test_ten_lines_of_forty_are_a_quarter_by_the_gateways_own_count() -> None:
    assert trim_of(window(cut(30)), "python", 100) == Trim(400, 100, CutReason.BUDGET)


def test_without_a_count_both_numbers_are_estimates() -> None:
    found = trim_of(window(cut(30)), "python")
    assert found is not None
    assert 20 < found.sent_tokens < 40
    assert found.whole_tokens == 4 * found.sent_tokens


def test_the_reason_is_that_of_most_lines() -> None:
    found = trim_of(window(cut(3), cut(9, CutReason.SIZE), cut(4)), "python", 100)
    assert found is not None
    assert found.why is CutReason.SIZE


@pytest.mark.parametrize("why", [CutReason.POLICY, CutReason.SCOPE, CutReason.UNRELATED])
def test_what_a_rule_keeps_in_is_no_trim(why: CutReason) -> None:
    assert trim_of(window(cut(30, why)), "python", 100) is None


def test_where_nothing_was_cut_or_nothing_sent_there_is_no_trim() -> None:
    assert trim_of(window(), "python", 100) is None
    assert trim_of(window(cut(0)), "python", 100) is None
    assert trim_of(window(cut(30), text=""), "python", 100) is None
    assert trim_of(Window(()), "python") is None


@given(
    st.lists(st.builds(cut, st.integers(0, 10**6), st.sampled_from(CutReason)), max_size=5),
    st.text(max_size=50),
    st.none() | st.integers(0, 10**6),
)
def test_no_trim_says_that_more_was_sent_than_there_was(
    cuts: list[Cut], text: str, counted: int | None
) -> None:
    found = trim_of(window(*cuts, text=text), "python", counted)
    assert found is None or found.whole_tokens >= found.sent_tokens >= 0
