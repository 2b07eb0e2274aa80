"""Every recorded exchange of a real gateway, and what it means: the table the classifier is held to."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from sidelight_client.cli.gateway_explain import Explanation, as_json, as_text, explain
from sidelight_client.domain.failure import Failure
from sidelight_client.gateways.recorded import Recording, recording
from sidelight_client.gateways.registry import PROFILES
from sidelight_client.gateways.verdict import verdict

FOLDER = Path(__file__).parents[2] / "recordings"


@dataclass(frozen=True)
class Meant:
    kind: str
    scope: str | None = None
    delay_s: float | None = None


OK = Meant("ok")
DOWN = Meant("upstream.down")
EXPIRED = Meant("auth.expired")
INVALID = Meant("auth.invalid")
DENIED = Meant("auth.model_denied")
BLOCKED = Meant("policy.blocked")
TOO_LARGE = Meant("context.exceeded")
MISSING = Meant("capability.missing")
DEGRADED = Meant("degraded")

TABLE = {
    "litellm_auth_expired_jwt": EXPIRED,
    "litellm_auth_invalid_key": INVALID,
    "litellm_auth_invalid_nonsk": INVALID,
    "litellm_auth_missing": INVALID,
    "litellm_budget_key": Meant("budget.exceeded", "user"),
    "litellm_chat_ok": OK,
    "litellm_chat_stream_usage": OK,
    "litellm_completions_stream": OK,
    "litellm_ctx_precall": TOO_LARGE,
    "litellm_ctx_upstream": TOO_LARGE,
    "litellm_ctx_upstream_error": TOO_LARGE,
    "litellm_fallback_ok": DEGRADED,
    "litellm_guardrails_list_nodb": OK,
    "litellm_guardrails_list_userkey": OK,
    "litellm_health_liveliness": OK,
    "litellm_health_noauth": INVALID,
    "litellm_health_readiness": OK,
    "litellm_health_services_nodb": MISSING,
    "litellm_key_info_nodb": DOWN,
    "litellm_key_ok": OK,
    "litellm_messages_expired": EXPIRED,
    "litellm_messages_ok": OK,
    "litellm_messages_stream": OK,
    "litellm_model_denied": DENIED,
    "litellm_model_group_info": OK,
    "litellm_model_info": OK,
    "litellm_model_info_userkey": OK,
    "litellm_model_unknown": DENIED,
    "litellm_models": OK,
    "litellm_models_userkey": OK,
    "litellm_parallel_exceeded": Meant("limit.user", "user", 60),
    "litellm_pii_card_block": BLOCKED,
    "litellm_pii_keyword_block": BLOCKED,
    "litellm_pii_messages_block": BLOCKED,
    "litellm_pii_ssn_block": BLOCKED,
    "litellm_pii_ssn_block_stream": BLOCKED,
    "litellm_presidio_block_completions": BLOCKED,
    "litellm_presidio_mask": OK,  # It masks without a hint.
    "litellm_presidio_ssn_block_stream": BLOCKED,
    "litellm_rpm_key_exceeded": Meant("limit.user", "user", 60),
    "litellm_rpm_key_first": OK,
    "litellm_spend_logs_nodb": MISSING,
    "litellm_team_list_nodb": MISSING,
    "litellm_token_counter": OK,
    "litellm_traceparent_echo": OK,
    "litellm_up429": Meant("limit.vendor", "vendor", 20),
    "litellm_up500": DOWN,
    "litellm_up503": DOWN,
    "litellm_up_timeout": Meant("upstream.timeout"),
    "litellm_upfilter": BLOCKED,
    "litellm_user_daily_activity_nodb": MISSING,
    "litellm_user_info_nodb": DOWN,
    "litellm_wellknown_ui": OK,
    "llamacpp_auth_missing": INVALID,
    "llamacpp_bad_json": Meant("unknown"),
    "llamacpp_completion_native": OK,
    "llamacpp_completions_stream": OK,
    "llamacpp_completions_suffix": OK,
    "llamacpp_count_tokens": OK,
    "llamacpp_health": OK,
    "llamacpp_infill": OK,
    "llamacpp_infill_extra": OK,
    "llamacpp_infill_tmax": OK,
    "llamacpp_messages": OK,
    "llamacpp_messages_stream": OK,
    "llamacpp_metrics": OK,
    "llamacpp_models": OK,
    "llamacpp_not_found": MISSING,
    "llamacpp_props": OK,
    "llamacpp_slots": OK,
    "llamacpp_tokenize": OK,
    "llamacpp_v1_health": OK,
    "portkey_bad_config": INVALID,
    "portkey_chat_ok": OK,
    "portkey_chat_stream": OK,
    "portkey_completions_suffix": OK,
    "portkey_ctx": TOO_LARGE,
    "portkey_fallback": DEGRADED,
    "portkey_health": INVALID,
    "portkey_hook_deny_446": BLOCKED,
    "portkey_hook_output_deny": BLOCKED,
    "portkey_hook_words_stream_output_warn": OK,
    "portkey_messages": MISSING,
    "portkey_models": OK,
    "portkey_no_provider": INVALID,
    "portkey_root": OK,
    "portkey_up429": Meant("limit.vendor", "vendor", 20),
    "portkey_up502": DOWN,
}

UNRECOGNISED = {"litellm_user_info_nodb"}
"""A bare "Internal Server Error" is anybody's."""


@cache
def recorded(case: str) -> Recording:
    return recording((FOLDER / f"{case}.json").read_bytes())


def explained(case: str, profile: str = "") -> Explanation:
    return explain(recorded(case), PROFILES[profile] if profile else None)


def test_every_recording_is_in_the_table() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(TABLE)


@pytest.mark.parametrize("case", TABLE)
@pytest.mark.parametrize("told", ["auto", "by name"])
def test_a_recording_means_what_the_table_says(case: str, told: str) -> None:
    found = explained(case, case.partition("_")[0] if told == "by name" else "")
    assert Meant(found.kind, found.scope, found.retry_delay_s) == TABLE[case]
    assert found.does
    assert found.message.text


@pytest.mark.parametrize("case", TABLE)
def test_the_gateway_is_recognised_by_its_answer_alone(case: str) -> None:
    found = recorded(case).recognised
    assert (found.profile if found else None) == (
        None if case in UNRECOGNISED else case.partition("_")[0]
    )


@pytest.mark.parametrize("case", TABLE)
def test_nothing_a_gateway_wrote_is_repeated(case: str) -> None:
    found, raw = recorded(case), json.loads((FOLDER / f"{case}.json").read_text())
    shown = explained(case)
    failure = verdict(found.profile, found.exchange, 1e9)
    told = "\n".join((repr(failure), as_json(shown), as_text(shown)))
    for secret in secrets(raw):
        assert secret not in told


def secrets(raw: dict[str, dict[str, object]]) -> set[str]:
    """Keys, hashes, matched values and every run of five words of the gateway's messages."""
    text = json.dumps(raw)
    found = set(
        re.findall(r"sk-[\w.-]{3,}|\b[0-9a-f]{32,}\b|\b\d{3}-\d{2}-\d{4}\b|\b4\d{15}\b", text)
    )
    found |= {"project-nightingale", "Confidential", "ssn=", "org-x", "context_window_fallbacks"}
    body = str((raw["response"] or {}).get("body"))
    for message in re.findall(r'"(?:message|error|explanation|textExcerpt)": ?"([^"]{12,})', body):
        words = message.split()
        found |= {" ".join(words[i : i + 5]) for i in range(len(words) - 4)}
    return found


def test_facts_are_told_in_numbers() -> None:
    now = 1e9
    table: dict[str, dict[str, str | int | float]] = {
        "litellm_ctx_precall": {"limit": 4096, "got": 12101},
        "litellm_ctx_upstream_error": {"limit": 4096, "got": 10000},
        "litellm_budget_key": {"limit": 0.01, "used": 5.0, "unit": "cost"},
        "litellm_rpm_key_exceeded": {"limit": 2, "used": 2, "unit": "requests"},
        "litellm_pii_ssn_block": {"rule": "us_ssn"},
        "litellm_pii_keyword_block": {"rule": "keyword"},
        "litellm_presidio_block_completions": {"rule": "CREDIT_CARD"},
        "portkey_hook_deny_446": {"rule": "default.regexMatch"},
        "litellm_model_denied": {"model": "fast"},
    }
    for case, facts in table.items():
        found = verdict(recorded(case).profile, recorded(case).exchange, now)
        assert isinstance(found, Failure)
        assert facts.items() <= dict(found.facts).items(), case
