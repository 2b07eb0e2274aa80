"""Provenance: hashes that tell whether lines are still there, and nothing of what they say."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.domain.provenance import (
    LINES_AROUND,
    MOST_LINES,
    Provenance,
    Way,
    around,
    joined,
    line_hash,
    look_again,
    provenance,
)

TRACE = "0af7651916cd43dd8448eb211c80319c"
LINES = st.lists(st.text(st.sampled_from("ab =\t"), max_size=8), max_size=12)


def taken(lines: list[str], trace_id: str = TRACE, first_line: int = 0) -> Provenance:
    return provenance(
        trace_id,
        1.0,
        Way.ACCEPTED,
        uri="file:///work/secret/app.py",
        first_line=first_line,
        text="\n".join(lines),
        lines=lines,
    )


@given(LINES, LINES, LINES)
def test_what_was_not_touched_survives_wherever_it_was_moved(
    lines: list[str], before: list[str], after: list[str]
) -> None:
    known = taken(lines)
    again = look_again(known, [*before, *lines, *after], saved=True)
    assert again.saved == len(known.line_hashes)
    assert again.later is None


@given(LINES, LINES)
def test_no_more_survives_than_was_put_in_and_a_look_changes_nothing_else(
    lines: list[str], now: list[str]
) -> None:
    known = taken(lines)
    again = look_again(known, now, later=True)
    assert again.later is not None
    assert 0 <= again.later <= len(known.line_hashes)
    assert again.saved is None
    assert (again.range_hash, again.file) == (known.range_hash, known.file)


def test_a_changed_line_has_not_survived_and_an_indented_one_has() -> None:
    known = taken(["a = 1\n", "b = 2\n", "\n"])
    assert look_again(known, ["    a = 1\r\n", "b = 3\n"], saved=True).saved == 1


def test_nothing_of_the_text_or_the_path_is_kept() -> None:
    told = repr(taken(["password = 'hunter2'"]))
    for word in ("password", "hunter2", "secret", "app.py"):
        assert word not in told


def test_the_same_line_of_two_requests_has_two_hashes() -> None:
    assert line_hash(TRACE, "return None") != line_hash(TRACE[::-1], "return None")


def test_what_is_kept_and_looked_at_is_bounded() -> None:
    known = taken(["x"] * 500, first_line=10_000)
    assert len(known.line_hashes) == MOST_LINES
    start, end = around(known, 1_000_000)
    assert end - start == 2 * LINES_AROUND + MOST_LINES
    assert around(known, 5) == (0, 5)


def test_two_pieces_one_behind_the_other_are_what_they_would_be_in_one() -> None:
    first = taken(["def a():"], first_line=4)
    further = taken(["def a():", "    return 1"], first_line=4)
    whole = joined(first, further)
    assert whole.line_hashes == further.line_hashes
    assert whole.characters == first.characters + further.characters
    assert joined(first, taken(["    return 1"], first_line=5)).line_hashes == whole.line_hashes


@given(LINES, LINES)
def test_joined_pieces_survive_where_their_lines_are(one: list[str], other: list[str]) -> None:
    whole = joined(taken(one), taken(other))
    assert look_again(whole, one + other, saved=True).saved == len(whole.line_hashes)
