"""Messages to whoever owns a rule: what travels, what never does, and every way it can end."""

from __future__ import annotations

import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.adapters.feedback import body, send
from sidelight_client.adapters.http import HttpAnswer, HttpClient, HttpProblem
from sidelight_client.domain.feedback import (
    LONGEST_REASON,
    Failed,
    Feedback,
    FeedbackResult,
    NoEndpoint,
    Problem,
    Sent,
    Subject,
    feedback,
    form_address,
    told,
)
from sidelight_client.domain.identity.secret import Secret
from support.raw_server import answer, raw_server

NOW = 1_700_000_000.0
TRACE = "ab" * 16
SAID = Feedback(Subject.EXCEPTION, "us_ssn", TRACE, "These are published test numbers.")
FORM = "https://forms.example/appeal?team=7"


async def sent(url: str, said: Feedback = SAID) -> FeedbackResult:
    http = HttpClient()
    try:
        headers = {"authorization": Secret("Bearer token-1")}

        async def post(body: bytes, most: int) -> HttpAnswer | HttpProblem:
            return await http.request("POST", url, headers, body, max_bytes=most)

        return await send(said, post if url else None, NOW, form_url=FORM)
    finally:
        await http.close()


@pytest.mark.anyio
async def test_rule_trace_id_and_the_persons_words_travel_and_nothing_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    async with raw_server(answer(202, {"accepted": True})) as server:
        assert await sent(f"{server.url}/feedback") == Sent()
        (asked,) = server.asked
    assert asked.json == {
        "version": 1,
        "kind": "exception",
        "rule": "us_ssn",
        "trace_id": TRACE,
        "reason": "These are published test numbers.",
    }
    assert asked.headers["authorization"] == "Bearer token-1"
    assert "published" not in caplog.text
    assert "token-1" not in caplog.text


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("said", "result"),
    [
        (answer(200), Sent()),
        (answer(404), NoEndpoint(FORM)),
        (answer(401), Failed(Problem.SIGNED_OUT)),
        (answer(429, retry_after="30"), Failed(Problem.REFUSED, 30.0)),
        (answer(500, "<html>"), Failed(Problem.REFUSED)),
        (answer(302, location="https://login.example/"), Failed(Problem.REFUSED)),
        (answer(200, b"x" * 70_000), Failed(Problem.UNREACHABLE)),
        (b"nonsense\r\n\r\n", Failed(Problem.UNREACHABLE)),
    ],
)
async def test_every_answer_is_one_of_three(said: bytes, result: FeedbackResult) -> None:
    async with raw_server(said) as server:
        assert await sent(f"{server.url}/feedback") == result
        assert len(server.asked) == 1


@pytest.mark.anyio
async def test_a_gateway_that_takes_no_messages_names_the_form() -> None:
    assert await sent("") == NoEndpoint(FORM)


@pytest.mark.parametrize(
    ("subject", "rule", "trace_id", "reason"),
    [
        (Subject.EXCEPTION, "us_ssn", TRACE, "   "),
        (Subject.EXCEPTION, "", TRACE, "because"),
        (Subject.NOT_PII, "078-05-1120 is mine", TRACE, "because"),
        (Subject.NOT_PII, "us_ssn", "not a trace id", "because"),
        (Subject.NOT_PII, "x" * 500, "", "because"),
    ],
)
def test_what_says_nothing_or_names_no_rule_is_not_sent(
    subject: Subject, rule: str, trace_id: str, reason: str
) -> None:
    assert feedback(subject, rule, trace_id, reason) == Failed(Problem.INVALID)


def test_a_soft_limit_has_no_rule_of_its_own() -> None:
    said = feedback(Subject.SOFT_LIMIT, "", "", "A release is due today.")
    assert isinstance(said, Feedback)
    assert json.loads(body(said)) == {
        "version": 1,
        "kind": "soft_limit",
        "reason": "A release is due today.",
    }


def test_asking_for_more_names_the_limit_where_it_is_known() -> None:
    for rule in ("team:requests", ""):
        said = feedback(Subject.LIMIT_REACHED, rule, "", "A release is due today.")
        assert isinstance(said, Feedback)
        named = {"rule": rule} if rule else {}
        assert json.loads(body(said)) == {
            "version": 1,
            "kind": "limit_reached",
            "reason": "A release is due today.",
            **named,
        }


@given(st.text(max_size=6_000))
def test_whatever_is_typed_is_one_bounded_line(reason: str) -> None:
    said = feedback(Subject.NOT_PII, "us_ssn", TRACE, reason)
    if isinstance(said, Feedback):
        assert 0 < len(said.reason) <= LONGEST_REASON
        assert said.reason.isprintable()
        assert len(body(said)) < 16_384


def test_a_form_is_filled_with_rule_and_trace_id() -> None:
    assert form_address(FORM, "us_ssn", TRACE) == f"{FORM}&rule=us_ssn&trace_id={TRACE}"
    assert form_address("https://f.example/#top", "a b", "") == "https://f.example/?rule=a+b#top"


@pytest.mark.parametrize(
    "url", ["", "http://f.example", "javascript:alert(1)", "https://u:p@f.example", "https://["]
)
def test_a_form_must_be_a_plain_https_address(url: str) -> None:
    assert form_address(url, "us_ssn", TRACE) == ""


@pytest.mark.parametrize("subject", Subject)
@pytest.mark.parametrize(
    ("result", "code"),
    [
        (Sent(), "feedback.sent"),
        (NoEndpoint(FORM), "feedback.no_endpoint"),
        (Failed(Problem.HAS_FINDING), "feedback.reason_refused"),
        *(
            (Failed(problem), "feedback.failed")
            for problem in Problem
            if problem is not Problem.HAS_FINDING
        ),
    ],
)
def test_every_end_has_its_sentence(subject: Subject, result: FeedbackResult, code: str) -> None:
    message = told(result, subject)
    assert message.code == code
    assert "–" not in message.text
