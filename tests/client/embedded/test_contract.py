"""The neutral contract: its schemas, what the embedded gateway says, and what our parsers take."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sidelight_client.adapters.feedback import body
from sidelight_client.domain.failure import FailureKind
from sidelight_client.domain.feedback import Feedback, Subject, feedback
from sidelight_client.gateways.classify import Dialect, classify
from sidelight_client.gateways.discovery import from_document, origin
from sidelight_client.gateways.extra_headers import ALLOWED
from sidelight_client.gateways.limits import readings, sidelight_limits
from sidelight_client.gateways.policy_document import policy
from sidelight_client.gateways.profile import Reply
from sidelight_client.gateways.registry import PROFILES
from support.schema_values import values

FOLDER = Path(__file__).parents[3] / "docs" / "contract"
SCHEMAS: dict[str, dict[str, Any]] = {
    path.name.removesuffix(".schema.json"): json.loads(path.read_text(encoding="utf-8"))
    for path in sorted(FOLDER.glob("*.schema.json"))
}
NOW = 1_700_000_000.0
URL = "https://gateway.example"


def valid(name: str, value: Any) -> None:
    jsonschema.Draft202012Validator(SCHEMAS[name]).validate(value)


def refused(name: str, value: Any) -> bool:
    return not jsonschema.Draft202012Validator(SCHEMAS[name]).is_valid(value)


def test_there_is_a_schema_for_each_document_and_each_is_one() -> None:
    assert set(SCHEMAS) == {"gateway", "policy", "usage", "limits-header", "feedback", "error"}
    for schema in SCHEMAS.values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_the_schemas_name_what_the_code_knows() -> None:
    gateway, error = SCHEMAS["gateway"]["properties"], SCHEMAS["error"]["properties"]
    assert set(gateway["profile"]["enum"]) == set(PROFILES) >= set(ALLOWED)
    codes = set(error["error"]["properties"]["code"]["enum"])
    assert codes == set(FailureKind) - {FailureKind.OFFLINE, FailureKind.UNKNOWN}


def test_the_page_about_the_contract_names_every_schema() -> None:
    page = (FOLDER.parent / "contract.md").read_text(encoding="utf-8")
    assert [name for name in SCHEMAS if f"contract/{name}.schema.json" not in page] == []


# --- what the embedded gateway says ----------------------------------------------------------


@pytest.mark.anyio
async def test_the_embedded_gateways_documents_are_valid(client) -> None:
    announced = await client.ask("GET", "/.well-known/sidelight-gateway", signed_in=False)
    valid("gateway", announced.json)
    said = await client.ask("GET", "/policy")
    valid("policy", said.json)
    usage = await client.ask("GET", "/usage")
    valid("usage", usage.json)
    valid("limits-header", json.loads(usage.headers["x-sidelight-limits"]))


@pytest.mark.anyio
async def test_the_embedded_gateways_refusals_are_valid(client) -> None:
    blocked = await client.complete("ssn = '536-22-1234'\ncard = '")
    assert blocked.error["code"] == "policy.blocked"
    valid("error", blocked.json)
    unknown = await client.ask("GET", "/usage", {"Authorization": "Bearer x"}, signed_in=False)
    valid("error", unknown.json)
    for name, on, off, kind in (
        ("outage", True, False, "upstream.down"),
        ("scanner_down", True, False, "policy.unavailable"),
        ("throttle", "neutral", "", "limit.user"),
    ):
        client.gateway.faults.set({name: on})
        answer = await client.complete()
        assert answer.error["code"] == kind
        valid("error", answer.json)
        client.gateway.faults.set({name: off})


@pytest.mark.anyio
async def test_a_feedback_message_is_valid_and_taken(client) -> None:
    for subject in Subject:
        said = feedback(subject, "us_ssn", "ab" * 16, "These are test numbers.")
        assert isinstance(said, Feedback)
        valid("feedback", json.loads(body(said)))
        answer = await client.ask("POST", "/feedback", {}, body(said))
        assert answer.status == 202


# --- what our parsers take -------------------------------------------------------------------


@settings(max_examples=60)
@given(values(SCHEMAS["gateway"]))
def test_a_valid_announcement_is_read_whole(document: dict[str, Any]) -> None:
    assume({"version", "profile", "api_base"} & document.keys())
    valid("gateway", document)
    found = from_document(document, URL, NOW, embedded=False)
    assert found.profile.name == document.get("profile", "sidelight")
    assert len(found.info.limits) == len(document.get("limits", []))
    assert found.info.auth_kind == document.get("auth", {}).get("kind", "oidc")
    assert origin(found.api_base) == origin(URL)
    for tier, said in document.get("tiers", {}).items():
        if isinstance(said, dict) and "mode" in said and tier in ("fast", "standard", "heavy"):
            assert found.modes[tier].value == said["mode"]


@settings(max_examples=60)
@given(values(SCHEMAS["policy"]))
def test_every_rule_of_a_valid_policy_is_in_force(document: dict[str, Any]) -> None:
    valid("policy", document)
    read = policy(document, "")
    assert [r.id for r in read.content_rules] == [
        r["id"].strip() for r in document.get("content_rules", [])
    ]
    restricting = [r for r in document.get("repo_rules", []) if r["mode"] != "on"]
    assert {r["id"] for r in restricting} <= {r.id for r in read.place_rules}


@settings(max_examples=60)
@given(values(SCHEMAS["limits-header"]))
def test_every_limit_of_a_valid_header_is_read(listed: list[dict[str, Any]]) -> None:
    valid("limits-header", listed)
    assert len(sidelight_limits({"x-sidelight-limits": json.dumps(listed)}, NOW)) == len(listed)
    valid("usage", {"windows": listed})
    assert len(readings(listed, NOW, "gateway")) == len(listed)


@settings(max_examples=60)
@given(values(SCHEMAS["error"]))
def test_a_valid_refusal_is_read_as_its_own_code(document: dict[str, Any]) -> None:
    valid("error", document)
    reply = Reply(400, {}, json.dumps(document).encode())
    assert classify(reply, NOW, Dialect()).kind == document["error"]["code"]


LIMIT = {"scope": "user", "unit": "requests", "limit": 120}


@pytest.mark.parametrize(
    "limit",
    [
        LIMIT | {"scope": "planet"},
        LIMIT | {"unit": "cookies"},
        LIMIT | {"limit": -1},
        {"scope": "user", "unit": "requests"},
        "120",
    ],
)
def test_a_limit_the_schema_refuses_is_left_out(limit: Any) -> None:
    assert refused("usage", {"windows": [limit]})
    assert readings([limit], NOW, "gateway") == ()


@pytest.mark.parametrize(
    ("document", "kept"),
    [
        ({"repo_rules": [{"id": "a", "mode": "closed"}]}, 1),
        ({"repo_rules": [{"mode": "off"}]}, 1),
        ({"repo_rules": [{"id": "a"}]}, 1),
        ({"repo_rules": ["off"]}, 1),
        ({"repo_rules": "off"}, 1),
    ],
)
def test_a_place_rule_the_schema_refuses_closes_or_is_none(document: Any, kept: int) -> None:
    assert refused("policy", document)
    rules = policy(document, "").place_rules
    assert [rule.mode.value for rule in rules] == ["off"] * kept


@given(
    st.sampled_from(["api_base", "tiers", "limits", "auth", "endpoints", "profile"]),
    st.one_of(st.just(5), st.just([[]]), st.just("nonsense"), st.just({"fast": 5})),
)
def test_an_announcement_the_schema_refuses_has_its_defaults(field: str, said: Any) -> None:
    document = {"version": 1, field: said}
    assume(refused("gateway", document))
    found = from_document(document, URL, NOW, embedded=False)
    assert (found.api_base, found.info.limits, found.info.issuer) == (f"{URL}/v1", (), "")


@pytest.mark.parametrize(
    ("form", "kept"),
    [
        ("https://forms.example/limits", "https://forms.example/limits"),
        ("http://forms.example/limits", ""),
        ("https://name:word@forms.example", ""),
        ("/limits", ""),
        (7, ""),
    ],
)
def test_a_form_for_limits_is_a_page_over_https(form: Any, kept: str) -> None:
    document = {"version": 1, "endpoints": {"limits_form": form, "feedback": "/feedback"}}
    found = from_document(document, URL, NOW, embedded=False).info
    assert (found.limits_form, found.takes_messages) == (kept, True)
    assert not from_document({"version": 1}, URL, NOW, embedded=False).info.takes_messages


@pytest.mark.parametrize(
    "message",
    [
        {"version": 1, "kind": "exception", "reason": "x"},
        {"version": 1, "kind": "exception", "rule": "a b", "reason": "x"},
        {"version": 1, "kind": "soft_limit", "reason": ""},
        {"version": 1, "kind": "soft_limit", "reason": "x", "path": "src/secret.py"},
        {"version": 1, "kind": "praise", "reason": "x"},
    ],
)
def test_a_message_that_says_too_little_or_too_much_is_refused(message: dict[str, Any]) -> None:
    assert refused("feedback", message)
