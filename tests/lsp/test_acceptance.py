"""What became of a suggestion, told from edits alone: tables, and properties over any text and split."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.api import Position
from sidelight_lsp.acceptance.inferred import (
    Accepted,
    Asked,
    Dismissed,
    Edited,
    Offer,
    PartlyAccepted,
    TypedOver,
    Verdict,
    offer_of,
    reduce,
)
from sidelight_lsp.completing.answers import answer
from sidelight_lsp.documents.document import TextDocument

TRACE = "a" * 32


class Screen:
    """A document with a cursor (║ in its text) and an editor that edits it."""

    def __init__(self, marked: str, text: str, *, most_typed: int = 1) -> None:
        before, after = marked.split("║")
        self.document = TextDocument("u", "python", 1, before + after)
        rows = before.split("\n")
        self.at = Position(len(rows) - 1, len(rows[-1]))
        self.most_typed = most_typed
        line = self.document.line(self.at.line)
        offered = answer(line, self.at.character, text)
        assert offered is not None
        self.answer = offered
        offer = offer_of(self.at, line, [offered], TRACE)
        assert offer is not None
        self.offer: Offer | None = offer
        self.verdicts: list[Verdict] = []

    def replace(self, start: Position, end: Position, text: str) -> None:
        edit = self.document.replace(start, end, text)
        self.at = edit.new_end
        self._event(Edited(self.document, edit, self.most_typed))

    def insert(self, text: str) -> None:
        self.replace(self.at, self.at, text)

    def accept(self) -> None:
        """Do what an item asks for: replace its range by its text."""
        row = self.at.line
        self.replace(
            Position(row, self.answer.start), Position(row, self.answer.end), self.answer.text
        )

    def type(self, text: str) -> None:
        for key in text:
            self.insert(key)

    def ask(self, at: Position | None = None) -> None:
        self._event(Asked(self.document, at or self.at, self.most_typed))

    def _event(self, event: Edited | Asked) -> None:
        if self.offer is None:
            return
        self.offer, verdict = reduce(self.offer, event)
        if verdict is not None:
            self.verdicts.append(verdict)


@pytest.mark.parametrize(
    ("marked", "text"),
    [
        ("def fib(║", "n): return n"),
        ("def fib(║)", "n): return n"),
        ("x = ║", "ab"),
        ("if x:\n    ║\nz = 1", "y = 1\n    w = 2"),
        ("total(║); rest", "a, b"),
        ("a\r\nb = ║\r\nc", "1\nd = 2"),
        ("s = '😀𝄞' + ║", "str(n) + '😀'"),
    ],
)
def test_an_accepted_suggestion_is_accepted_once_and_nothing_else(marked: str, text: str) -> None:
    screen = Screen(marked, text)
    screen.accept()
    (verdict,) = screen.verdicts
    assert isinstance(verdict, Accepted)
    assert screen.offer is None


def test_typing_through_to_the_end_is_no_acceptance() -> None:
    screen = Screen("def fib(║", "n): return n")
    screen.type("n): return n")
    assert screen.verdicts == [TypedOver(TRACE, 12)]


def test_accepting_what_is_left_after_typing_some_of_it_is_an_acceptance() -> None:
    screen = Screen("def fib(║", "n): return n")
    screen.type("n): ")
    screen.insert("return n")
    assert screen.verdicts == [Accepted(TRACE, 12)]


def test_a_word_at_a_time_is_told_each_time_and_the_last_word_accepts() -> None:
    screen = Screen("x = ║", "alpha + beta + gamma")
    for word in ("alpha", " + beta", " + gamma"):
        screen.insert(word)
    assert screen.verdicts == [
        PartlyAccepted(TRACE, 5),
        PartlyAccepted(TRACE, 12),
        Accepted(TRACE, 20),
    ]


def test_a_line_of_several_is_a_part() -> None:
    screen = Screen("if x:\n    ║", "alpha = 1\n    beta = 2")
    screen.insert("alpha = 1\n    ")
    assert screen.verdicts == [PartlyAccepted(TRACE, 14)]


@pytest.mark.parametrize("other", ["x", "pass", "\n"])
def test_typing_something_else_dismisses(other: str) -> None:
    screen = Screen("def fib(║", "n): return n")
    screen.insert(other)
    assert screen.verdicts == [Dismissed(TRACE, 0)]


def test_asking_elsewhere_dismisses() -> None:
    screen = Screen("def fib(║\nx", "n): return n")
    screen.ask(Position(1, 1))
    assert screen.verdicts == [Dismissed(TRACE, 0)]


def test_asking_where_typing_led_does_not() -> None:
    screen = Screen("def fib(║", "n): return n")
    screen.type("n)")
    screen.ask()
    assert screen.verdicts == []


def test_a_bracket_with_the_closer_an_editor_adds_is_one_key() -> None:
    screen = Screen("x = f║", "(a, b) + 1")
    screen.insert("()")
    screen.at = Position(0, screen.at.character - 1)
    screen.type("a, b")
    assert screen.verdicts == []
    # Typing the closer steps over the one that is there: an edit that changes nothing.
    screen.replace(screen.at, Position(0, screen.at.character + 1), ")")
    screen.type(" + 1")
    assert screen.verdicts == [TypedOver(TRACE, 10)]


def test_a_suggestion_that_is_one_pair_cannot_be_told_from_a_key() -> None:
    screen = Screen("x = f║", "()")
    screen.insert("()")
    assert screen.verdicts == [TypedOver(TRACE, 2)]


def test_a_line_end_with_its_indent_is_one_key() -> None:
    screen = Screen("if x:║", "\n    alpha = 1")
    screen.insert("\n    ")
    assert screen.verdicts == []
    screen.type("alpha = 1")
    assert screen.verdicts == [TypedOver(TRACE, 14)]


def test_typing_that_an_editor_gathers_is_typing() -> None:
    screen = Screen("x = ║", "alpha", most_typed=3)
    screen.insert("al")
    screen.insert("pha")
    assert screen.verdicts == [TypedOver(TRACE, 5)]


def test_an_edit_that_leaves_out_what_was_there_already_is_understood() -> None:
    """Neovim compares both texts and sends the difference only: the `)` is not sent again."""
    screen = Screen("def fib(║)", "n): return n")
    screen.insert("n): return n")  # With the cursor before the `)`, which then goes away:
    screen.replace(screen.at, Position(0, screen.at.character + 1), "")
    assert any(isinstance(one, Accepted) for one in screen.verdicts)
    tail = Screen("total(║)", "a, b)")
    tail.insert("a, b")
    assert tail.verdicts == [Accepted(TRACE, 5)]


def test_a_whole_text_sent_anew_tells_an_acceptance() -> None:
    screen = Screen("def fib(║", "n): return n")
    screen.document.replace_all("def fib(n): return n")
    assert screen.offer is not None
    _, verdict = reduce(screen.offer, Edited(screen.document, None))
    assert verdict == Accepted(TRACE, 12)


def test_a_whole_text_sent_anew_with_something_else_is_dismissed_by_the_next_ask() -> None:
    screen = Screen("def fib(║", "n): return n")
    screen.document.replace_all("def fib(x")
    assert screen.offer is not None
    offer, verdict = reduce(screen.offer, Edited(screen.document, None))
    assert offer is not None
    assert verdict is None
    assert reduce(offer, Asked(screen.document, Position(0, 9)))[1] == Dismissed(TRACE, 0)


def test_edits_above_move_the_suggestion_and_edits_below_do_not_touch_it() -> None:
    screen = Screen("a\nb = ║\nc", "alpha")
    cursor = screen.at
    screen.replace(Position(0, 0), Position(0, 0), "import x\n\n")
    screen.replace(Position(4, 0), Position(4, 1), "d")
    assert screen.verdicts == []
    screen.at = Position(cursor.line + 2, cursor.character)
    screen.accept()
    assert screen.verdicts == [Accepted(TRACE, 5)]


def test_deleting_what_was_typed_through_goes_back_within_the_suggestion() -> None:
    screen = Screen("x = ║", "alpha")
    screen.type("alp")
    screen.replace(Position(0, 5), Position(0, 7), "")
    screen.type("lpha")
    assert screen.verdicts == [TypedOver(TRACE, 5)]


CODE = st.text(st.sampled_from("ab(){}[]'\": ,\n😀é"), min_size=2, max_size=24).filter(
    lambda text: text.strip() == text
)
PLAIN = st.text(st.sampled_from("abc +=.😀\n"), min_size=4, max_size=24).filter(
    lambda text: text.strip() == text
)


@given(st.sampled_from(["║", "x = ║", "f(║)", "a\nb ║\n\nc", "é😀 ║"]), CODE)
def test_whatever_is_accepted_by_its_item_is_told(marked: str, text: str) -> None:
    line = marked.replace("║", "").split("\n")[marked.split("║", maxsplit=1)[0].count("\n")]
    column = len(marked.split("║", maxsplit=1)[0].rsplit("\n", maxsplit=1)[-1])
    if answer(line, column, text) is None:
        return
    screen = Screen(marked, text)
    screen.accept()
    assert [type(one) for one in screen.verdicts] in ([Accepted], [TypedOver])
    ambiguous = len(screen.answer.text) <= 2 + column
    assert isinstance(screen.verdicts[0], Accepted) or ambiguous


@given(PLAIN)
def test_whatever_is_typed_key_by_key_is_never_an_acceptance(text: str) -> None:
    screen = Screen("x ║", text)
    screen.type(text)
    assert screen.verdicts == [TypedOver(TRACE, len(text))]


@given(PLAIN, st.lists(st.integers(1, 23), max_size=5))
def test_in_whatever_pieces_it_is_taken_it_ends_once_and_parts_only_grow(
    text: str, cuts: list[int]
) -> None:
    screen = Screen("x ║", text)
    places = sorted({cut for cut in cuts if cut < len(text)} | {0, len(text)})
    for start, end in pairwise(places):
        screen.insert(text[start:end])
    *parts, last = screen.verdicts
    assert isinstance(last, Accepted | TypedOver)
    assert last.characters == len(text)
    assert all(isinstance(one, PartlyAccepted) for one in parts)
    lengths = [one.characters for one in parts]
    assert lengths == sorted(set(lengths))


@given(PLAIN, st.integers(0, 23), st.text(min_size=1, max_size=8))
def test_no_edit_raises_and_a_suggestion_that_is_gone_has_a_reason(
    text: str, cut: int, other: str
) -> None:
    screen = Screen("x ║ y", text.split("\n", maxsplit=1)[0].strip() or "abcd")
    screen.insert(text[:cut])
    screen.insert(other)
    screen.ask()
    assert (screen.offer is None) == any(
        not isinstance(one, PartlyAccepted) for one in screen.verdicts
    )
