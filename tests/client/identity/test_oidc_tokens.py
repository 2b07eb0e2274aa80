"""What each answer of a token endpoint means: the only way to "signed out" is narrow."""

from __future__ import annotations

import base64
import json
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.adapters.http import HttpAnswer, HttpProblem, HttpProblemKind
from sidelight_client.adapters.oidc_tokens import (
    LIFE_UNKNOWN_S,
    classify,
    error_detail,
    expires_at,
    jwt_claims,
    read_tokens,
)
from sidelight_client.domain.identity.session_events import RenewalFailure

NOT_PROCESSED = RenewalFailure.NOT_PROCESSED
AMBIGUOUS = RenewalFailure.AMBIGUOUS
REJECTED = RenewalFailure.REJECTED

HTML = b"<html>Welcome to Hotel Wi-Fi</html>"


def answer(status: int, body: Any = b"", **headers: str) -> HttpAnswer:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpAnswer(status, {n.replace("_", "-"): v for n, v in headers.items()}, data)


def problem(kind: HttpProblemKind, sent: bool) -> HttpProblem:
    return HttpProblem(kind, sent)


KIND = HttpProblemKind

TABLE = [
    # Nothing was written: the provider cannot have consumed anything.
    (problem(KIND.DNS, False), NOT_PROCESSED, "network.dns"),
    (problem(KIND.UNREACHABLE, False), NOT_PROCESSED, "network.unreachable"),
    (problem(KIND.REFUSED, False), NOT_PROCESSED, "network.refused"),
    (problem(KIND.TLS, False), NOT_PROCESSED, "network.tls"),
    (problem(KIND.TIMEOUT, False), NOT_PROCESSED, "network.timeout"),
    (problem(KIND.PROXY, False), NOT_PROCESSED, "network.proxy"),
    (problem(KIND.RESET, False), NOT_PROCESSED, "network.reset"),
    # It was written, and no answer came.
    (problem(KIND.TIMEOUT, True), AMBIGUOUS, "network.timeout"),
    (problem(KIND.RESET, True), AMBIGUOUS, "network.reset"),
    (problem(KIND.TLS, True), AMBIGUOUS, "network.tls"),
    (problem(KIND.PROTOCOL, True), AMBIGUOUS, "network.protocol"),
    # Too much for tokens: somebody's page.
    (problem(KIND.TOO_LARGE, True), NOT_PROCESSED, "network.too_large"),
    # Somebody between us and the provider answered, or the provider refused to look at it.
    (answer(429, b"slow down"), NOT_PROCESSED, "http.429"),
    (answer(503, b"later"), NOT_PROCESSED, "http.503"),
    (answer(503, {"error": "invalid_grant"}), NOT_PROCESSED, "http.503"),
    (answer(302, HTML), NOT_PROCESSED, "http.302"),
    (answer(307, {"error": "invalid_grant"}), NOT_PROCESSED, "http.307"),
    (answer(511, HTML), AMBIGUOUS, "http.511"),
    (answer(200, HTML), NOT_PROCESSED, "http.not_json"),
    (answer(200, b""), NOT_PROCESSED, "http.not_json"),
    (answer(200, b"[]"), NOT_PROCESSED, "http.not_json"),
    (answer(200, b"\xff\xfe\x00"), NOT_PROCESSED, "http.not_json"),
    (answer(200, b"[" * 100_000), NOT_PROCESSED, "http.not_json"),
    (answer(400, HTML), NOT_PROCESSED, "http.not_json"),
    (answer(403, HTML), NOT_PROCESSED, "http.not_json"),
    (answer(404, b"no such page"), NOT_PROCESSED, "http.not_json"),
    (answer(404, {"message": "no"}), NOT_PROCESSED, "http.404"),
    (answer(400, {}), NOT_PROCESSED, "http.400"),
    # The provider broke while it worked on it.
    (answer(500, b"oops"), AMBIGUOUS, "http.500"),
    (answer(500, {"error": "invalid_grant"}), AMBIGUOUS, "http.500"),
    (answer(502, HTML), AMBIGUOUS, "http.502"),
    (answer(504, HTML), AMBIGUOUS, "http.504"),
    # It says that it succeeded, and gave nothing.
    (answer(200, {}), AMBIGUOUS, "http.no_token"),
    (answer(200, {"access_token": ""}), AMBIGUOUS, "http.no_token"),
    (answer(200, {"access_token": 7}), AMBIGUOUS, "http.no_token"),
    (answer(200, {"error": "invalid_grant"}), AMBIGUOUS, "http.no_token"),
    # Only these end a session.
    (answer(400, {"error": "invalid_grant"}), REJECTED, "invalid_grant"),
    (answer(401, {"error": "invalid_grant"}), REJECTED, "invalid_grant"),
    (answer(400, {"error": "interaction_required"}), REJECTED, "interaction_required"),
    # These are mistakes of a registration; the session is none the worse.
    (answer(401, {"error": "invalid_client"}), NOT_PROCESSED, "invalid_client"),
    (answer(400, {"error": "invalid_request"}), NOT_PROCESSED, "invalid_request"),
    (answer(400, {"error": "invalid_scope"}), NOT_PROCESSED, "invalid_scope"),
    (answer(400, {"error": "unauthorized_client"}), NOT_PROCESSED, "unauthorized_client"),
    (answer(400, {"error": "unsupported_grant_type"}), NOT_PROCESSED, "unsupported_grant_type"),
    (answer(400, {"error": "invalid_target"}), NOT_PROCESSED, "invalid_target"),
    (answer(403, {"error": "invalid_grant"}), NOT_PROCESSED, "invalid_grant"),
    (answer(400, {"error": ["invalid_grant"]}), NOT_PROCESSED, "http.400"),
    (answer(400, {"error": "invalid_grant\n"}), NOT_PROCESSED, "http.400"),
    (answer(400, {"error": "INVALID_GRANT"}), NOT_PROCESSED, "INVALID_GRANT"),
]


@pytest.mark.parametrize(("given", "failure", "reason"), TABLE, ids=lambda value: str(value)[:48])
def test_every_failure_lands_where_the_catalogue_says(
    given: HttpAnswer | HttpProblem, failure: RenewalFailure, reason: str
) -> None:
    refused = classify(given, now=1_700_000_000.0)
    assert (refused.failure, refused.reason) == (failure, reason)
    if isinstance(given, HttpAnswer):
        assert read_tokens(given) is None


def test_every_kind_of_network_problem_is_in_the_table() -> None:
    assert {row[0].kind for row in TABLE if isinstance(row[0], HttpProblem)} == set(KIND)


@given(
    status=st.integers(100, 599),
    body=st.binary(max_size=40)
    | st.dictionaries(
        st.sampled_from(["error", "access_token", "x"]),
        st.sampled_from(["invalid_grant", "interaction_required", "x", "", None, 1]),
    ).map(lambda value: json.dumps(value).encode()),
)
def test_nothing_but_the_two_words_in_a_refusal_ends_a_session(status: int, body: bytes) -> None:
    refused = classify(HttpAnswer(status, {}, body), 0.0)
    try:
        fields = json.loads(body)
    except ValueError:
        fields = None
    said = isinstance(fields, dict) and fields.get("error") in (
        "invalid_grant",
        "interaction_required",
    )
    assert (refused.failure is REJECTED) == (said and status in (400, 401))


DATE = "Tue, 14 Nov 2023 22:13:20 GMT"  # 1_700_000_000


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"retry_after": "7"}, 7.0),
        ({"retry_after": "0"}, 0.0),
        ({"retry_after": "999999999999"}, 3600.0),
        ({"retry_after": "Tue, 14 Nov 2023 22:13:50 GMT", "date": DATE}, 30.0),
        ({"retry_after": "Tue, 14 Nov 2023 22:13:50 GMT"}, 40.0),
        ({"retry_after": "Tue, 14 Nov 2023 22:00:00 GMT", "date": DATE}, 0.0),
        ({"retry_after": "-5"}, None),
        ({"retry_after": "soon"}, None),
        ({"retry_after": "٣"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_by_the_servers_own_clock(
    headers: dict[str, str], expected: float | None
) -> None:
    assert classify(answer(503, b"", **headers), now=1_699_999_990.0).retry_delay_s == expected


def jwt(**claims: Any) -> str:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"e30.{body}.c2ln"


@pytest.mark.parametrize(
    ("fields", "date", "life_s"),
    [
        ({"expires_in": 3600}, "", 3600.0),
        ({"expires_in": 3599.5}, "", 3599.5),
        ({"expires_in": "3600"}, "", 3600.0),
        ({"expires_in": 10**12}, "", 30 * 24 * 3600.0),
        ({"expires_in": 0}, "", LIFE_UNKNOWN_S),
        ({"expires_in": -1}, "", LIFE_UNKNOWN_S),
        ({"expires_in": True}, "", LIFE_UNKNOWN_S),
        ({"expires_in": "NaN"}, "", LIFE_UNKNOWN_S),
        ({"expires_in": "soon"}, "", LIFE_UNKNOWN_S),
        ({"expires_in": {}}, "", LIFE_UNKNOWN_S),
        ({}, "", LIFE_UNKNOWN_S),
        # Without expires_in the server's two clocks are compared, and ours with neither.
        ({"access_token": jwt(exp=1_700_028_800)}, DATE, 28_800.0),
        ({"access_token": jwt(exp=1_700_028_800)}, "", LIFE_UNKNOWN_S),
        ({"access_token": jwt(exp=1_600_000_000)}, DATE, LIFE_UNKNOWN_S),
        ({"access_token": jwt(exp="x")}, DATE, LIFE_UNKNOWN_S),
        # expires_in wins over a JWT whose clock is off by hours.
        ({"access_token": jwt(exp=1_600_000_000), "expires_in": 60}, DATE, 60.0),
    ],
)
def test_a_life_counts_from_receipt_and_never_against_our_clock(
    fields: dict[str, Any], date: str, life_s: float
) -> None:
    tokens = read_tokens(answer(200, {"access_token": "a", **fields}, date=date))
    assert tokens is not None
    assert tokens.life_s == life_s


@pytest.mark.parametrize(
    ("began_at", "received_at", "ends_at"),
    [
        (1000.0, 1000.2, 4600.2),
        (1000.0, 1029.0, 4629.0),
        # The lid was closed while the answer lay in the socket's buffer.
        (1000.0, 51_400.0, 4600.0),
        # The clock was set back meanwhile.
        (5000.0, 1000.0, 4600.0),
    ],
)
def test_an_answer_that_was_slept_over_lives_from_when_it_was_asked_for(
    began_at: float, received_at: float, ends_at: float
) -> None:
    assert expires_at(3600.0, began_at, received_at) == ends_at


def test_a_description_is_short_plain_and_without_anything_like_a_token() -> None:
    text = f"AADSTS50173: expired.\r\n\x1b[31mTrace {'x' * 60} end {'word ' * 200}"
    shown = error_detail({"error_description": text})
    assert shown.startswith("AADSTS50173: expired. [31mTrace … end word")
    assert len(shown) <= 300
    assert error_detail({"error_description": 7}) == ""


@given(st.text(alphabet=string.printable, max_size=60))
def test_no_text_whatever_breaks_the_reading_of_claims(text: str) -> None:
    assert isinstance(jwt_claims(text), dict)
    assert isinstance(jwt_claims(f"a.{text}.b"), dict)
