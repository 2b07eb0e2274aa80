"""Each fault switch does to a request what its name says, and nothing after it is off again."""

from __future__ import annotations

import asyncio
import contextlib
import json

import pytest

from sidelight_client.embedded.faults import Dialect, Faults

pytestmark = pytest.mark.anyio

PROMPT = "x = make(alpha)\nx = ma"


async def works(client) -> bool:
    client.gateway.faults.clear()
    return (await client.complete(PROMPT)).text == "ke(alpha)"


async def test_expire_tokens_expires_every_token_even_a_new_one(client):
    client.gateway.faults.expire_tokens = True
    assert (await client.complete()).error["code"] == "auth.expired"
    await client.sign_in()
    assert (await client.complete()).error["code"] == "auth.expired"
    assert await works(client)


async def test_tokens_expired_now_are_mended_by_a_renewal(client):
    client.gateway.expire_tokens_now()
    assert (await client.complete()).error["code"] == "auth.expired"
    client.tokens = (await client.renew(client.tokens["refresh_token"])).json
    assert (await client.complete()).status == 200


async def test_reject_refresh_refuses_renewals_but_keeps_the_session(client):
    client.gateway.faults.reject_refresh = True
    refused = await client.renew(client.tokens["refresh_token"])
    assert (refused.status, refused.json["error"]) == (400, "invalid_grant")
    client.gateway.faults.clear()
    assert (await client.renew(client.tokens["refresh_token"])).status == 200


@pytest.mark.parametrize(
    ("dialect", "headers", "code"),
    [
        (Dialect.NEUTRAL, {"retry-after": "90"}, "limit.user"),
        (Dialect.RETRY_AFTER_MS, {"retry-after-ms": "90000"}, "429"),
        (
            Dialect.OPENAI,
            {
                "x-ratelimit-limit-requests": "120",
                "x-ratelimit-remaining-requests": "0",
                "x-ratelimit-reset-requests": "1m30s",
            },
            "rate_limit_exceeded",
        ),
        (
            Dialect.LITELLM,
            {
                "retry-after": "90",
                "x-ratelimit-api_key-limit-requests": "120",
                "x-ratelimit-api_key-remaining-requests": "0",
            },
            "429",
        ),
        (
            Dialect.KONG,
            {"ratelimit-limit": "120", "ratelimit-remaining": "0", "ratelimit-reset": "90"},
            None,
        ),
    ],
)
async def test_a_429_speaks_the_chosen_dialect(client, dialect, headers, code):
    client.gateway.faults.throttle = dialect
    client.gateway.faults.throttle_delay_s = 90
    reply = await client.complete()
    assert reply.status == 429
    assert headers.items() <= reply.headers.items()
    assert reply.json.get("error", {}).get("code") == code
    assert await works(client)


async def test_a_short_wait_is_written_in_milliseconds_and_a_short_reset_too(client):
    client.gateway.faults.throttle_delay_s = 0.12
    client.gateway.faults.throttle = Dialect.OPENAI
    assert (await client.complete()).headers["x-ratelimit-reset-requests"] == "120ms"
    client.gateway.faults.throttle = Dialect.RETRY_AFTER_MS
    assert (await client.complete()).headers["retry-after-ms"] == "120"
    client.gateway.faults.throttle = Dialect.NEUTRAL
    assert (await client.complete()).headers["retry-after"] == "1"


async def test_hang_mid_stream_sends_half_and_waits(client):
    client.gateway.faults.hang_mid_stream = True
    async with client.streaming(prompt=PROMPT) as reader:
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"200" in head
        piece = await reader.readuntil(b"\n\n")
        assert b'"text":"ke(al' in piece
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await reader.readuntil(b"\n\n")
    assert await works(client)


async def test_cut_stream_sends_half_and_drops_the_connection(client, wait_until):
    client.gateway.faults.cut_stream = True
    async with client.streaming(prompt=PROMPT) as reader:
        try:
            said = await reader.read()
        except ConnectionResetError:
            said = b""
        assert b"[DONE]" not in said
        assert not said.endswith(b"0\r\n\r\n")
    await wait_until(lambda: bool(client.gateway.audit.lines))
    assert client.gateway.audit.lines[-1].outcome == "cut"
    assert await works(client)


async def test_garbage_is_in_the_middle_and_the_rest_of_the_answer_after_it(client):
    client.gateway.faults.garbage = True
    reply = await client.complete(PROMPT)
    assert b"{not json" in reply.body
    assert reply.body.endswith(b"data: [DONE]\n\n")
    assert await works(client)


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [("cut_stream", "cut"), ("hang_mid_stream", "cancelled"), ("never_end", "cancelled")],
)
async def test_an_answer_that_is_asked_for_whole_breaks_as_well(
    client, clock, wait_until, fault, outcome
):
    setattr(client.gateway.faults, fault, True)
    async with client.streaming(prompt=PROMPT, stream=False) as reader:
        with contextlib.suppress(TimeoutError, ConnectionResetError):
            async with asyncio.timeout(0.1):
                assert await reader.read() == b""
    await wait_until(lambda: bool(client.gateway.audit.lines))
    assert client.gateway.audit.lines[-1].outcome == outcome
    assert await works(client)


async def test_garbage_in_an_answer_that_is_asked_for_whole_is_all_of_it(client):
    client.gateway.faults.garbage = True
    reply = await client.complete(PROMPT, stream=False)
    assert (reply.status, b"{not json" in reply.body) == (200, True)
    assert await works(client)


async def test_stream_error_comes_inside_a_200(client):
    client.gateway.faults.stream_error = True
    reply = await client.complete(PROMPT)
    assert reply.status == 200
    last = reply.body.decode().strip().split("\n\n")[-1]
    assert json.loads(last.removeprefix("data: "))["error"]["code"] == "upstream.down"
    assert await works(client)


async def test_never_end_goes_on_with_nothing_until_the_client_leaves(client, clock, wait_until):
    client.gateway.faults.never_end = True
    async with client.streaming(prompt=PROMPT) as reader:
        await reader.readuntil(b"\n\n")
        for _ in range(3):
            await reader.readuntil(b'"text":""')
            await clock.advance(0.02)
    await wait_until(lambda: bool(client.gateway.audit.lines))
    assert client.gateway.audit.lines[-1].outcome == "cancelled"
    assert await works(client)


async def test_bad_gateway_html_is_a_proxy_page_without_json(client):
    client.gateway.faults.bad_gateway_html = True
    reply = await client.complete()
    assert (reply.status, reply.headers["content-type"]) == (502, "text/html")
    assert b"<html>" in reply.body
    assert await works(client)


async def test_block_objects_to_the_last_line_before_the_cursor(client):
    client.gateway.faults.block = True
    reply = await client.complete("first line\n🙂 last line")
    (finding,) = reply.error["sidelight"]["findings"]
    assert "first line\n🙂 last line"[finding["start"] : finding["end"]] == "🙂 last line"
    assert reply.error["code"] == "policy.blocked"
    assert await works(client)


async def test_budget_is_402_with_whose_and_until_when(client, clock):
    client.gateway.faults.budget = True
    reply = await client.complete()
    said = reply.error["sidelight"]
    assert (reply.status, reply.error["code"]) == (402, "budget.exceeded")
    assert (said["scope"], said["unit"], said["limit"], said["used"]) == ("user", "cost", 20, 20)
    assert said["resets_at"] == clock.now() + 86_400
    assert await works(client)


async def test_outage_is_503_and_on_the_status_page(client):
    client.gateway.faults.outage = True
    reply = await client.complete()
    assert (reply.status, reply.error["code"]) == (503, "upstream.down")
    assert (await client.ask("GET", "/policy")).status == 503
    page = (await client.ask("GET", "/status/api/v2/summary.json")).json
    assert page["status"]["indicator"] == "major"
    assert page["incidents"][0]["status"] == "investigating"
    assert await works(client)
    page = (await client.ask("GET", "/status/api/v2/summary.json")).json
    assert page["status"] == {"indicator": "none", "description": "All Systems Operational"}
    assert page["incidents"] == []


async def test_model_denied_is_403(client):
    client.gateway.faults.model_denied = True
    assert (await client.complete()).error["code"] == "auth.model_denied"
    assert await works(client)


async def test_scanner_down_lets_nothing_pass_and_does_not_say_blocked(client):
    client.gateway.faults.scanner_down = True
    reply = await client.complete()
    assert (reply.status, reply.error["code"]) == (500, "policy.unavailable")
    page = (await client.ask("GET", "/status/api/v2/summary.json")).json
    assert page["status"]["indicator"] == "minor"
    assert await works(client)


async def test_context_limit_shrinks_what_the_model_takes(client):
    client.gateway.faults.context_limit = 3
    reply = await client.complete("x" * 17)
    assert reply.error["code"] == "context.exceeded"
    assert (reply.error["sidelight"]["limit"], reply.error["sidelight"]["got"]) == (3, 5)
    assert await works(client)


async def test_slow_waits_before_the_first_text(client, clock):
    client.gateway.faults.slow_s = 9
    async with client.streaming(prompt=PROMPT) as reader:
        await reader.readuntil(b"\r\n\r\n")
        await clock.advance(8.9)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await reader.readuntil(b"data: ")
        await clock.advance(0.2)
        await reader.readuntil(b"[DONE]")
    assert await works(client)


async def test_switches_are_thrown_over_http_with_the_local_key_only(client):
    key = {"X-Sidelight-Key": client.gateway.key.reveal()}
    assert (await client.ask("POST", "/faults", body={"outage": True})).status == 403
    assert (await client.ask("GET", "/faults")).status == 403
    assert not client.gateway.faults.outage
    reply = await client.ask("POST", "/faults", key, {"outage": True, "slow_s": 2})
    assert reply.json["outage"] is True
    assert client.gateway.faults.slow_s == 2.0
    reply = await client.ask("POST", "/faults", key, {"outage": False, "slow_s": 0})
    assert (await client.ask("GET", "/faults", key)).json == Faults().as_json()


async def test_tokens_can_be_expired_over_http(client):
    key = {"X-Sidelight-Key": client.gateway.key.reveal()}
    assert (await client.ask("POST", "/faults", key, {"expire_issued": True})).status == 200
    assert (await client.ask("GET", "/usage")).error["code"] == "auth.expired"


@pytest.mark.parametrize(
    "switches",
    [
        {"outage": 1},
        {"no_such": True},
        {"slow_s": -1},
        {"slow_s": 1e300},
        {"slow_s": "5"},
        {"context_limit": True},
        {"throttle": "klingon"},
        {"throttle": 5},
        {"outage": True, "budget": "yes"},
    ],
)
async def test_a_wrong_switch_changes_nothing_and_says_why(client, switches):
    key = {"X-Sidelight-Key": client.gateway.key.reveal()}
    reply = await client.ask("POST", "/faults", key, switches)
    assert reply.status == 400
    assert client.gateway.faults == Faults()
