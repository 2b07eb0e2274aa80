"""Limits are counted, kept, announced and given back at the end of their window."""

from __future__ import annotations

import json

import pytest

from sidelight_client.domain.spending.budget import Purse, Scope, Unit

pytestmark = pytest.mark.anyio


def purses(user=3, team=800, org=1):
    return (
        Purse(Scope.USER, Unit.REQUESTS, user, 3600.0, used=0.0),
        Purse(Scope.TEAM, Unit.REQUESTS, team, 3600.0, used=0.0),
        Purse(Scope.ORG, Unit.REQUESTS, org, 3600.0, hard=False, used=0.0),
    )


async def test_the_request_after_the_last_one_is_refused_until_the_hour_is_over(serve, clock):
    async with serve(limits=purses()) as client:
        await client.sign_in()
        for _ in range(3):
            assert (await client.complete()).status == 200
            await clock.advance(60)
        reply = await client.complete()
        said = reply.error["sidelight"]
        assert (reply.status, reply.error["code"]) == (429, "limit.user")
        assert reply.headers["retry-after"] == "3420"
        assert (said["scope"], said["limit"], said["used"]) == ("user", 3, 3)
        assert said["resets_at"] == clock.now() + 3420
        await clock.close_lid(3420)
        assert (await client.complete()).status == 200


async def test_a_refused_request_costs_nothing(serve):
    async with serve(limits=purses(user=1)) as client:
        await client.sign_in()
        await client.complete()
        for _ in range(3):
            assert (await client.complete()).status == 429
        (user, *_) = (await client.ask("GET", "/usage")).json["windows"]
        assert user["used"] == 1


async def test_the_teams_limit_is_named_as_the_teams(serve):
    async with serve(limits=purses(user=9, team=1)) as client:
        await client.sign_in()
        await client.complete()
        assert (await client.complete()).error["code"] == "limit.team"


async def test_a_soft_limit_is_shown_and_stops_nothing(serve):
    async with serve(limits=purses(user=9, org=1)) as client:
        await client.sign_in()
        await client.complete()
        reply = await client.complete()
        assert reply.status == 200
        assert json.loads(reply.headers["x-sidelight-limits"])[2] == {
            "scope": "org",
            "unit": "requests",
            "limit": 1,
            "used": 2,
            "window_s": 3600,
            "resets_at": 1_700_003_600.0,
            "kind": "soft",
        }


async def test_usage_says_the_same_as_the_header_and_costs_nothing(client):
    await client.complete()
    reply = await client.ask("GET", "/usage")
    assert reply.json["windows"] == json.loads(reply.headers["x-sidelight-limits"])
    assert reply.json["windows"][0]["used"] == 1


async def test_a_blocked_request_counts_like_any_other(client):
    client.gateway.faults.block = True
    await client.complete()
    assert (await client.ask("GET", "/usage")).json["windows"][0]["used"] == 1
