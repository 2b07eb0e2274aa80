"""What each profile sends and reads: headers, encodings, streams and limits."""

# ruff: noqa: E501  events are written as they come, one a line
from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from sidelight_client.domain.completion import CompletionRequest, TokenUse
from sidelight_client.domain.identity.grant import Grant
from sidelight_client.domain.identity.secret import Secret
from sidelight_client.domain.place import Document, Position
from sidelight_client.domain.routing.fim import Mode
from sidelight_client.domain.spending.budget import Reading, Scope, Unit
from sidelight_client.domain.window import take
from sidelight_client.gateways.answer_reader import AnswerReader
from sidelight_client.gateways.limit_headers import standard_limits
from sidelight_client.gateways.profile import Encoded
from sidelight_client.gateways.registry import PROFILES
from sidelight_client.ports import Delta, Finish
from sidelight_client.testing.fakes import grant

NOW = 1_700_000_000.0
TRACE = "0af7651916cd43dd8448eb211c80319c"
UUID = "0af76519-16cd-43dd-8448-eb211c80319c"
WINDOW = take(["def f():\n", "    \n", "# end\n"], Position(1, 4), "file:///home/zora/secret/a.py")
REQUEST = CompletionRequest(TRACE, Document("file:///home/zora/secret/a.py", "python"), WINDOW)
BASE = "https://gateway.example/v1"


def encoded(profile: str, mode: Mode | None = None) -> tuple[Encoded, dict[str, Any]]:
    chosen = PROFILES[profile]
    said = chosen.encode(REQUEST, "m", mode or chosen.default_mode)
    return said, json.loads(said.body)


@pytest.mark.parametrize("profile", PROFILES)
def test_headers_carry_the_trace_id_and_nothing_about_the_person(profile: str) -> None:
    headers = PROFILES[profile].trace_headers(TRACE)
    assert headers["traceparent"].split("-")[1] == TRACE
    assert any(
        TRACE in value or UUID in value for n, value in headers.items() if n != "traceparent"
    )
    assert not any("zora" in value or "secret" in value for value in headers.values())


@pytest.mark.parametrize(
    ("profile", "name"), [("litellm", "x-litellm-call-id"), ("portkey", "x-portkey-trace-id")]
)
def test_the_gateways_own_id_is_the_same_as_a_uuid(profile: str, name: str) -> None:
    assert PROFILES[profile].trace_headers(TRACE)[name] == UUID


def token(value: str) -> Grant:
    return replace(grant(), access_token=Secret(value))


@pytest.mark.parametrize(
    ("profile", "value", "header", "sent"),
    [
        ("openai", "tok", "authorization", "Bearer tok"),
        ("litellm", "sk-1", "authorization", "Bearer sk-1"),
        ("anthropic", "tok", "authorization", "Bearer tok"),
        ("anthropic", "sk-ant-api03-x", "x-api-key", "sk-ant-api03-x"),
        ("azure_apim", "a.b.c", "authorization", "Bearer a.b.c"),
        ("azure_apim", "0123", "ocp-apim-subscription-key", "0123"),
        ("cloudflare", "tok", "cf-aig-authorization", "Bearer tok"),
    ],
)
def test_the_grant_goes_into_the_gateways_header(
    profile: str, value: str, header: str, sent: str
) -> None:
    headers = PROFILES[profile].auth_headers(token(value))
    assert {name: secret.reveal() for name, secret in headers.items()} == {header: sent}
    assert value not in repr(headers)


@pytest.mark.parametrize("profile", PROFILES)
def test_without_a_grant_no_credential_is_sent(profile: str) -> None:
    assert dict(PROFILES[profile].auth_headers(None)) == {}


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("mode", Mode)
def test_every_mode_carries_the_text_before_the_cursor(profile: str, mode: Mode) -> None:
    said, body = encoded(profile, mode)
    assert WINDOW.prefix in json.dumps(body, ensure_ascii=False).encode().decode("unicode_escape")
    assert said.url(BASE).startswith("https://gateway.example/")


def test_llamacpp_fills_in_at_its_own_endpoint() -> None:
    said, body = encoded("llamacpp")
    assert said.url(BASE) == "https://gateway.example/infill"
    assert (body["input_prefix"], body["input_suffix"]) == (WINDOW.prefix, WINDOW.suffix)
    assert "zora" not in said.body.decode()


def test_llamacpp_is_never_given_a_suffix_it_would_drop() -> None:
    said, body = encoded("llamacpp", Mode.SUFFIX)
    assert said.path == "/completions"
    assert "suffix" not in body


def test_mistral_fills_in_and_is_given_no_field_it_refuses() -> None:
    said, body = encoded("mistral")
    assert said.url(BASE) == f"{BASE}/fim/completions"
    assert body["suffix"] == WINDOW.suffix
    assert "stream_options" not in body


def test_anthropic_is_asked_in_messages() -> None:
    said, body = encoded("anthropic")
    assert said.url(BASE) == f"{BASE}/messages"
    assert body["max_tokens"] == 64
    assert [message["role"] for message in body["messages"]] == ["user"]
    assert PROFILES["anthropic"].trace_headers(TRACE)["anthropic-version"] == "2023-06-01"


def read(profile: str, kind: str, *blocks: str) -> tuple[str, Finish]:
    reader = AnswerReader(PROFILES[profile], kind)
    events = [e for block in (*blocks, "") for e in reader.feed(block.encode())]
    last = events[-1]
    assert isinstance(last, Finish)
    return "".join(event.text for event in events if isinstance(event, Delta)), last


def test_a_messages_stream_is_read_with_what_went_in_and_what_came_out() -> None:
    events = (
        {"type": "message_start", "message": {"type": "message", "model": "c", "content": [], "usage": {"input_tokens": 3, "cache_read_input_tokens": 30, "output_tokens": 0}}},
        {"type": "content_block_start", "content_block": {"type": "text", "text": ""}},
        {"type": "ping"},
        {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "ret"}},
        {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "urn"}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 6}},
        {"type": "message_stop"},
    )  # fmt: skip
    blocks = [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events]
    text, finish = read("anthropic", "text/event-stream", *blocks)
    assert text == "return"
    assert finish.tokens == TokenUse(33, 30, 6)
    assert finish.model == "c"


def test_an_infill_stream_ends_without_done() -> None:
    last = {"content": " 1", "stop": True, "tokens_evaluated": 26, "tokens_predicted": 2, "timings": {"cache_n": 20}, "model": "q"}  # fmt: skip
    blocks = ['data: {"content":"return","stop":false}\n\n', f"data: {json.dumps(last)}\n\n"]
    text, finish = read("llamacpp", "text/event-stream", *blocks)
    assert (text, finish.tokens) == ("return 1", TokenUse(26, 20, 2))


def test_a_chat_that_opens_with_null_is_read() -> None:
    blocks = [
        'data: {"choices":[{"delta":{"role":"assistant","content":null}}]}\n\n',
        'data: {"choices":[{"delta":{"content":"x"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n',
    ]
    assert read("llamacpp", "text/event-stream", *blocks)[0] == "x"


def test_ollamas_lines_are_one_answer() -> None:
    lines = '{"response":"a","done":false}\n{"response":"b","done":true,"eval_count":2}\n'
    text, finish = read("ollama", "application/x-ndjson", lines)
    assert (text, finish.tokens.output) == ("ab", 2)


def limits(profile: str, headers: dict[str, str]) -> set[tuple[Scope, Unit, float, float | None]]:
    found = PROFILES[profile].limits_from_headers(headers, NOW)
    assert all(r.source == "headers" for r in found)
    assert all(r.resets_at is not None for r in found if r.hard and r.used == r.limit)
    return {(r.scope, r.unit, r.limit, r.used) for r in found}


def test_litellms_headers_are_read_by_whose_limits_they_are() -> None:
    headers = {
        "x-ratelimit-limit-requests": "500",
        "x-ratelimit-remaining-requests": "499",
        "x-ratelimit-reset-requests": "120ms",
        "x-ratelimit-api_key-limit-requests": "2",
        "x-ratelimit-api_key-remaining-requests": "0",
        "x-ratelimit-team-limit-tokens": "1000",
        "x-ratelimit-team-remaining-tokens": "900",
        "x-litellm-key-rpm-limit": "2",
        "x-litellm-key-max-budget": "10",
        "x-litellm-key-spend": "2.5",
    }
    assert limits("litellm", headers) == {
        (Scope.VENDOR, Unit.REQUESTS, 500, 1),
        (Scope.USER, Unit.REQUESTS, 2, 2),
        (Scope.TEAM, Unit.TOKENS, 1000, 100),
        (Scope.USER, Unit.COST, 10, 2.5),
    }


def test_a_limit_litellm_only_names_is_not_counted_as_unused() -> None:
    assert limits("litellm", {"x-litellm-key-tpm-limit": "50"}) == {
        (Scope.USER, Unit.TOKENS, 50, None)
    }


def test_kongs_tightest_window_is_the_developers() -> None:
    headers = {
        "x-ratelimit-limit-hour": "120",
        "x-ratelimit-remaining-hour": "3",
        "x-ratelimit-limit-minute": "10",
        "x-ratelimit-remaining-minute": "9",
        "ratelimit-limit": "120",
        "ratelimit-remaining": "3",
        "ratelimit-reset": "600",
    }
    assert PROFILES["kong"].limits_from_headers(headers, NOW) == (
        Reading(Scope.USER, Unit.REQUESTS, 120, 117, 3600, NOW + 600, source="headers"),
    )


def test_the_standard_header_is_read_with_its_policy() -> None:
    headers = {"ratelimit-policy": '"hour";q=120;w=3600', "ratelimit": '"hour";r=20;t=90'}
    assert standard_limits(headers, NOW) == (
        Reading(Scope.USER, Unit.REQUESTS, 120, 100, 3600, NOW + 90, source="headers"),
    )


def test_anthropics_limits_are_the_organisations() -> None:
    headers = {
        "anthropic-ratelimit-requests-limit": "50",
        "anthropic-ratelimit-requests-remaining": "49",
        "anthropic-ratelimit-requests-reset": "2023-11-14T22:14:20+00:00",
    }
    assert limits("anthropic", headers) == {(Scope.VENDOR, Unit.REQUESTS, 50, 1)}


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("value", ["", "nan", "-1", "1e400", "lots", "0", "9" * 50])
def test_a_limit_that_cannot_be_read_is_left_out_or_bounded(profile: str, value: str) -> None:
    names = (
        "x-ratelimit-limit-requests",
        "x-ratelimit-api_key-limit-requests",
        "x-ratelimit-limit-hour",
        "ratelimit-limit",
        "ratelimit-reset",
        "ratelimit",
        "ratelimit-policy",
        "anthropic-ratelimit-requests-limit",
        "x-litellm-key-max-budget",
    )
    for reading in PROFILES[profile].limits_from_headers(dict.fromkeys(names, value), NOW):
        assert reading.limit > 0
        assert reading.resets_at is None or reading.resets_at <= NOW + 33 * 86_400
