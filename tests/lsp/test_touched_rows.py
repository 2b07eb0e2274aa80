"""Several edits of rows, taken together, stand for the same change as one after the other."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sidelight_lsp.documents.touched_rows import TouchedRows


@given(
    st.lists(st.integers(), max_size=30),
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 5), st.integers(0, 5)), min_size=1),
)
def test_replacing_what_was_touched_by_what_stands_there_now_makes_the_new_text(
    before: list[int], edits: list[tuple[int, int, int]]
) -> None:
    now = list(before)
    touched: TouchedRows | None = None
    for number, (at, most, inserted) in enumerate(edits):
        first = min(at, len(now))
        removed = min(most, len(now) - first)
        now[first : first + removed] = [-1 - number] * inserted
        if touched is None:
            touched = TouchedRows(first, removed, inserted)
        else:
            touched.take_in(first, removed, inserted)
    assert touched is not None
    first, inserted = touched.first, touched.inserted
    replayed = list(before)
    replayed[first : first + touched.removed] = now[first : first + inserted]
    assert replayed == now


def test_typing_on_in_one_row_touches_no_further_row() -> None:
    touched = TouchedRows(4, 2, 2)
    for _ in range(100):
        touched.take_in(4, 2, 2)
    assert touched == TouchedRows(4, 2, 2)
