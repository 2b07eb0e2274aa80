"""What the gateway tells about itself: discovery, models, policy, status, feedback."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.anyio


async def test_discovery_needs_no_sign_in_and_names_everything(client):
    document = (await client.ask("GET", "/.well-known/sidelight-gateway", signed_in=False)).json
    url = client.gateway.url
    assert document["version"] == 1
    assert document["profile"] == "sidelight"
    assert document["api_base"] == f"{url}/v1"
    assert document["auth"] == {
        "kind": "oidc",
        "issuer": f"{url}/issuer",
        "client_id": "sidelight",
        "scopes": ["openid", "profile", "offline_access"],
        "audience": "sidelight-gateway",
    }
    assert {tier: said["deadline_ms"] for tier, said in document["tiers"].items()} == {
        "fast": 300,
        "standard": 8000,
        "heavy": 90000,
    }
    assert document["tiers"]["fast"]["model"] == "workspace"
    assert document["limits"][0] == {
        "scope": "user",
        "unit": "requests",
        "limit": 120,
        "window_s": 3600,
        "kind": "hard",
    }
    assert document["limits"][2]["kind"] == "soft"
    assert document["endpoints"]["status"] == f"{url}/status/api/v2/summary.json"


async def test_models_lists_what_can_be_asked(client):
    models = (await client.ask("GET", "/v1/models")).json["data"]
    assert [model["id"] for model in models] == ["workspace"]
    assert (await client.ask("GET", "/v1/models", signed_in=False)).status == 401


async def test_policy_is_sent_once_and_then_only_confirmed(client):
    first = await client.ask("GET", "/policy")
    tag = first.headers["etag"]
    assert tag == f'"{first.json["version"]}"'
    for known in (tag, f'"other", {tag}', f"W/{tag}"):
        again = await client.ask("GET", "/policy", {"If-None-Match": known})
        assert (again.status, again.body) == (304, b"")
    assert (await client.ask("GET", "/policy", {"If-None-Match": '"other"'})).status == 200


async def test_policy_holds_the_rules_that_are_enforced_and_where_ai_is_off(client):
    policy = (await client.ask("GET", "/policy")).json
    rules = {rule["id"]: rule for rule in policy["content_rules"]}
    assert rules["us_ssn"]["validator"] == "us_ssn"
    assert rules["payment_card"]["action"] == "block"
    assert "email" not in rules
    (environment, *_) = policy["repo_rules"]
    assert environment["match"] == {"remote": "", "path": ".env*"}
    assert (environment["mode"], bool(environment["reason"])) == ("off", True)


async def test_status_has_the_fields_readers_of_statuspage_expect(client):
    page = (await client.ask("GET", "/status/api/v2/summary.json", signed_in=False)).json
    assert set(page) == {"page", "status", "components", "incidents", "scheduled_maintenances"}
    assert page["page"]["updated_at"] == "2023-11-14T22:13:20.000Z"
    assert {part["status"] for part in page["components"]} == {"operational"}


async def test_feedback_is_taken_if_it_is_small_and_an_object(client):
    assert (await client.ask("POST", "/feedback", body={"accepted": True})).status == 202
    assert (await client.ask("POST", "/feedback", body=b"[]")).status == 400
    assert (await client.ask("POST", "/feedback", body=b'{"a":"' + b"x" * 20_000)).status == 413
    assert (await client.ask("POST", "/feedback", body=b"{}", signed_in=False)).status == 401


async def test_the_front_door_says_what_this_is(client):
    assert b"development gateway" in (await client.ask("GET", "/")).body


async def test_the_date_header_is_the_gateways_clock(client, clock):
    await clock.close_lid(3600)
    reply = await client.ask("GET", "/")
    assert reply.headers["date"] == "Tue, 14 Nov 2023 23:13:20 GMT"
