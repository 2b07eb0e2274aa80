"""Typed-through reuse, with a ║ where the cursor is."""

from __future__ import annotations

import pytest

from sidelight_client.api import Position, take
from sidelight_lsp.document import split_lines
from sidelight_lsp.through import anchor_of, remaining, typed_since


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
