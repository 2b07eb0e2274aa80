"""Documents: edits against a plain-text model, in all three encodings, with every kind of line end."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sidelight_client.api import Position
from sidelight_lsp.documents.document import TextDocument, split_lines
from sidelight_lsp.documents.documents import MAX_CHARACTERS, Documents
from sidelight_lsp.wire.encoding import PositionEncoding, column_of, sendable, units_of

ENCODINGS = list(PositionEncoding)

# One, two and four bytes in utf-8; one and two units in utf-16; separators that are no line ends;
# a byte that is no UTF-8, as PEP 383 keeps it; and half a surrogate pair.
CHARACTERS = "ab(é€😀\u2028\x0c\x85\n\r\udcff\ud83d"
texts = st.text(alphabet=CHARACTERS, max_size=30)
numbers = st.one_of(st.integers(0, 5), st.integers(min_value=-2, max_value=40))
positions = st.fixed_dictionaries({"line": numbers, "character": numbers})
edits = st.lists(st.tuples(positions, positions, texts), max_size=8)


def naive_lines(text: str) -> list[str]:
    """LSP's line ends and no others, one character at a time."""
    lines, line = [], ""
    for place, character in enumerate(text):
        line += character
        if character == "\n" or (character == "\r" and text[place + 1 : place + 2] != "\n"):
            lines.append(line)
            line = ""
    return [*lines, line]


def naive_width(character: str, encoding: PositionEncoding) -> int:
    if encoding is PositionEncoding.UTF32 or "\udc80" <= character <= "\udcff":
        return 1
    if encoding is PositionEncoding.UTF16:
        return 2 if ord(character) > 0xFFFF else 1
    return len(character.encode("utf-8", "surrogatepass"))


def naive_offset(text: str, position: dict[str, int], encoding: PositionEncoding) -> int:
    """The offset of an LSP position, clamped as the specification says."""
    lines = naive_lines(text)
    row = position["line"]
    if row < 0:
        return 0
    if row >= len(lines):
        return len(text)
    offset = sum(map(len, lines[:row]))
    left = position["character"]
    for character in lines[row].rstrip("\r\n"):
        left -= naive_width(character, encoding)
        if left < 0:
            break
        offset += 1
    return offset


def held(text: str) -> str:
    return text.replace("\ud83d", "\ufffd")


@pytest.mark.parametrize("encoding", ENCODINGS)
@example(text="a\rb", changes=[({"line": 1, "character": 0}, {"line": 1, "character": 0}, "\n")])
@example(text="a\rb\nc", changes=[({"line": 1, "character": 0}, {"line": 1, "character": 1}, "")])
@given(text=texts, changes=edits)
def test_edits_do_what_they_do_to_a_plain_text(
    encoding: PositionEncoding, text: str, changes: list[tuple[Any, Any, str]]
) -> None:
    document = TextDocument("u", "python", 1, text, encoding)
    model = held(text)
    for start, end, new in changes:
        first, last = sorted(naive_offset(model, one, encoding) for one in (start, end))
        model = model[:first] + held(new) + model[last:]
        from_, to = document.position(start), document.position(end)
        assert from_ is not None
        assert to is not None
        document.replace(from_, to, new)
        assert "".join(document.lines) == model
        assert document.lines == naive_lines(model)
        assert document.size == len(model)


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(text=texts, start=positions, end=positions, new=texts)
def test_an_edit_tells_where_the_text_behind_it_is_now(
    encoding: PositionEncoding, text: str, start: Any, end: Any, new: str
) -> None:
    document = TextDocument("u", "python", 1, text, encoding)
    model = held(text)
    last = max(naive_offset(model, one, encoding) for one in (start, end))
    behind = model[last:]
    from_, to = document.position(start), document.position(end)
    assert from_ is not None
    assert to is not None
    edit = document.replace(from_, to, new)
    end_of_all = Position(len(document.lines), 0)
    assert document.text(edit.new_end, end_of_all).endswith(behind.lstrip("\n"))
    assert len(document.text(edit.new_end, end_of_all)) - len(behind) in (0, 1)


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(line=st.text(alphabet="ab é€😀\udcff", max_size=20), column=st.integers(0, 25))
def test_a_column_survives_the_way_to_the_editor_and_back(
    encoding: PositionEncoding, line: str, column: int
) -> None:
    column = min(column, len(line))
    units = units_of(line, column, encoding)
    assert units == sum(naive_width(character, encoding) for character in line[:column])
    assert column_of(line, units, encoding) == column


@given(text=texts)
def test_text_that_leaves_a_document_is_valid_and_as_long_as_before(text: str) -> None:
    assert len(sendable(text)) == len(text)
    sendable(text).encode()


@given(text=texts)
def test_lines_end_where_the_specification_says(text: str) -> None:
    assert split_lines(text) == naive_lines(text)


@given(text=texts, start=positions, end=positions)
def test_a_slice_is_the_text_between_two_places(text: str, start: Any, end: Any) -> None:
    document = TextDocument("u", "python", 1, text, PositionEncoding.UTF32)
    from_, to = document.position(start), document.position(end)
    assert from_ is not None
    assert to is not None
    model = held(text)
    first = naive_offset(model, start, PositionEncoding.UTF32)
    last = naive_offset(model, end, PositionEncoding.UTF32)
    assert document.text(from_, to) == model[first:last]


@pytest.mark.parametrize(
    "raw",
    [None, 3, [], {}, {"line": 1}, {"line": "1", "character": 0}, {"line": 1.0, "character": 0}],
)
def test_what_is_no_position_is_none(raw: object) -> None:
    assert TextDocument("u", "python", 1, "abc").position(raw) is None


@pytest.mark.parametrize(
    ("text", "line", "character", "line_found", "column"),
    [
        ("abc", 0, 99, 0, 3),
        ("abc\r\nd", 0, 99, 0, 3),
        ("abc", 99, 0, 0, 3),
        ("abc\n", 99, 99, 1, 0),
        ("abc", -1, 2, 0, 0),
        ("abc", 0, -5, 0, 0),
        ("a😀b", 0, 2, 0, 1),
        ("a😀b", 0, 3, 0, 2),
        ("", 0, 0, 0, 0),
    ],
)
def test_positions_outside_are_clamped_into_the_document(
    text: str, line: int, character: int, line_found: int, column: int
) -> None:
    document = TextDocument("u", "python", 1, text)
    found = document.position({"line": line, "character": character})
    assert found == Position(line_found, column)


def change(start: tuple[int, int], end: tuple[int, int], text: str) -> dict[str, Any]:
    places = [{"line": line, "character": character} for line, character in (start, end)]
    return {"range": {"start": places[0], "end": places[1]}, "text": text}


def opened(text: str) -> tuple[Documents, TextDocument]:
    documents = Documents()
    documents.did_open({"textDocument": {"uri": "u", "languageId": "python", "text": text}})
    document = documents.get("u")
    assert document is not None
    return documents, document


def changed(documents: Documents, *changes: Any, version: int = 2) -> TextDocument | None:
    return documents.did_change(
        {"textDocument": {"uri": "u", "version": version}, "contentChanges": list(changes)}
    )


def test_changes_are_applied_in_order_and_the_version_follows() -> None:
    documents, document = opened("a\nb")
    changed(documents, change((0, 1), (0, 1), "("), change((0, 2), (0, 2), ")"), version=7)
    assert document.lines == ["a()\n", "b"]
    assert document.version == 7
    changed(documents, {"text": "all new"})
    assert document.lines == ["all new"]


@pytest.mark.expects_log("a document was forgotten")
@pytest.mark.parametrize("bad", [None, 3, {}, {"text": 3}, {"range": 3, "text": ""}])
def test_a_document_whose_change_cannot_be_read_is_forgotten_and_not_guessed(bad: object) -> None:
    documents, _ = opened("abc")
    assert changed(documents, bad) is None
    assert documents.get("u") is None


def test_a_change_of_a_document_that_is_not_open_is_ignored() -> None:
    assert changed(Documents(), {"text": "x"}) is None


def test_what_a_session_holds_is_bounded() -> None:
    documents = Documents()
    half = "x" * (MAX_CHARACTERS // 2)
    for uri in ("one", "two", "three"):
        documents.did_open({"textDocument": {"uri": uri, "text": half}})
    assert documents.get("two") is not None
    assert documents.get("three") is None
    documents.did_close({"textDocument": {"uri": "one"}})
    documents.did_open({"textDocument": {"uri": "three", "text": half}})
    assert documents.get("three") is not None


def didchange_cpu_s(lines: int) -> float:
    """CPU seconds of a thousand keystrokes and line breaks in the middle of a file, best of three."""
    documents, _ = opened("    value = compute(left, right)  # remark\n" * lines)
    middle = lines // 2
    changes = [change((middle, 4), (middle, 4), text) for text in "abcdefghi\n"]
    undo = change((middle, 4), (middle + 1, 9), "")
    best = float("inf")
    for _ in range(3):
        began = time.process_time()
        for _ in range(100):
            for one in changes:
                changed(documents, one)
            changed(documents, undo)
        best = min(best, time.process_time() - began)
    return best


def test_an_edit_costs_the_same_in_20000_lines_as_in_300() -> None:
    assert didchange_cpu_s(20_000) <= 2 * didchange_cpu_s(300)
