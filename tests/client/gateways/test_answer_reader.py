"""From an answer's bytes to its events: recorded streams, split streams, broken ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.domain.completion import Source, SourceKind, TokenUse
from sidelight_client.domain.failure import Failure, FailureKind
from sidelight_client.gateways.answer_reader import AnswerReader
from sidelight_client.gateways.registry import PROFILES
from sidelight_client.ports import Delta, Finish, GatewayEvent

RECORDINGS = Path(__file__).parents[2] / "recordings"
STREAM = "text/event-stream; charset=utf-8"


def read(*pieces: bytes, kind: str = STREAM, fences: bool = False) -> list[GatewayEvent]:
    reader = AnswerReader(PROFILES["sidelight"], kind, strip_fences=fences, model="asked")
    told = [event for piece in pieces for event in reader.feed(piece)]
    told += reader.feed(b"")
    assert reader.over
    assert not reader.feed(b"data: more\n\n")
    return told


def text_of(events: list[GatewayEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, Delta))


def event(data: Any) -> bytes:
    return f"data: {json.dumps(data)}\n\n".encode()


def piece(text: str, finish: str | None = None) -> bytes:
    return event({"model": "m", "choices": [{"text": text, "finish_reason": finish}]})


USAGE = event(
    {
        "choices": [],
        "usage": {
            "prompt_tokens": 30,
            "completion_tokens": 2,
            "prompt_tokens_details": {"cached_tokens": 20},
        },
        "sidelight": {"source": {"kind": "workspace", "label": "workspace match: db/utils.py:41"}},
    }
)
WHOLE = piece("return") + piece(" a + b") + piece("", "stop") + USAGE + b"data: [DONE]\n\n"


@pytest.mark.parametrize(
    ("case", "text", "tokens"),
    [
        ("portkey_chat_stream", "return a + b\n", TokenUse(None, None, None)),
        ("portkey_completions_suffix", "return a + b\n /*suffix=\n*/", TokenUse(3, 0, 6)),
        ("llamacpp_completions_stream", None, None),
        ("llamacpp_completions_suffix", " return a + b\n\ndef subtract(a", TokenUse(7, 6, 8)),
        ("litellm_completions_stream", "return a + b\n", TokenUse()),
        ("litellm_chat_stream_usage", None, None),
    ],
)
def test_a_recorded_answer_is_read_to_its_end(
    case: str, text: str | None, tokens: TokenUse | None
) -> None:
    response = json.loads((RECORDINGS / f"{case}.json").read_text())["response"]
    kind = next(value for name, value in response["headers"] if name.lower() == "content-type")
    events = read(response["body"].encode(), kind=kind)
    last = events[-1]
    assert isinstance(last, Finish)
    assert text_of(events)
    if text is not None:
        assert text_of(events) == text
    if tokens is not None and tokens.prompt is not None:
        assert last.tokens == tokens
    assert last.source.kind is SourceKind.MODEL


def test_the_gateways_own_source_and_counts_are_told() -> None:
    events = read(WHOLE)
    assert text_of(events) == "return a + b"
    assert events[-1] == Finish(
        Source(SourceKind.WORKSPACE, "workspace match: db/utils.py:41"), TokenUse(30, 20, 2), "m"
    )


@given(st.integers(1, 40))
def test_the_splitting_of_the_bytes_does_not_matter(size: int) -> None:
    pieces = [WHOLE[i : i + size] for i in range(0, len(WHOLE), size)]
    assert read(*pieces) == read(WHOLE)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        piece("half"),
        piece("half") + b"data: {not json",
        piece("half") + event({"no": "choices"}),
        piece("half") + event([1, 2]),
        piece("half") + event({"error": {"message": "exploded", "code": 500}}),
        piece("x" * 70_000, "stop"),
        b"data: " + b"x" * 300_000,
    ],
    ids=["nothing", "cut", "no json", "no answer", "a list", "error", "endless", "one event"],
)
def test_a_stream_that_is_no_whole_answer_is_a_gateway_that_is_down(raw: bytes) -> None:
    last = read(raw)[-1]
    assert isinstance(last, Failure)
    assert last.kind is FailureKind.UPSTREAM_DOWN


def test_an_error_in_a_stream_means_what_it_says() -> None:
    last = read(piece("half"), event({"error": {"code": "policy.blocked", "message": "m"}}))[-1]
    assert isinstance(last, Failure)
    assert (last.kind, last.status) == (FailureKind.POLICY_BLOCKED, None)


def test_a_stream_that_ends_without_done_but_said_why_it_stopped_is_whole() -> None:
    assert isinstance(read(piece("all", "stop"))[-1], Finish)


@pytest.mark.parametrize("kind", ["text/html", "application/json", ""])
def test_a_login_page_is_a_gateway_that_is_down(kind: str) -> None:
    assert read(b"<html>Please pay</html>", kind=kind) == [Failure(FailureKind.UPSTREAM_DOWN)]


def test_a_body_that_is_too_large_is_given_up() -> None:
    assert read(b" " * 600_000, b" " * 600_000, kind="application/json") == [
        Failure(FailureKind.UPSTREAM_DOWN)
    ]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (["return 1"], "return 1"),
        (["```python\nreturn 1\n```"], "return 1\n"),
        (["`", "``py", "thon\nret", "urn 1\n", "``", "`\nHope this helps!"], "return 1\n"),
        (["```\na\nb"], "a\nb"),
        (["`x` is code"], "`x` is code"),
        (["``"], "``"),
        (["```"], ""),
    ],
)
def test_the_fence_a_chat_model_puts_around_code_is_taken_off(said: list[str], code: str) -> None:
    stream = b"".join(piece(part) for part in said) + piece("", "stop")
    assert text_of(read(stream, fences=True)) == code


@given(st.lists(st.binary(max_size=60)), st.sampled_from([STREAM, "application/json"]))
def test_any_bytes_end_in_exactly_one_finish_or_failure(pieces: list[bytes], kind: str) -> None:
    events = read(*(piece for piece in pieces if piece), kind=kind)
    assert [isinstance(e, Delta) for e in events] == [True] * (len(events) - 1) + [False]
