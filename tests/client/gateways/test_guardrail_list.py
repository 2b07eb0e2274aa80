"""LiteLLM's list of guardrails as content rules; what cannot be predicted is said."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.adapters.re2_matcher import RuleMatcher
from sidelight_client.domain.content.named_patterns import NAMED_PATTERNS
from sidelight_client.domain.content.rule import Rule, RuleSource, UnknownPattern
from sidelight_client.domain.policy.organisation import Action, ContentRule
from sidelight_client.gateways.guardrail_list import guardrail_list


def guardrail(**settings: Any) -> dict[str, Any]:
    return {"guardrails": [{"guardrail_name": "pii-filter", "litellm_params": settings}]}


def test_patterns_and_words_become_rules_with_their_action() -> None:
    chosen = guardrail_list(
        guardrail(
            mode="pre_call",
            patterns=[
                {"pattern_type": "prebuilt", "pattern_name": "us_ssn", "action": "BLOCK"},
                {"pattern_type": "prebuilt", "pattern_name": "email", "action": "MASK"},
                {"pattern_type": "regex", "pattern": "PRJ-[0-9]+", "name": "project"},
            ],
            blocked_words=[{"keyword": "nightingale", "action": "BLOCK", "description": "Secret"}],
        )
    )
    assert chosen.problems == ()
    assert chosen.source is RuleSource.LISTED
    assert [(r.id, r.content.kind, r.content.action) for r in chosen.rules] == [
        ("us_ssn", "re2", Action.BLOCK),
        ("email", "re2", Action.MASK),
        ("project", "re2", Action.BLOCK),
        ("blocked_word", "keyword", Action.BLOCK),
    ]
    assert {rule.source for rule in chosen.rules} == {RuleSource.LISTED}


@pytest.mark.parametrize(
    "settings",
    [
        {"mode": "pre_call", "guardrail": "presidio"},
        {"mode": "pre_call", "patterns": [{"pattern_name": "of_tomorrow"}]},
        {"mode": "pre_call", "categories": [{"category": "harmful"}]},
        {"mode": ["pre_call"], "blocked_words_file": "words.yaml"},
        {"guardrail": "bedrock"},
    ],
)
def test_what_cannot_be_predicted_is_a_problem_and_not_silence(settings: dict[str, Any]) -> None:
    problems = guardrail_list(guardrail(**settings)).problems
    assert problems
    assert all(isinstance(problem, UnknownPattern) for problem in problems)


def test_a_guardrail_that_looks_at_answers_alone_is_not_ours() -> None:
    chosen = guardrail_list(guardrail(mode="post_call", patterns=[{"pattern_name": "us_ssn"}]))
    assert (chosen.rules, chosen.problems) == ((), ())


@pytest.mark.parametrize("name", NAMED_PATTERNS)
def test_every_named_pattern_can_be_matched(name: str) -> None:
    content = ContentRule(name, name, "re2", NAMED_PATTERNS[name])
    assert RuleMatcher([Rule(content, RuleSource.LISTED)]).problems == ()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["guardrails", "litellm_params", "patterns", "mode", "pattern", "keyword"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.just("guardrails"), JSON))
def test_any_json_is_read_without_an_error(document: dict[str, Any]) -> None:
    json.dumps(document)
    assert guardrail_list(document).source is RuleSource.LISTED
