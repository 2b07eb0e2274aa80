"""The workspace completer says what the code itself said before, or nothing."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidelight_client.embedded.completer import Completer
from sidelight_client.embedded.token_index import TokenIndex
from sidelight_client.embedded.tokens import tokens_of
from sidelight_client.embedded.trimming import next_line, trimmed

LIBRARY = """\
import logging

log = logging.getLogger(__name__)


def load_settings(path):
    with path.open(encoding="utf-8") as file:
        return parse_settings(file.read())


def save_settings(path, settings):
    with path.open("w", encoding="utf-8") as file:
        file.write(dump_settings(settings))
"""


def indexed(**files: str) -> TokenIndex:
    index = TokenIndex(100_000)
    for label, text in files.items():
        for _ in index.add(label, text):
            pass
    return index


def completed(prompt: str, suffix: str = "", **options) -> tuple[str, str]:
    completer = Completer(indexed(library=LIBRARY))
    suggestion = completer.complete(prompt, suffix, **options)
    return suggestion.text, suggestion.label


def check(before_and_after: str, expected: str, label: str = "", **options) -> None:
    """`║` is the cursor."""
    prompt, _, suffix = before_and_after.partition("║")
    text, source = completed(prompt, suffix, **options)
    assert text == expected
    assert source == label or not label


def test_the_rest_of_a_line_comes_from_the_workspace_with_its_place():
    check(
        "def load(path):\n    with path.open(enc║",
        'oding="utf-8") as file:',
        "workspace match: library:7",
        max_lines=1,
    )


def test_the_file_itself_is_preferred():
    check(
        "with path.open(mode) as stream:\n    pass\nwith path.open(║",
        "mode) as stream:",
        "this file",
        max_lines=1,
    )


def test_further_lines_come_while_the_context_is_long_and_clear():
    text, _ = completed("def load_settings(path):\n    with path.open(enc")
    assert text == 'oding="utf-8") as file:\n        return parse_settings(file.read())'


def test_what_follows_the_cursor_helps_too():
    check("first = ma║\nother = make(alpha)\nfirst = make(alpha)\n", "ke(alpha)", max_lines=1)


def test_unknown_text_brings_nothing():
    check("quux frobnicates ║", "", "no match")
    check("║", "", "no match")
    check("║" + LIBRARY, "", "no match")


def test_a_bracket_the_editor_closed_is_not_closed_again():
    check("def f(p):\n    with path.open(║)", '"w", encoding="utf-8"', max_lines=1)


def test_the_rest_of_the_line_is_not_written_twice():
    check("log = logging.get║(__name__)", "Logger")


def test_in_the_middle_of_a_line_the_answer_stays_on_it():
    text, _ = completed("def load_settings(path):\n    with path.open(enc", " # to be continued")
    assert "\n" not in text


def test_a_line_that_follows_already_is_not_written_again():
    check(
        "def load_settings(path):\n    with path.open(enc║\n        return parse_settings(file.read())\n",
        'oding="utf-8") as file:',
    )


def test_windows_line_ends_stay_windows_line_ends():
    text, _ = completed("def load_settings(path):\r\n    with path.open(enc")
    assert text.count("\r\n") == text.count("\n") == 1


def test_a_removed_file_is_not_quoted_any_more():
    index = TokenIndex(100_000)
    (*_, file) = index.add("library", LIBRARY)
    assert Completer(index).complete("    with path.open(enc").text
    index.remove(file, len(LIBRARY))
    assert Completer(index).complete("    with path.open(enc").text == ""


@pytest.mark.parametrize(
    ("text", "suffix", "stop", "expected"),
    [
        ("a + b", "", (), "a + b"),
        ("a + b\nc", "", ("\n",), "a + b"),
        ("a + b", "", ("",), "a + b"),
        ("a)", ")", (), "a"),
        ("f(a))", ")", (), "f(a)"),
        ("f(a)", ")", (), "f(a)"),
        ("a]", ")", (), "a"),
        ("a, b)", ", b)", (), "a"),
        ("a, b", ", b)", (), "a"),
        ("x = y\nz", " # why", (), "x = y"),
        ("x\n    y()\n", "\n    y()\n", (), "x"),
        ("y()", "\n    y()\n", (), "y()"),
        ("x  \n  ", "", (), "x"),
    ],
)
def test_what_is_there_already_is_trimmed(text, suffix, stop, expected):
    assert trimmed(text, suffix, stop) == expected


CODE = st.lists(
    st.sampled_from(
        [
            "a",
            "b1",
            "foo",
            "é",
            "🙂",
            "(",
            ")",
            "[",
            "]",
            "=",
            ",",
            " ",
            "\n",
            "\n    ",
            "\t",
            "\r\n",
            "\r",
            "\x85",
            "\u2028",
            "\0",
            "return",
            '"',
        ]
    ),
    max_size=120,
).map("".join)


@given(
    st.lists(CODE, max_size=3), st.tuples(CODE, CODE), st.integers(0, 40), st.integers(1, 5), CODE
)
@settings(max_examples=300, deadline=None)
def test_whatever_is_asked_the_answer_keeps_its_bounds(files, around, tokens, lines, stop):
    index = indexed(**{f"file{i}": text for i, text in enumerate(files)})
    completer = Completer(index)
    prompt, suffix = around
    options = {"max_tokens": tokens, "max_lines": lines, "stop": (stop,)}
    suggestion = completer.complete(prompt, suffix, **options)
    assert suggestion == completer.complete(prompt, suffix, **options)
    text = suggestion.text
    assert suggestion.tokens <= tokens
    # A suggestion may begin with the line end after the cursor.
    assert text.count("\n") <= lines
    assert not stop or stop not in text
    assert text == text.rstrip()
    rest = suffix.replace("\r\n", "\n").partition("\n")[0].strip()
    if any(c.isalnum() for c in rest):
        assert rest not in text
        assert not any(text.endswith(rest[:n]) for n in range(1, len(rest) + 1))
    if rest:
        assert "\n" not in text
    elif following := next_line(suffix):
        assert following not in [line.strip() for line in text.split("\n")[1:]]


@given(CODE)
@settings(deadline=None)
def test_the_tokens_of_a_text_are_the_text(text):
    assert "".join(tokens_of(text)) == text


@given(st.lists(CODE, min_size=1, max_size=3), st.data())
@settings(max_examples=150, deadline=None)
def test_the_index_finds_what_a_search_of_everything_finds(files, data):
    index = indexed(**{f"file{i}": text for i, text in enumerate(files)})
    tokens = tokens_of(data.draw(st.sampled_from(files)).replace("\0", ""))
    context = tokens[: data.draw(st.integers(0, len(tokens)))]
    naive = {}
    position = 1
    for text in files:
        words = tokens_of(text)
        for i in range(len(words) + 1):
            agreeing = 0
            while agreeing < min(8, i, len(context)) and (
                words[i - 1 - agreeing] == context[-1 - agreeing] != "\0"
            ):
                agreeing += 1
            if agreeing >= 2:
                naive[position + i] = agreeing
        position += len(words) + 1
    found = {place.position: place.agreeing for place in index.find(context)}
    assert found.items() <= naive.items()
    # Each order gives up after a bounded number of occurrences; below that nothing is missed.
    if len(naive) < 40:
        assert found == naive


def test_a_word_that_occurs_everywhere_costs_no_more_than_a_rare_one():
    index = indexed(common="x = self.y\n" * 20_000)
    assert 48 <= len(index.find(tokens_of("x = self."))) <= 3 * 48


def test_a_line_longer_than_a_slice_is_still_taken_in():
    index = indexed(long="x = [" + "1, " * 20_000 + "]\nend = make(alpha)\n")
    assert Completer(index).complete("end = ma").text == "ke(alpha)"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("purses))\n\n\ndef observe(", "purses))"),
        ("entries:\n    total += entry\n\nother", "entries:\n    total += entry"),
        ("\n    return total\n", "\n    return total"),
    ],
)
def test_a_suggestion_ends_before_an_empty_line(text: str, kept: str) -> None:
    assert trimmed(text, "", ()) == kept


def test_the_edited_file_as_it_is_on_disk_does_not_silence_the_others() -> None:
    typed = "def total(entries):\n    running = 0\n    for entry in "
    index = indexed(ledger="running = 0\n    for entry in entries:\n        pass\n", new=typed)
    assert Completer(index).complete(typed, "").text.startswith("entries")
