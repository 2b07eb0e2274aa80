"""`sidelight complete`: the place it is given, and the object it prints."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.cli.complete import (
    Place,
    as_json,
    as_text,
    exit_code,
    language_of,
    read_place,
    split_lines,
)
from sidelight_client.domain.completion import (
    Blocked,
    Completed,
    Finding,
    Limited,
    Source,
    SourceKind,
    Tier,
    Timings,
    Unauthorized,
    UnauthorizedReason,
    Unavailable,
    UnavailableReason,
)
from sidelight_client.domain.place import Position, Range
from sidelight_client.domain.spending.budget import Scope
from sidelight_client.errors import ExitCode, SidelightError

TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "pay.py"
    file.write_bytes(b"# \xf0\x9f\x98\x80 pay\r\ndef f():\n    ret")
    return file


def test_a_place_is_counted_from_one(source: Path) -> None:
    place = read_place(f"{source}:3:8")
    assert place.at == Position(2, 7)
    assert place.lines == ("# 😀 pay\r\n", "def f():\n", "    ret")


@pytest.mark.parametrize(
    "rest", ["", ":3", ":0:1", ":3:0", ":9:1", ":3:9", ":1:99", ":x:y", ":-1:2"]
)
def test_a_place_that_is_not_in_the_file_is_refused_with_a_sentence(
    source: Path, rest: str
) -> None:
    with pytest.raises(SidelightError) as refused:
        read_place(f"{source}{rest}")
    assert refused.value.code == "position.invalid"
    assert refused.value.exit_code is ExitCode.USAGE


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(SidelightError) as refused:
        read_place(f"{tmp_path / 'none.py'}:1:1")
    assert refused.value.code == "file.unreadable"
    assert "No such file" in str(refused.value)


def test_a_file_with_invalid_utf8_is_still_completed_in(tmp_path: Path) -> None:
    file = tmp_path / "latin.py"
    file.write_bytes(b"name = 'caf\xe9'\nx")
    assert read_place(f"{file}:2:2").lines[1] == "x"


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        ("", ("",)),
        ("a", ("a",)),
        ("a\n", ("a\n", "")),
        ("a\r\nb\rc\n", ("a\r\n", "b\r", "c\n", "")),
        ("a\x0cb\u2028c\n", ("a\x0cb\u2028c\n", "")),
    ],
)
def test_lines_end_where_lsp_ends_them(content: str, lines: tuple[str, ...]) -> None:
    assert split_lines(content) == lines


@given(st.text(alphabet="a\r\n\x0b\x0c\x1c\u2028\u0085", max_size=30))
def test_no_character_is_lost_in_splitting(content: str) -> None:
    lines = split_lines(content)
    assert "".join(lines) == content
    assert all("\n" not in line[:-1] for line in lines)


def test_the_printed_object_has_what_the_documentation_says() -> None:
    place = Place(Path("x.py"), ("😀 = ",), Position(0, 4))
    done = Completed(
        TRACE,
        ("1",),
        Source(SourceKind.WORKSPACE, "workspace match: a.py:3"),
        Tier.FAST,
        Timings(total_s=0.0123),
    )
    at = {"line": 0, "character": 5}
    assert as_json(done, place) == {
        "outcome": "completed",
        "items": [{"text": "1", "range": {"start": at, "end": at}}],
        "source": {"kind": "workspace", "label": "workspace match: a.py:3"},
        "tier": "fast",
        "ms": 12.3,
        "trace_id": TRACE,
        "message": None,
    }


def test_a_block_says_where_and_never_what() -> None:
    place = Place(Path("x.py"), ("ssn = '536-22-8765'\n", "x"), Position(1, 1))
    found = Finding("us_ssn", "file:///x.py", Range(Position(0, 7), Position(0, 18)), "•••-••-••65")
    shown = as_json(Blocked(TRACE, "us_ssn", "SSN", "Why.", (found,)), place)
    assert shown["findings"][0]["range"]["start"] == {"line": 0, "character": 7}
    assert "536" not in repr(shown)


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Blocked(TRACE, "r", "t", "w"), ExitCode.FINDING),
        (Unauthorized(TRACE, UnauthorizedReason.SIGNED_OUT), ExitCode.NOT_SIGNED_IN),
        (Unavailable(TRACE, UnavailableReason.GATEWAY_DOWN), ExitCode.GATEWAY_UNREACHABLE),
        (Limited(TRACE, Scope.USER, "requests", 120, 120, 1.7e9), ExitCode.LIMITED),
    ],
)
def test_what_is_no_completion_has_its_exit_code_and_its_sentence(
    outcome: Blocked | Unauthorized | Unavailable | Limited, code: ExitCode
) -> None:
    assert exit_code(outcome) is code
    assert TRACE in as_text(outcome)
    assert as_json(outcome, Place(Path("x"), ("",), Position(0, 0)))["message"]["text"]


def test_a_language_is_known_by_the_ending() -> None:
    assert language_of(Path("a/B.PY")) == "python"
    assert language_of(Path("Makefile")) == "plaintext"
