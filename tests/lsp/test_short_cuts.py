"""The short ways of the hot path lead where the long ones do."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.api import Position, Source, SourceKind, Tier
from sidelight_lsp.completing.suggestions import Left, Suggestions
from sidelight_lsp.completing.through import Anchor, Suggestion, remaining, typed_at
from sidelight_lsp.deciding.policy_state import Key, PolicyState, reduce
from sidelight_lsp.documents.document import TextDocument, split_lines
from sidelight_lsp.wire.channel import CHUNK
from sidelight_lsp.wire.framing import MAX_BODY, FrameParser, FramingError, frame
from sidelight_lsp.wire.front import decoded

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)
blanks = st.text(alphabet=" \t\r\n", max_size=3)


@given(value=json_values, before=blanks, after=blanks)
def test_a_message_is_read_as_the_standard_library_reads_it(
    value: Any, before: str, after: str
) -> None:
    assert decoded(before + json.dumps(value) + after) == value


@pytest.mark.parametrize("body", ['{"a":1}x', '{"a":1}{"b":2}', '{"a":', "", "{", "nonsense"])
def test_what_is_no_message_is_refused(body: str) -> None:
    with pytest.raises(ValueError, match=r"Exp|Extra"):
        decoded(body)


@given(first=st.binary(max_size=30), second=st.binary(max_size=30), begun=st.integers(0, 60))
def test_whole_frames_behind_a_begun_one_are_found(first: bytes, second: bytes, begun: int) -> None:
    data, parser = frame(first) + frame(second), FrameParser()
    assert parser.feed(data[:begun]) + parser.feed(data[begun:] + frame(b"last")) == [
        first,
        second,
        b"last",
    ]


def test_a_body_that_is_announced_too_large_is_refused_at_once() -> None:
    with pytest.raises(FramingError, match="64 MiB"):
        FrameParser().feed(frame(b"{}") + b"Content-Length: %d\r\n\r\n" % (MAX_BODY + 1))


def test_one_turn_of_the_loop_takes_a_few_dozen_keys_at_most() -> None:
    key = {"jsonrpc": "2.0", "method": "textDocument/didChange", "params": {"text": "x" * 100}}
    assert CHUNK // len(frame(json.dumps(key).encode())) < 100


@given(st.text(alphabet="ab\r\n", max_size=30))
def test_plain_lines_are_cut_as_others_are(text: str) -> None:
    marked = split_lines("\u2028" + text)
    assert split_lines(text) == [marked[0][1:], *marked[1:]]


@given(
    rows=st.lists(st.sampled_from(("abc\n", "ab\r\n", "\r", "\n", "é\n")), min_size=1, max_size=4),
    line=st.integers(0, 4),
    start=st.integers(0, 4),
    end=st.integers(0, 4),
    text=st.text(alphabet="xy\r\n", max_size=3),
)
def test_an_edit_within_a_line_is_an_edit_as_any_other(
    rows: list[str], line: int, start: int, end: int, text: str
) -> None:
    document = TextDocument("u", "python", 1, "".join(rows))
    row = min(line, len(document.lines) - 1)
    last = len(document.line(row))
    begin, stop = Position(row, min(start, end, last)), Position(row, min(max(start, end), last))
    before = "".join(document.lines[:row]) + document.lines[row][: begin.character]
    after = document.lines[row][stop.character :] + "".join(document.lines[row + 1 :])
    document.replace(begin, stop, text)
    assert document.lines == split_lines(before + text + after)
    assert document.size == len(before + text + after)


@given(inserted=st.text(alphabet="ab \n", max_size=5), deleted=st.text(alphabet="ab", max_size=5))
def test_a_key_changes_nothing_of_what_answers_taught(inserted: str, deleted: str) -> None:
    taught = PolicyState(
        usefulness=0.31,
        tried=0.32,
        answer_chars=33.0,
        latency_s=0.34,
        goes_on=0.35,
        goes_on_in_text=0.36,
    )
    state = reduce(taught, Key(1.0, inserted, deleted))
    typing = {"last_key_at_s", "pause_s", "moved", "gap_s", "deleted", "stride", "keys", "sent"}
    typing |= {"since_failure", "since_left", "put_in", "ended_in_text"}
    kept = [name for name in asdict(state) if name not in typing]
    assert [getattr(state, name) for name in kept] == [getattr(taught, name) for name in kept]
    told = ["usefulness", "tried", "answer_chars", "latency_s", "goes_on", "goes_on_in_text"]
    assert kept == told


def test_what_was_asked_in_another_text_of_the_line_is_not_continued() -> None:
    document = TextDocument("u", "python", 1, "a = 1\nb = 2\n")
    anchor = Anchor(Position(0, 2), Position(1, 4), "= 1\nb = ", "2")
    assert (anchor.head, anchor.head_column) == ("b = ", 0)
    assert typed_at(anchor, document, Position(1, 4)) == ""
    document.replace(Position(1, 0), Position(1, 1), "c")
    assert typed_at(anchor, document, Position(1, 4)) is None


def test_an_anchor_that_begins_in_its_own_line_is_compared_from_there() -> None:
    document = TextDocument("u", "python", 1, "abc = 2\n")
    anchor = Anchor(Position(0, 3), Position(0, 6), " = ", "2")
    assert (anchor.head, anchor.head_column) == (" = ", 3)
    assert typed_at(anchor, document, Position(0, 6)) == ""


def suggestion(number: int, column: int, text: str, *, asked: bool) -> Suggestion:
    line = "value = 1"
    anchor = Anchor(Position(0, 0), Position(0, column), line[:column], "")
    return Suggestion(anchor, (text,), str(number), Source(SourceKind.MODEL, ""), Tier.FAST, asked)


@given(
    made=st.lists(
        st.tuples(st.integers(0, 9), st.booleans(), st.booleans(), st.booleans()), max_size=8
    ),
    column=st.integers(0, 9),
)
def test_what_is_left_out_would_not_have_been_chosen(
    made: list[tuple[int, bool, bool, bool]], column: int
) -> None:
    document = TextDocument("u", "python", 1, "value = 1"[:column])
    kept = Suggestions()
    for number, (begins, goes_on, asked, complete) in enumerate(made):
        text = "value = 1"[begins:] + ("23" if goes_on else "")
        kept.keep(suggestion(number, begins, text if complete else "other", asked=asked))
    at = Position(0, column)
    fitting = [
        Left(one, texts, len(typed))
        for one in kept.kept
        if (typed := typed_at(one.anchor, document, at)) is not None
        and (texts := remaining(one.texts, typed))
    ]
    best = max((left.rank for left in fitting), default=None)
    found = kept.left(document, at)
    assert (found.rank if found is not None else None) == best
