"""Today's usage and a person's message over the local socket."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client import api
from sidelight_client.domain.feedback import Problem
from sidelight_client.link.frames import WireError
from sidelight_client.link.wire_feedback import (
    feedback_from_json,
    feedback_result_from_json,
    feedback_to_json,
)
from sidelight_client.link.wire_usage import usage_to_json
from support.link_server import serving

TRACE = "ab" * 16
ASKED = {"subject": "exception", "rule": "us_ssn", "trace_id": TRACE, "reason": "a sample"}
RESULTS: st.SearchStrategy[api.FeedbackResult] = st.one_of(
    st.just(api.Sent()),
    st.builds(api.NoEndpoint, st.text(max_size=50)),
    st.builds(api.Failed, st.sampled_from(Problem), st.none() | st.floats(0, 1e6)),
)


@pytest.mark.anyio
async def test_usage_is_answered_in_its_public_format() -> None:
    async with serving() as served:
        hours = (api.HourBar(1_699_999_200.0, 3, 4),)
        served.broker.used = api.UsageView(1_700_000_000.0, 1_699_920_000.0, hours)
        client = await served.greeted()
        answer = await client.ask("usage")
        assert answer["result"] == usage_to_json(served.broker.used)
        assert answer["result"]["hours"] == [{"at": 1_699_999_200.0, "requests": 3, "sends": 4}]
        client.close()


@pytest.mark.anyio
async def test_a_message_is_handed_to_the_broker_and_its_end_comes_with_a_sentence() -> None:
    async with serving() as served:
        served.broker.feedback_ends = api.Failed(Problem.HAS_FINDING)
        client = await served.greeted()
        told = (await client.ask("feedback", ASKED))["result"]
        assert served.broker.calls[-1] == f"feedback exception us_ssn {TRACE} a sample"
        assert (told["result"], told["problem"]) == ("failed", "has_finding")
        assert told["message"]["code"] == "feedback.reason_refused"
        assert "other words" in told["message"]["text"]
        client.close()


@pytest.mark.anyio
@pytest.mark.parametrize(
    "wrong", [{"subject": "spam"}, {"reason": None}, {"reason": "x" * 10_000}, {"rule": 7}]
)
async def test_a_message_that_is_none_is_refused_and_reaches_nobody(
    wrong: dict[str, object],
) -> None:
    async with serving() as served:
        client = await served.greeted()
        answer = await client.ask("feedback", ASKED | wrong)
        assert answer["error"]["code"] == "wire.malformed"
        assert not any(call.startswith("feedback") for call in served.broker.calls)
        client.close()


@given(RESULTS, st.sampled_from(api.Subject))
def test_every_end_of_a_message_survives_the_wire(
    result: api.FeedbackResult, subject: api.Subject
) -> None:
    data = json.loads(json.dumps(feedback_to_json(result, subject)))
    assert feedback_result_from_json(data) == result


@given(
    st.dictionaries(st.sampled_from([*ASKED, "form_url"]), st.text() | st.none() | st.integers())
)
def test_whatever_arrives_is_a_message_or_a_refusal(data: dict[str, object]) -> None:
    try:
        asked = feedback_from_json(data)
    except WireError:
        return
    assert asked.subject in api.Subject
