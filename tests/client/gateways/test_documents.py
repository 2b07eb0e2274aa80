"""Discovery, limits and policy as gateways write them, and as they should not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.domain.policy.code_category import CodeCategory
from sidelight_client.domain.policy.infrastructure import FileKind
from sidelight_client.domain.policy.organisation import Action, PolicyTrouble
from sidelight_client.domain.policy.organisation import Mode as PlaceMode
from sidelight_client.domain.routing.fim import Mode
from sidelight_client.domain.spending.budget import Reading, Scope, Unit
from sidelight_client.gateways.discovery import api_base, from_document, from_models, origin
from sidelight_client.gateways.limits import openai_limits, readings, sidelight_limits
from sidelight_client.gateways.policy_document import closed_rules, policy, trouble
from sidelight_client.gateways.recognise import Recognised

NOW = 1_700_000_000.0
URL = "https://gateway.example"
RECORDINGS = Path(__file__).parents[2] / "recordings"

DOCUMENT: dict[str, Any] = {
    "version": 1,
    "name": "Example gateway",
    "profile": "sidelight",
    "api_base": f"{URL}/api/v1",
    "auth": {
        "kind": "oidc",
        "issuer": "https://login.example",
        "client_id": "editor",
        "scopes": ["openid", 5, "offline_access"],
        "audience": "gateway",
    },
    "tiers": {
        "fast": {"model": "small", "mode": "suffix", "deadline_ms": 250},
        "heavy": {"model": "big", "mode": "telepathy", "deadline_ms": -1},
        "unheard_of": {"model": "x"},
    },
    "limits": [{"scope": "user", "unit": "requests", "limit": 120, "window_s": 3600}],
    "endpoints": {"policy": "/policy", "usage": "https://elsewhere.example/usage"},
}


def test_the_neutral_document_says_everything() -> None:
    found = from_document(DOCUMENT, URL, NOW, embedded=False)
    info = found.info
    assert (info.name, info.profile, info.issuer, info.client_id) == (
        "Example gateway",
        "sidelight",
        "https://login.example",
        "editor",
    )
    assert info.scopes == ("openid", "offline_access")
    assert info.models == {"fast": "small", "heavy": "big"}
    assert info.deadlines_s == {"fast": 0.25}
    assert found.modes == {"fast": Mode.SUFFIX}
    assert found.api_base == f"{URL}/api/v1"
    assert info.limits == (
        Reading(Scope.USER, Unit.REQUESTS, 120.0, None, 3600.0, None, source="gateway"),
    )


def test_the_session_is_sent_to_the_gateways_own_origin_only() -> None:
    found = from_document(DOCUMENT, URL, NOW, embedded=False)
    assert found.policy_url == f"{URL}/policy"
    assert found.usage_url == ""
    for elsewhere in (
        "https://evil.example/v1",
        "http://gateway.example/v1",
        "https://gateway.example:444/v1",
        "https://gateway.example@evil.example/v1",
        "//evil.example/v1",
        "javascript:alert(1)",
        "https://[::1/v1",
    ):
        document = DOCUMENT | {"api_base": elsewhere}
        assert from_document(document, URL, NOW, embedded=False).api_base == f"{URL}/v1"


def test_an_empty_document_has_defaults() -> None:
    found = from_document({}, "https://gateway.example:8443", NOW, embedded=True)
    assert found.info.name == "gateway.example"
    assert found.info.client_id == "sidelight"
    assert found.info.embedded
    assert found.api_base == "https://gateway.example:8443/v1"


def test_a_profile_of_a_later_version_is_spoken_to_as_openai() -> None:
    assert from_document({"profile": "tomorrow"}, URL, NOW, embedded=False).profile.name == "openai"


def test_a_model_list_makes_an_openai_server() -> None:
    listed = json.loads(
        json.loads((RECORDINGS / "litellm_models.json").read_text())["response"]["body"]
    )
    found = from_models(listed, URL)
    assert found.info.profile == "openai"
    assert set(found.info.models) == {"fast", "standard", "heavy"}
    assert found.info.auth_kind == "none"
    assert from_models(None, URL).info.auth_kind == "oidc"
    assert from_models(None, URL, Recognised("litellm", "x")).profile.name == "litellm"


@pytest.mark.parametrize(
    ("url", "base"),
    [(URL, f"{URL}/v1"), (f"{URL}/", f"{URL}/v1"), (f"{URL}/v1/", f"{URL}/v1")],
)
def test_the_address_may_end_in_v1_or_not(url: str, base: str) -> None:
    assert api_base(url) == base


def test_the_origin_has_its_default_port() -> None:
    assert (
        origin("https://a.example/x") == origin("https://a.example:443") == "https://a.example:443"
    )
    assert origin("ftp://a.example") == origin("nonsense") == origin("http://a:99999999/") == ""


@pytest.mark.parametrize(
    ("said", "used", "resets_at", "hard"),
    [
        ({"used": 7, "resets_at": NOW + 60, "kind": "hard"}, 7.0, NOW + 60, True),
        ({"used": None, "resets_at": None, "kind": "soft"}, None, None, False),
        ({"used": "7", "resets_at": "2023-11-14T22:14:20+00:00"}, 7.0, NOW + 60, True),
        ({"used": 120, "resets_at": "whenever"}, 120.0, NOW + 3600, True),
        ({"used": -3, "resets_at": NOW + 1e12}, 0.0, NOW + 32 * 86_400, True),
    ],
)
def test_a_limit_is_read_and_always_ends(
    said: dict[str, Any], used: float | None, resets_at: float | None, hard: bool
) -> None:
    entry = {"scope": "user", "unit": "requests", "limit": 120, "window_s": 3600} | said
    expected = Reading(Scope.USER, Unit.REQUESTS, 120.0, used, 3600.0, resets_at, hard, "headers")
    assert sidelight_limits({"x-sidelight-limits": json.dumps([entry])}, NOW) == (expected,)


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"scope": "planet", "unit": "requests", "limit": 1},
        {"scope": "user", "unit": "requests", "limit": "lots"},
        {"scope": "user", "unit": "requests", "limit": -1},
        {"scope": ["user"], "unit": "requests", "limit": 1},
        "text",
    ],
)
def test_a_limit_that_is_not_valid_is_left_out(entry: Any) -> None:
    assert readings([entry], NOW, "gateway") == ()


def test_openais_headers_are_the_vendors_limits() -> None:
    headers = {
        "x-ratelimit-limit-requests": "500",
        "x-ratelimit-remaining-requests": "499",
        "x-ratelimit-reset-requests": "120ms",
        "x-ratelimit-limit-tokens": "30000",
        "x-ratelimit-remaining-tokens": "0",
    }
    (only,) = openai_limits(headers, NOW)
    assert (only.scope, only.unit, only.limit, only.used) == (Scope.VENDOR, Unit.REQUESTS, 500, 1)
    assert only.resets_at == pytest.approx(NOW + 0.12)


def test_a_policy_is_read_and_a_mistake_in_it_closes() -> None:
    read = policy(
        {
            "content_rules": [
                {"id": "ssn", "title": "SSN", "pattern": r"\d{3}", "action": "warn"},
                {"id": "new", "pattern": "x", "action": "vaporise"},
                {"id": "no_pattern"},
                {"id": "huge", "pattern": "x" * 5000},
                "nonsense",
            ],
            "repo_rules": [
                {
                    "id": "pci",
                    "match": {"remote": "h/o/*"},
                    "mode": "local_only",
                    "contact": "pci@",
                },
                {"id": "typo", "match": {"path": "infra/*"}, "mode": "offf"},
                {"id": "marker", "match": {"marker": ".no-ai"}, "mode": "off"},
                {"mode": "off"},
            ],
        },
        '"e1"',
    )
    assert read.version == '"e1"'
    assert [(r.id, r.action) for r in read.content_rules] == [
        ("ssn", Action.WARN),
        ("new", Action.BLOCK),
    ]
    assert [(r.id, r.mode, r.owner) for r in read.place_rules] == [
        ("pci", PlaceMode.LOCAL_ONLY, "pci@"),
        ("typo", PlaceMode.OFF, ""),
        ("marker", PlaceMode.OFF, ""),
        ("unnamed", PlaceMode.OFF, ""),
    ]


MOON: dict[str, Any] = {"id": "pci", "match": {"remote": "h/pay/*", "moon": "full"}}


def test_a_restricting_rule_with_an_unknown_matcher_closes_all_it_could_match() -> None:
    document = {"repo_rules": [MOON | {"mode": "off"}]}
    (rule,) = policy(document, "").place_rules
    assert (rule.mode, rule.remote, rule.path) == (PlaceMode.OFF, "h/pay/*", "")
    assert closed_rules(document) == {"pci": ("moon",)}


def test_a_rule_that_only_allows_is_left_out_where_it_cannot_be_read() -> None:
    document = {"repo_rules": [MOON | {"mode": "on"}]}
    assert policy(document, "").place_rules == ()
    assert closed_rules(document) == {}


def test_a_rule_that_is_read_whole_is_not_told_of() -> None:
    document = {"repo_rules": [{"id": "a", "match": {"path": "*.tf"}, "mode": "off"}]}
    assert closed_rules(document) == {}


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*DOCUMENT, "fast", "policy", "scope", "id", "match", "mode", "data"]),
            inner,
        )
    ),
    max_leaves=15,
)


@given(st.dictionaries(st.sampled_from([*DOCUMENT, "content_rules", "repo_rules"]), json_values))
def test_any_document_is_read_without_an_exception(document: dict[str, Any]) -> None:
    found = from_document(document, URL, NOW, embedded=False)
    assert origin(found.api_base) == origin(URL)
    from_models(document, URL)
    assert len(closed_rules(document)) <= len(policy(document, "").place_rules)
    readings(document.get("limits"), NOW, "gateway")


@pytest.mark.parametrize(
    ("match", "unusable"),
    [
        ({"remote": "x" * 3_000}, "remote"),
        ({"path": ["a", "b"]}, "path"),
        ({"path": "a\nb"}, "path"),
        ({"marker": "../.pci"}, "marker"),
        ({"marker": "a*"}, "marker"),
        ({"kind": "pulumi"}, "kind"),
        ({"kind": ["terraform", "pulumi"]}, "kind"),
        ({"category": 7}, "category"),
        ({"category": ["boilerplate"] * 30}, "category"),
        ("everything", "match"),
    ],
)
def test_a_matcher_that_cannot_be_used_closes_what_the_rest_of_the_rule_matches(
    match: Any, unusable: str
) -> None:
    document = {"repo_rules": [{"id": "r", "match": match, "mode": "local_only"}]}
    (rule,) = policy(document, "").place_rules
    assert rule.mode is PlaceMode.LOCAL_ONLY
    assert (rule.remote, rule.path, rule.marker) == ("", "", "")
    assert not rule.kinds | rule.categories
    assert closed_rules(document) == {"r": (unusable,)}


def test_a_rule_is_read_whole() -> None:
    match = {"marker": ".pci-scope", "kind": ["helm", "terraform"], "category": "data_handling"}
    said = {"id": "r", "match": match, "mode": "review_label", "date": "2026-11-21", "link": "u"}
    (rule,) = policy({"repo_rules": [said]}, "").place_rules
    assert (rule.marker, rule.kinds, rule.categories) == (
        ".pci-scope",
        frozenset((FileKind.HELM, FileKind.TERRAFORM)),
        frozenset((CodeCategory.DATA_HANDLING,)),
    )
    assert (rule.date, rule.url) == ("2026-11-21", "u")


@pytest.mark.parametrize("rules", ["off", {"id": "a"}, [1], ["off"], 7])
def test_rules_in_another_form_close_every_place(rules: Any) -> None:
    (rule,) = policy({"repo_rules": rules}, "").place_rules
    assert (rule.id, rule.mode) == ("policy.rules_unreadable", PlaceMode.OFF)


def test_ten_thousand_rules_are_read_and_one_more_closes() -> None:
    rule = {"id": "r", "match": {"remote": "h/*"}, "mode": "on"}
    assert len(policy({"repo_rules": [rule] * 10_000}, "").place_rules) == 10_000
    assert policy({"repo_rules": [rule] * 10_001}, "").place_rules[-1].id == "policy.too_many"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, None),
        ({"issued_at": NOW}, None),
        ({"issued_at": NOW + 299}, None),
        ({"issued_at": NOW + 301}, PolicyTrouble.FUTURE),
        ({"issued_at": "2031-01-01T00:00:00Z"}, PolicyTrouble.FUTURE),
        ({"issued_at": "2021-01-01T00:00:00Z"}, None),
        ({"issued_at": "soon"}, PolicyTrouble.UNREADABLE),
        ({"issued_at": True}, PolicyTrouble.UNREADABLE),
    ],
)
def test_a_document_from_the_future_is_trouble(
    said: dict[str, Any], expected: PolicyTrouble | None
) -> None:
    assert trouble(said, NOW) is expected


@pytest.mark.parametrize(
    ("said", "mode"),
    [("local_only", PlaceMode.LOCAL_ONLY), ("ofF", PlaceMode.OFF), (1, PlaceMode.OFF)],
)
def test_the_default_for_unknown_repositories_is_read(said: Any, mode: PlaceMode) -> None:
    assert policy({"unknown_remote": said}, "").unknown_remote is mode
