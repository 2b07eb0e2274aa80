"""The line a decision is about: enough to find it again, and nothing more."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.broker.facts import Asked, decision_of, with_place
from sidelight_client.domain.completion import Blocked, CompletionRequest, Finding, Outcome
from sidelight_client.domain.place import (
    LONGEST_FILE,
    Document,
    FileLine,
    Position,
    Range,
    file_line,
)
from sidelight_client.domain.snapshot import DecisionView
from sidelight_client.domain.window import Window, take

TRACE = "a" * 32
FORM = "https://forms.example.com/ask"


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("src/pay.py", "src/pay.py"),
        ("Untitled-1", "Untitled-1"),
        ("/home/maya/secret plans/pay.py", "pay.py"),
        ("C:/Users/maya/pay.py", "pay.py"),
        ("src/a\nb\u202e.py", "src/a?b?.py"),
    ],
)
def test_a_file_outside_of_any_repository_has_its_name_alone(path: str, shown: str) -> None:
    assert file_line(path, 40) == FileLine(shown, 41)


@given(st.text(max_size=400), st.integers(0, 10**6))
def test_whatever_a_file_is_called_it_is_one_bounded_line(path: str, line: int) -> None:
    found = file_line(path, line)
    assert len(found.file) <= LONGEST_FILE
    assert found.file.isprintable()
    assert not found.file.startswith("/")
    assert found.line == line + 1


def finding(uri: str, line: int) -> Finding:
    at = Position(line, 2)
    return Finding("card_number", uri, Range(at, at), "**** 11")


def shown(outcome: Outcome | None, window: Window | None = None) -> DecisionView:
    here = take(["pay(\n", "card = 1\n"], Position(1, 4), "file:///r/src/pay.py")
    request = CompletionRequest(TRACE, Document("file:///r/src/pay.py", "python"), window or here)
    path_of: Callable[[str], str] = lambda uri: uri.removeprefix("file:///r/")  # noqa: E731
    decided = decision_of(request, outcome, 0.1, 9.0, asked=Asked())
    return with_place(decided, request, outcome, path_of)


def test_a_block_is_at_its_finding_even_in_another_file_and_leads_to_the_rules_form() -> None:
    blocked = Blocked(
        *(TRACE, "card_number", "Card number", "why"),
        findings=(finding("file:///r/tests/data.py", 6), finding("file:///r/src/pay.py", 1)),
        appeal_url=FORM,
    )
    decided = shown(blocked)
    assert decided.place == FileLine("tests/data.py", 7)
    assert decided.form_url == f"{FORM}?rule=card_number&trace_id={TRACE}"


def test_everything_else_is_at_the_cursor_and_without_text_around_it_nowhere() -> None:
    by_place = Blocked(TRACE, "no_ai_here", "No AI here", "why", appeal_url="http://forms.example")
    assert shown(by_place).place == FileLine("src/pay.py", 2)
    assert shown(by_place).form_url == ""
    assert shown(None, Window(())).place is None
