"""What a refusal means, over recorded answers of real gateways and over ones made up to be bad."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.domain.failure import Failure, FailureKind, RuleHit
from sidelight_client.gateways.profile import Reply
from sidelight_client.gateways.registry import PROFILES

NOW = 1_700_000_000.0
RECORDINGS = Path(__file__).parents[2] / "recordings"
K = FailureKind


def classified(reply: Reply, profile: str = "sidelight") -> Failure:
    return PROFILES[profile].classify(reply, NOW)


def said(status: int | None, body: Any = b"", **headers: str) -> Reply:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status, {name.replace("_", "-"): v for name, v in headers.items()}, raw)


@pytest.mark.parametrize(
    ("case", "kind", "delay", "facts"),
    [
        ("portkey_ctx", K.CONTEXT_EXCEEDED, None, {"limit": 4096, "got": 10000}),
        ("portkey_up429", K.LIMIT_VENDOR, 20.0, {"scope": "vendor", "limit": 3, "used": 3}),
        ("portkey_up502", K.UPSTREAM_DOWN, None, {}),
        ("llamacpp_auth_missing", K.AUTH_INVALID, None, {}),
        ("llamacpp_not_found", K.CAPABILITY_MISSING, None, {}),
        ("litellm_up503", K.UPSTREAM_DOWN, None, {}),
        ("litellm_up_timeout", K.UPSTREAM_TIMEOUT, None, {}),
    ],
)
def test_a_recorded_refusal_is_understood(
    case: str, kind: FailureKind, delay: float | None, facts: dict[str, int]
) -> None:
    response = json.loads((RECORDINGS / f"{case}.json").read_text())["response"]
    headers = {name.lower(): value for name, value in response["headers"]}
    failure = classified(Reply(response["status"], headers, response["body"].encode()), "openai")
    assert failure.kind is kind
    assert failure.status == response["status"]
    assert failure.retry_delay_s == delay
    assert dict(failure.facts) == facts


@pytest.mark.parametrize("kind", [kind for kind in K if kind not in (K.UNKNOWN, K.OFFLINE)])
@pytest.mark.parametrize("status", [400, 418, 429, 503, None])
def test_a_gateway_that_names_our_kind_is_believed_whatever_the_status(
    kind: FailureKind, status: int | None
) -> None:
    assert classified(said(status, {"error": {"code": kind.value}})).kind is kind


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (
            said(200, b"<html>Welcome to the hotel</html>", content_type="text/html"),
            K.UPSTREAM_DOWN,
        ),
        (said(302, location="https://login.example/"), K.UPSTREAM_DOWN),
        (said(511), K.UPSTREAM_DOWN),
        (said(401), K.AUTH_INVALID),
        (said(401, b"<html>", content_type="text/html"), K.UNKNOWN),
        (said(401, www_authenticate='Bearer error="invalid_token"'), K.AUTH_EXPIRED),
        (said(402), K.BUDGET_EXCEEDED),
        (said(403), K.UNKNOWN),
        (said(404, {"error": {"code": "model_not_found"}}), K.AUTH_MODEL_DENIED),
        (said(408), K.UPSTREAM_TIMEOUT),
        (said(413), K.CONTEXT_EXCEEDED),
        (said(429), K.LIMIT_USER),
        (said(429, {"error": {"code": "insufficient_quota"}}), K.BUDGET_EXCEEDED),
        (said(400, {"error": "plain text"}), K.UNKNOWN),
        (
            said(400, {"error": {"message": "suffix is not currently supported"}}),
            K.CAPABILITY_MISSING,
        ),
        (said(501, {"error": {"type": "not_supported_error"}}), K.CAPABILITY_MISSING),
        (said(500), K.UPSTREAM_DOWN),
        (said(503), K.UPSTREAM_DOWN),
        (said(504), K.UPSTREAM_TIMEOUT),
        (said(599), K.UPSTREAM_DOWN),
        (said(418), K.UNKNOWN),
        (said(None, {"error": {"message": "boom"}}), K.UPSTREAM_DOWN),
        (said(None, {"error": {"code": "context_length_exceeded"}}), K.CONTEXT_EXCEEDED),
        (said(400, b"\xff\xfe"), K.UNKNOWN),
        (said(400, b"[" * 100_000), K.UNKNOWN),
        (said(400, {"error": {"code": ["policy.blocked"]}}), K.UNKNOWN),
    ],
)
def test_without_a_name_the_status_and_the_shape_decide(reply: Reply, kind: FailureKind) -> None:
    failure = classified(reply)
    assert failure.kind is kind
    assert failure.status == reply.status


def test_a_bare_429_of_an_openai_server_is_the_vendors() -> None:
    assert classified(said(429), "openai").kind is K.LIMIT_VENDOR


def test_the_neutral_error_brings_its_facts_and_findings() -> None:
    failure = classified(
        said(
            400,
            {
                "error": {
                    "code": "policy.blocked",
                    "message": "found 078-05-1120",
                    "sidelight": {
                        "title": "US social security number",
                        "why": "Personal data\nmust not leave.",
                        "contact": "privacy@example.com",
                        "limit": "12",
                        "resets_at": NOW + 60,
                        "got": {"no": "number"},
                        "unheard_of": "x",
                        "findings": [
                            {"rule": "us_ssn", "part": "prefix", "start": 3, "end": 14},
                            {"rule": "us_ssn", "part": "elsewhere", "start": 3, "end": 14},
                            {"rule": "us_ssn", "part": "suffix", "start": -1, "end": 14},
                            "nonsense",
                        ],
                    },
                }
            },
        )
    )
    assert failure.hits == (RuleHit("us_ssn", "prefix", 3, 14),)
    assert dict(failure.facts) == {
        "title": "US social security number",
        "why": "Personal data must not leave.",
        "contact": "privacy@example.com",
        "limit": 12.0,
        "resets_at": NOW + 60,
    }
    assert "078-05-1120" not in repr(failure)


def test_findings_and_texts_are_bounded() -> None:
    finding = {"rule": "r" * 10_000, "part": "prefix", "start": 0, "end": 1}
    extra = {"why": "w" * 100_000, "findings": [finding] * 10_000}
    failure = classified(said(400, {"error": {"code": "policy.blocked", "sidelight": extra}}))
    assert len(failure.hits) == 100
    assert len(repr(failure)) < 100_000


@given(
    st.one_of(st.none(), st.integers(100, 599)),
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text() | st.sampled_from(["error", "code"]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["error", "code", "type", "message", "sidelight", "findings", "limit"]
                ),
                inner,
            )
        ),
        max_leaves=12,
    ),
    st.dictionaries(st.sampled_from(["retry-after", "ratelimit", "content-type"]), st.text()),
)
def test_whatever_is_answered_there_is_a_kind_and_no_exception(
    status: int | None, body: Any, headers: dict[str, str]
) -> None:
    for profile in PROFILES.values():
        failure = profile.classify(Reply(status, headers, json.dumps(body).encode()), NOW)
        assert failure.retry_delay_s is None or 0 <= failure.retry_delay_s <= 3_600


@given(st.integers(100, 599), st.binary(max_size=300))
def test_no_answer_without_our_own_words_signs_anybody_out(status: int, body: bytes) -> None:
    kind = classified(said(status, body)).kind
    assert kind not in (K.AUTH_EXPIRED, K.AUTH_MODEL_DENIED, K.POLICY_BLOCKED) or status == 446
