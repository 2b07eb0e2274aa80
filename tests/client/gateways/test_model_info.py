"""What gateways say of their models, and what an answer cost: read, and never guessed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.domain.completion import TokenUse
from sidelight_client.domain.models.model_facts import ModelFacts
from sidelight_client.domain.spending.budget import Reading, Scope, Unit
from sidelight_client.gateways.answer_reader import AnswerReader
from sidelight_client.gateways.discovery import from_models, models_url, with_model_facts
from sidelight_client.gateways.model_info import group_limits, model_facts
from sidelight_client.gateways.recognise import Recognised
from sidelight_client.gateways.registry import PROFILES
from sidelight_client.ports import Finish

RECORDINGS = Path(__file__).parents[2] / "recordings"

GROUP: dict[str, Any] = {
    # As recorded from LiteLLM's /model_group/info, with limits set.
    "model_group": "fast",
    "max_input_tokens": 4096.0,
    "max_output_tokens": 512.0,
    "input_cost_per_token": 1e-06,
    "output_cost_per_token": 2e-06,
    "tpm": 100_000,
    "rpm": 60,
}


def recorded(case: str) -> tuple[dict[str, str], bytes]:
    response = json.loads((RECORDINGS / f"{case}.json").read_text())["response"]
    return {name.lower(): value for name, value in response["headers"]}, response["body"].encode()


def finish(profile: str, headers: dict[str, str], body: bytes) -> Finish:
    known = PROFILES[profile]
    reader = AnswerReader(
        known, headers["content-type"], cost=known.cost_from_headers(headers), model="asked"
    )
    (*_, last) = [*reader.feed(body), *reader.feed(b"")]
    assert isinstance(last, Finish)
    return last


def test_a_model_group_says_its_window_its_prices_and_its_limits() -> None:
    facts = model_facts({"data": [GROUP]})["fast"]
    assert facts == ModelFacts("fast", 4096, 512, 1e-06, None, 2e-06, 60, 100_000)
    assert group_limits(facts) == (
        Reading(Scope.VENDOR, Unit.REQUESTS, 60.0, None, 60.0, None, hard=False),
        Reading(Scope.VENDOR, Unit.TOKENS, 100_000.0, None, 60.0, None, hard=False),
    )


def test_one_deployment_says_what_cached_tokens_cost_and_so_what_the_cache_saved() -> None:
    said = {
        "model_name": "fast",
        "model_info": {"input_cost_per_token": 4e-6, "cache_read_input_token_cost": "1e-6"},
    }
    facts = model_facts({"data": [said]})["fast"]
    assert facts.saved(1_000_000) == pytest.approx(3.0)


def test_a_saving_is_unknown_without_both_prices() -> None:
    assert model_facts({"data": [GROUP]})["fast"].saved(1000) is None


def test_a_price_of_zero_or_out_of_this_world_is_no_price() -> None:
    for price in (0, -1e-6, 5, "dear", None, True, float("nan")):
        said = GROUP | {"input_cost_per_token": price}
        assert model_facts({"data": [said]})["fast"].input_cost is None


def test_deployments_that_differ_leave_the_difference_unknown() -> None:
    other = GROUP | {"input_cost_per_token": 9e-06}
    facts = model_facts({"data": [GROUP, other]})["fast"]
    assert (facts.input_cost, facts.output_cost, facts.input_tokens) == (None, 2e-06, 4096)


def test_what_is_said_of_the_fast_model_becomes_a_limit_of_the_gateway() -> None:
    listed = {"data": [{"id": "fast"}]}
    gateway = from_models(listed, "https://g.example/v1", Recognised("litellm", "its list"))
    assert models_url(gateway) == "https://g.example/model_group/info"
    known = with_model_facts(gateway, {"data": [GROUP]})
    assert [(r.unit, r.limit) for r in known.info.limits] == [
        (Unit.REQUESTS, 60.0),
        (Unit.TOKENS, 100_000.0),
    ]
    assert known.info.model_facts["fast"].input_tokens == 4096


def test_only_litellm_is_asked_for_its_models_prices() -> None:
    assert {name for name, profile in PROFILES.items() if profile.models_path} == {"litellm"}


@pytest.mark.parametrize(
    ("case", "cost"),
    [("chat_ok", 1.5e-05), ("fallback_ok", 1.5e-05), ("messages_ok", 1.3e-05)],
)
def test_litellm_says_the_cost_of_a_whole_answer_in_a_header(case: str, cost: float) -> None:
    headers, body = recorded(f"litellm_{case}")
    assert finish("litellm", headers, body).tokens.cost == pytest.approx(cost)


def test_a_streams_cost_comes_with_its_last_chunk() -> None:
    headers, body = recorded("litellm_chat_stream_usage")
    assert finish("litellm", headers, body).tokens == TokenUse(500, 384, 6, 0.000512)


def test_the_header_of_a_stream_is_written_before_the_cost_is_known() -> None:
    headers, body = recorded("litellm_completions_stream")
    headers["x-litellm-response-cost"] = "0.0"
    assert finish("litellm", headers, body).tokens.cost is None


@pytest.mark.parametrize("said", ["-1", "free", "nan", "inf", ""])
def test_a_cost_that_is_no_amount_is_unknown(said: str) -> None:
    headers, body = recorded("litellm_chat_ok")
    headers["x-litellm-response-cost"] = said
    assert finish("litellm", headers, body).tokens.cost is None


def test_portkey_says_no_cost() -> None:
    headers, body = recorded("portkey_chat_ok")
    assert finish("portkey", headers, body).tokens.cost is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["data", "model_info", *GROUP]), inner)
        ),
        max_leaves=15,
    )
)
def test_any_document_is_read_and_no_price_is_absurd(document: Any) -> None:
    for facts in model_facts(document).values():
        assert facts.input_cost is None or 0 < facts.input_cost < 1
