"""Typed-through reuse, with a ║ where the cursor is."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sidelight_client.api import Position, take
from sidelight_lsp.completing.through import Anchor, anchor_of, remaining, typed_at, typed_since
from sidelight_lsp.documents.document import TextDocument, split_lines


def typed_between(asked: str, now: str) -> str | None:
    """What was typed between two states of a document."""
    text, cursor = asked.replace("║", ""), asked.index("║")
    head = split_lines(text[:cursor])
    at = Position(len(head) - 1, len(head[-1]))
    window = take(split_lines(text), at, "u")
    after = split_lines(text)[at.line][at.character :].rstrip("\r\n")
    anchor = anchor_of(window, after)
    before, rest = now.split("║")
    assert anchor.start == Position(0, 0)
    return typed_since(anchor, before, split_lines(rest)[0].rstrip("\r\n"))


@pytest.mark.parametrize(
    ("asked", "now", "typed"),
    [
        ("de║", "de║", ""),
        ("de║", "def f║", "f f"),
        ("x\nde║\ny", "x\ndef║\ny", "f"),
        ("f║", "f(║)", "("),
        ("f(║)", "f()║", ")"),
        ("f(║)", 'f("║")', '"'),
        ("f:║", "f:\r\n    ║", "\n    "),
        ("def║", "de║", None),
        ("def║", "dex║", None),
        ("x\nde║", "y\ndef║", None),
        ("f(║)", "f(a║, b)", None),
        ("f(║)", "f(║) + 1", None),
    ],
)
def test_what_was_typed_since_it_was_asked(asked: str, now: str, typed: str | None) -> None:
    assert typed_between(asked, now) == typed


def test_a_text_is_left_as_far_as_it_is_not_typed_yet() -> None:
    assert remaining(("f fib(n)", "x", "f fib"), "f fib") == ("(n)",)
    assert remaining(("abc",), "") == ("abc",)
    assert remaining(("abc",), "abc") == ()
    assert remaining(("abc",), "abd") == ()


texts = st.text(st.sampled_from("ab(\n\r "), max_size=12)


@given(above=texts, line=st.text("ab( ", max_size=6), rest=texts, edits=st.lists(texts, max_size=3))
def test_a_suggestion_is_left_out_early_only_where_the_whole_comparison_would_leave_it_out(
    above: str, line: str, rest: str, edits: list[str]
) -> None:
    document = TextDocument("file:///a.py", "python", 1, above + line + rest)
    before = TextDocument("file:///a.py", "python", 1, above + line).lines
    at = Position(len(before) - 1, len(before[-1]))
    assume(document.lines[: at.line] == before[:-1])  # A CR and an LF are no place for a cursor.
    start = Position(max(at.line - 2, 0), 0)
    anchor = Anchor(start, at, document.text(start, at), document.line(at.line)[at.character :])
    place = at
    for number, edit in enumerate(edits):
        where = place if number else Position(0, 0)
        place = document.replace(where, where, edit).new_end
    for cursor in (at, place, Position(at.line, len(document.line(at.line)))):
        after = document.line(cursor.line)[cursor.character :]
        expected = None
        if cursor >= at:
            expected = typed_since(anchor, document.text(start, cursor), after)
        assert typed_at(anchor, document, cursor) == expected
