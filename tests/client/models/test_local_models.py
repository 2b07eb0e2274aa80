"""The decisions about a model in this process, as tables and properties."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.domain.models.local_models import (
    CHARS_PER_TOKEN,
    CONTEXT_TOKENS,
    Pace,
    budgeted,
    paced,
    stops,
    threads,
)

LINES = st.lists(st.text("abc (=)é\t", max_size=40), max_size=200).map("\n".join)
ROOM = CONTEXT_TOKENS * CHARS_PER_TOKEN


@pytest.mark.parametrize(("cores", "used"), [(1, 1), (2, 1), (3, 1), (8, 4), (15, 7)])
def test_half_the_cores_are_used_and_at_least_one(cores: int, used: int) -> None:
    assert threads(cores) == used


@pytest.mark.parametrize(
    ("pace", "tokens", "seconds", "then"),
    [
        (Pace(4), 40, 1.0, Pace(4, 40.0)),
        (Pace(4, 40.0), 60, 1.0, Pace(4, 60.0)),
        (Pace(4, 40.0), 11, 1.0, Pace(4, 40.0)),
        (Pace(4, 40.0), 9, 1.0, Pace(1)),
        (Pace(1, 40.0), 9, 1.0, Pace(1, 40.0)),
        (Pace(4, 40.0), 7, 9.0, Pace(4, 40.0)),
        (Pace(4, 40.0), 9, 0.0, Pace(4, 40.0)),
    ],
)
def test_decoding_that_collapses_goes_on_with_one_thread(
    pace: Pace, tokens: int, seconds: float, then: Pace
) -> None:
    assert paced(pace, tokens, seconds) == then


@given(LINES, LINES)
def test_the_context_is_the_text_nearest_to_the_cursor_within_the_budget(
    prefix: str, suffix: str
) -> None:
    context = budgeted(prefix, suffix)
    assert prefix.endswith(context.prefix)
    assert suffix.startswith(context.suffix)
    assert len(context.prefix) + len(context.suffix) <= ROOM
    if len(prefix) > ROOM:
        # Never less than about half of what there is room for, whatever the lines are.
        longest = max(map(len, prefix.split("\n"))) + 1
        assert len(context.prefix) >= (ROOM - len(context.suffix)) // 2 - 2 * longest
    else:
        assert context.prefix == prefix or suffix


def test_while_somebody_types_the_context_begins_at_the_same_line() -> None:
    file = "".join(f"value_{n} = compute({n}, other={n * 7})\n" for n in range(300))
    begun = {
        file.index(budgeted(file + "return valu"[:typed], "").prefix[:40]) for typed in range(12)
    }
    assert len(begun) == 1


def test_a_context_begins_at_few_lines_while_a_page_is_written() -> None:
    file = "".join(f"value_{n} = compute({n}, other={n * 7})\n" for n in range(300))
    more = "".join(f"more_{n} = compute({n})\n" for n in range(20))
    begun = {
        file.index(budgeted(file + more[:typed], "").prefix[:40]) for typed in range(len(more))
    }
    assert len(begun) <= 1 + len(more) // 100, "each new beginning is read from the start"


@pytest.mark.parametrize(
    ("suffix", "asked", "marks"),
    [
        ("", (), ("\n\n",)),
        ("\nreturn", (), ("\n\n",)),
        (")", (), ("\n",)),
        (")", ("\n", "x"), ("\n", "x")),
    ],
)
def test_it_stops_at_the_end_of_a_line_it_is_in_the_middle_of(
    suffix: str, asked: tuple[str, ...], marks: tuple[str, ...]
) -> None:
    assert stops(suffix, asked) == marks
