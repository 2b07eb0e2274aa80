"""A suggestion does not bring a closer again that came below the cursor after it was asked for."""

from __future__ import annotations

import pytest

from sidelight_client.api import Position, Source, SourceKind, Tier, take
from sidelight_lsp.completing.through import Suggestion, anchor_of, below
from sidelight_lsp.deciding.document_policy import DocumentPolicy
from sidelight_lsp.documents.document import TextDocument

LONG_AGO_S = 1.0


def left(asked: str, text: str, typed: str, behind: str) -> tuple[str, ...]:
    """What is left of `text`, suggested at the ║ of `asked`, once `typed` is before the cursor and
    `behind` was put behind it."""
    before, after = asked.split("║")
    document = TextDocument("file:///a.js", "javascript", 1, before + after)
    row = before.count("\n")
    at = Position(row, len(before.rpartition("\n")[2]))
    line = document.line(row)[at.character :].rstrip("\n")
    anchor = anchor_of(take(document.lines, at, document.uri), line, below(document, row))
    policy = DocumentPolicy()
    source = Source(SourceKind.MODEL, "m")
    policy.landed(Suggestion(anchor, (text,), "one", source, Tier.FAST), 0.1, 0)
    edit = document.replace(at, at, typed + behind)
    policy.edited(document, edit, LONG_AGO_S)
    rows = typed.count("\n")
    column = len(typed.rpartition("\n")[2]) + (0 if rows else at.character)
    found = policy.left(document, Position(row + rows, column))
    return found.texts if found is not None else ()


@pytest.mark.parametrize(
    ("asked", "text", "typed", "behind", "expected"),
    [
        # The editor broke the line between two brackets.
        ("f() ║\n", "{\n  g();\n}\nh();", "{\n  ", "\n}", ("g();",)),
        ("f(║\n", "[\n  1,\n  2\n]);", "[\n  ", "\n]);", ("1,\n  2",)),
        # A template brought the end of the block.
        ("if (x) {\n  ║\n", "return y;\n}\nelse {}", "return ", "\n}", ("y;",)),
        ("if (x) {\n  ║\n", "y;\n}", "y;", "\n}", ()),
        # It stood there when the suggestion was asked for: the model has seen it.
        ("if (x) {\n  ║\n}\n", "y;\n} else {\n  z;", "y", "", (";\n} else {\n  z;",)),
        ("if (x) {\n  ║\n}\n", "y;\n}\nif (z) {\n  w;", "y", "", (";\n}\nif (z) {\n  w;",)),
        # Another indentation closes another block.
        ("f() ║\n", "{\n  if (x) {\n  }\n  y", "{\n  ", "\n}", ("if (x) {\n  }\n  y",)),
        # One line is not looked at.
        ("f() ║\n", "{ g(); }", "{", "\n}", (" g(); }",)),
    ],
)
def test_what_is_left_ends_where_a_closer_stands_already(
    asked: str, text: str, typed: str, behind: str, expected: tuple[str, ...]
) -> None:
    assert left(asked, text, typed, behind) == expected
