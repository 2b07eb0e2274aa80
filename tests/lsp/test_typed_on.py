"""Typing along a suggestion is followed key by key, and leads where looking anew at all of it does."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidelight_client.api import Position, Source, SourceKind, Tier
from sidelight_lsp.acceptance import inferred
from sidelight_lsp.acceptance.inferred import Asked, Edited, Offer, gone_on, offer_of, reduce
from sidelight_lsp.completing.answers import answers
from sidelight_lsp.completing.suggestions import Left, Suggestions
from sidelight_lsp.completing.through import Anchor, Suggestion, below
from sidelight_lsp.deciding.document_policy import ahead
from sidelight_lsp.documents.document import Edit, TextDocument

TRACE = "a" * 32
TEXTS = ("aaab", "ababa", "aab", "ab)", "ab\nb", "b", "abab\nab", "a\n")
LINES = ("", "a", "", "b)", ")", "  ab", "é", "a\nb", "")

Key = tuple[str, int, int]
"""What is put in, and how many characters around the cursor it replaces: before it and behind it."""

as_typed = st.tuples(st.sampled_from(("a", "b", "1", "2")), st.just(0), st.just(0))
others = st.tuples(
    st.sampled_from(("1", "2", "a", "aa", "b", ")", "\n", "", "()", "é", "a)\nb")),
    st.integers(0, 1),
    st.integers(0, 1),
)
keys = st.lists(as_typed | as_typed | others, max_size=6)
"""The digits stand for so many characters of the suggestion."""


def typed(document: TextDocument, at: Position, key: Key, text: str) -> Edit:
    """Put a key in at the cursor; `text` is what is left of the suggestion there."""
    put_in, before, behind = key
    if put_in.isdigit():
        put_in = text[: int(put_in)]
    line = document.line(at.line)
    column = min(at.character, len(line))
    begin = Position(at.line, max(column - before, 0))
    return document.replace(begin, Position(at.line, min(column + behind, len(line))), put_in)


@pytest.fixture
def looking_anew(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Switch the short way of the reducer off and on again."""
    short = inferred.typed_on

    def long(_offer: Offer, _document: TextDocument, _cursor: Position) -> None:
        return None

    def switch(off: bool) -> None:
        monkeypatch.setattr(inferred, "typed_on", long if off else short)

    return switch


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=400)
@given(
    around=st.tuples(*[st.sampled_from(LINES)] * 3),
    texts=st.lists(st.sampled_from(TEXTS), min_size=1, max_size=2, unique=True),
    along=keys,
    most_typed=st.integers(1, 3),
)
def test_what_became_of_an_offer_is_told_the_same_by_one_look_at_its_line(
    looking_anew: Callable[[bool], None],
    around: tuple[str, str, str],
    texts: list[str],
    along: list[Key],
    most_typed: int,
) -> None:
    before, after, under = around
    document = TextDocument("u", "python", 1, f"x\n{before}{after}\n{under}")
    row = 1 + before.count("\n")
    at = Position(row, len(before.rpartition("\n")[2]))
    line = document.line(row)
    offer: Offer | None = offer_of(at, line, answers(line, at.character, texts), TRACE)
    for key in along:
        if offer is None:
            return
        edit = typed(document, at, key, offer.texts[-1][offer.placed :])
        at = edit.new_end
        for event in (
            Edited(document, edit, most_typed),
            Asked(document, at, most_typed),
        ):
            looking_anew(True)
            expected = reduce(offer, event)
            looking_anew(False)
            assert reduce(offer, event) == expected
            offer = expected[0]
            if offer is None:
                return
        line = document.line(at.line)
        left = answers(line, at.character, [one[offer.placed :] for one in offer.texts])
        known = inferred.typed_on(offer, document, at) == offer.placed
        if known and inferred.still_shows(offer, at, line, left):
            new = offer_of(at, line, left, TRACE)
            assert new is not None
            assert gone_on(offer, new, document) == offer
            assert reduce(offer, Asked(document, at, most_typed)) == (offer, None)


def suggestion(
    number: int, document: TextDocument, at: Position, text: str, *, asked: bool
) -> Suggestion:
    start = Position(max(at.line - 1, 0), 0)
    rest = document.line(at.line)[at.character :]
    anchor = Anchor(start, at, document.text(start, at), rest, below(document, at.line))
    return Suggestion(anchor, (text,), str(number), Source(SourceKind.MODEL, ""), Tier.FAST, asked)


@settings(max_examples=400)
@given(
    rows=st.lists(st.sampled_from(LINES), min_size=1, max_size=4),
    made=st.lists(
        st.tuples(st.integers(0, 3), st.integers(-1, 2), st.sampled_from(TEXTS), st.booleans()),
        min_size=1,
        max_size=4,
    ),
    along=keys,
)
def test_what_is_left_of_a_suggestion_is_the_same_as_if_it_was_looked_for_anew(
    rows: list[str], made: list[tuple[int, int, str, bool]], along: list[Key]
) -> None:
    document = TextDocument("u", "python", 1, "\n".join(rows))
    at = Position(len(document.lines) - 1, 1)
    followed = Suggestions()
    expected: Left | None = None
    for turn, key in enumerate(along):
        text = expected.texts[0] if expected is not None else ""
        edit = typed(document, at, key, text)
        deleted = "" if edit.new_end > edit.start else "aba"
        followed.edited(document, edit)
        at = edit.new_end
        for number, (when, back, text, asked) in enumerate(made):
            if when == turn:
                begins = Position(at.line, max(at.character - back, 0))
                there, _ = ahead(document, at, "a") if back < 0 else (document, at)
                followed.keep(suggestion(number, there, begins, text, asked=asked))
        anew = Suggestions(copy(followed.kept))
        expected = anew.left(document, at, deleted)
        assert followed.left(document, at, deleted) == expected
        assert followed.left(document, at, deleted) == expected
        assert [one.trace_id for one in followed.kept] == [one.trace_id for one in anew.kept]
