"""Ollama's own streams: JSON objects one a line, however they are split, and errors among them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.domain.completion import TokenUse
from sidelight_client.domain.failure import Failure, FailureKind
from sidelight_client.gateways.answer_reader import AnswerReader
from sidelight_client.gateways.ndjson import LineReader
from sidelight_client.gateways.registry import PROFILES
from sidelight_client.gateways.sse import EventTooLargeError
from sidelight_client.gateways.verdict import Exchanged, Success, SuccessKind, verdict
from sidelight_client.ports import Delta, Finish, GatewayEvent

NOW = 1_700_000_000.0

NATIVE = [
    {"model": "qwen", "response": "return", "done": False},
    {"model": "qwen", "response": " a + b\n", "done": False},
    {"model": "qwen", "response": "", "done": True, "prompt_eval_count": 7, "eval_count": 4},
]


def streamed(lines: list[dict[str, Any]], size: int) -> list[list[GatewayEvent]]:
    """What each piece of `size` bytes of Ollama's own stream brings."""
    body = "".join(json.dumps(line) + "\n" for line in lines).encode()
    reader = AnswerReader(PROFILES["ollama"], "application/x-ndjson", model="asked")
    told = [reader.feed(body[i : i + size]) for i in range(0, len(body), size)]
    return [*told, reader.feed(b"")]


@given(st.integers(1, 200))
def test_ollamas_own_stream_is_read_line_by_line_however_it_is_split(size: int) -> None:
    told = streamed(NATIVE, size)
    events = [event for piece in told for event in piece]
    assert "".join(e.text for e in events if isinstance(e, Delta)) == "return a + b\n"
    last = events[-1]
    assert isinstance(last, Finish)
    assert (last.tokens, last.model) == (TokenUse(7, None, 4), "qwen")


def test_the_first_line_is_told_before_the_second_has_come() -> None:
    size = len(json.dumps(NATIVE[0])) + 1
    assert streamed(NATIVE, size)[0] == [Delta("return")]


def test_a_line_that_never_ends_and_an_error_line_end_the_answer() -> None:
    for body in (b"x" * 300_000, b'{"error":"model runner has stopped"}\n'):
        reader = AnswerReader(PROFILES["ollama"], "application/x-ndjson")
        (failure,) = [*reader.feed(body), *reader.feed(b"")]
        assert not isinstance(failure, Delta | Finish)


@given(st.lists(st.text("ab{}\u00e9", min_size=1), max_size=6), st.integers(1, 9))
def test_lines_are_the_same_however_they_are_split(lines: list[str], size: int) -> None:
    body = "\n".join(lines).encode()
    reader = LineReader()
    told = [line for i in range(0, len(body), size) for line in reader.feed(body[i : i + size])]
    assert [*told, *reader.end()] == lines


@pytest.mark.parametrize(
    ("before", "last"), [(b"", b"x" * 11), (b"xxxxxx", b"xxxxxx"), (b"", b"x" * 11 + b"\n")]
)
def test_a_line_is_bounded_wherever_it_is_cut(before: bytes, last: bytes) -> None:
    reader = LineReader(10)
    assert reader.feed(before) == []
    with pytest.raises(EventTooLargeError):
        reader.feed(last)


def exchanged(*lines: dict[str, Any]) -> Success | Failure:
    body = "".join(json.dumps(line) + "\n" for line in lines).encode()
    headers = {"content-type": "application/x-ndjson"}
    seen = Exchanged(path="/api/generate", status=200, headers=headers, body=body)
    return verdict(PROFILES["ollama"], seen, NOW)


def test_an_exchange_is_explained_by_the_error_among_its_lines() -> None:
    assert exchanged(*NATIVE) == Success(SuccessKind.OK)
    failed = exchanged(NATIVE[0], {"error": "the input length exceeds the context length"})
    assert isinstance(failed, Failure)
    assert failed.kind is FailureKind.CONTEXT_EXCEEDED
