"""The gateway over real sockets: a server that says what we want, and the embedded gateway itself."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sidelight_client.adapters.gateway_exchange import PREFACE_LINES
from sidelight_client.adapters.gateway_http import HttpGateway
from sidelight_client.adapters.http import HttpClient
from sidelight_client.adapters.policy_signature import signed_by
from sidelight_client.domain.completion import (
    CompletionRequest,
    Source,
    SourceKind,
    Tier,
    TokenUse,
)
from sidelight_client.domain.failure import Failure, FailureKind, RuleHit
from sidelight_client.domain.place import Document, Position
from sidelight_client.domain.policy.organisation import Policy, PolicyTrouble
from sidelight_client.domain.window import take
from sidelight_client.ports import Delta, Finish, GatewayEvent, GatewayInfo
from sidelight_client.testing.fakes import FakeClock, grant
from support.raw_server import (
    Answer,
    Exchange,
    RawServer,
    answer,
    chunk,
    raw_server,
    sse,
    stream_head,
)

pytestmark = pytest.mark.anyio

DOCUMENT = {
    "version": 1,
    "name": "Example",
    "profile": "sidelight",
    "tiers": {
        "fast": {"model": "small", "mode": "suffix"},
        "heavy": {"model": "big", "mode": "chat"},
    },
    "endpoints": {"policy": "/policy", "usage": "/usage"},
}
PIECES = (
    {"model": "small", "choices": [{"text": "return"}]},
    {"choices": [{"text": " 1", "finish_reason": "stop"}]},
    {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 2}},
)
WINDOW = take(["def f():\n", "    \n", "# end 078-05-1120\n"], Position(1, 4), "file:///a.py")


def asking(tier: Tier = Tier.FAST, max_tokens: int = 10) -> CompletionRequest:
    return CompletionRequest(
        "a" * 32, Document("file:///a.py", "python"), WINDOW, tier, max_tokens=max_tokens
    )


@asynccontextmanager
async def gateway_at(url: str) -> AsyncGenerator[HttpGateway]:
    gateway = HttpGateway(url, HttpClient(), clock=FakeClock())
    try:
        yield gateway
    finally:
        await gateway.close()


@asynccontextmanager
async def serving(
    *answers: Answer, document: dict[str, Any] | None = None
) -> AsyncGenerator[tuple[HttpGateway, RawServer]]:
    """A discovered gateway whose next exchanges are `answers`."""
    said = answer(200, document or DOCUMENT)
    async with raw_server(said, *answers) as server, gateway_at(server.url) as gateway:
        assert isinstance(await gateway.discover(), GatewayInfo)
        yield gateway, server


async def ask(
    gateway: HttpGateway, request: CompletionRequest | None = None, deadline_s: float = 5.0
) -> list[GatewayEvent]:
    return [e async for e in gateway.complete(request or asking(), grant(), deadline_s)]


async def failure_of(gateway: HttpGateway, deadline_s: float = 5.0) -> Failure:
    last = (await ask(gateway, deadline_s=deadline_s))[-1]
    assert isinstance(last, Failure)
    return last


async def test_a_completion_is_streamed_with_its_counts_limits_and_ids() -> None:
    limits = json.dumps([{"scope": "user", "unit": "requests", "limit": 120, "used": 3}])
    async with serving(sse(*PIECES, x_sidelight_limits=limits)) as (gateway, server):
        events = await ask(gateway)
    assert events[:2] == [Delta("return"), Delta(" 1")]
    last = events[2]
    assert isinstance(last, Finish)
    assert last.source == Source(SourceKind.MODEL, "small")
    assert last.tokens == TokenUse(9, None, 2)
    assert (last.readings[0].limit, last.readings[0].used) == (120.0, 3.0)
    sent = server.asked[1]
    assert (sent.method, sent.target) == ("POST", "/v1/completions")
    assert sent.json["model"] == "small"
    assert sent.json["prompt"] == "def f():\n    "
    assert sent.headers["authorization"] == "Bearer access-1"
    assert sent.headers["x-request-id"] == "a" * 32
    assert sent.headers["traceparent"].startswith(f"00-{'a' * 32}-")
    assert "a.py" not in str(sent.headers)


async def test_the_tier_decides_the_model_and_how_it_is_asked() -> None:
    said = {"choices": [{"message": {"content": "```\nx\n```"}, "finish_reason": "stop"}]}
    async with serving(answer(200, said)) as (gateway, server):
        events = await ask(gateway, asking(Tier.HEAVY))
    assert events[0] == Delta("x\n")
    assert server.asked[1].target == "/v1/chat/completions"
    assert server.asked[1].json["model"] == "big"


async def test_cancelling_is_seen_at_the_gateways_socket() -> None:
    hung_up = asyncio.Event()

    async def begin(exchange: Exchange) -> None:
        await exchange.send(stream_head() + chunk(b'data: {"choices":[{"text":"re"}]}\n\n'))
        await exchange.until_hung_up()
        hung_up.set()

    async with serving(begin) as (gateway, _):
        begun = asyncio.Event()

        async def consume() -> None:
            async with aclosing(gateway.complete(asking(), grant(), 5.0)) as events:
                async for _ in events:
                    begun.set()

        task = asyncio.create_task(consume())
        await begun.wait()
        task.cancel()
        async with asyncio.timeout(5):
            await hung_up.wait()
        assert task.cancelled() or task.cancelling()
        await asyncio.wait([task])


async def test_cancelling_before_the_first_byte_is_seen_too() -> None:
    asked, hung_up = asyncio.Event(), asyncio.Event()

    async def say_nothing(exchange: Exchange) -> None:
        asked.set()
        await exchange.until_hung_up()
        hung_up.set()

    async with serving(say_nothing) as (gateway, _):
        task = asyncio.create_task(ask(gateway, deadline_s=60))
        await asked.wait()
        task.cancel()
        async with asyncio.timeout(5):
            await hung_up.wait()
        await asyncio.wait([task])


async def hang(exchange: Exchange) -> None:
    await exchange.until_hung_up()


async def hang_in_stream(exchange: Exchange) -> None:
    await exchange.send(stream_head())
    await exchange.until_hung_up()


async def hang_after_text(exchange: Exchange) -> None:
    await exchange.send(stream_head() + chunk(b'data: {"choices":[{"text":"re"}]}\n\n'))
    await exchange.until_hung_up()


async def drip(exchange: Exchange) -> None:
    await exchange.send(stream_head())
    for byte in b'data: {"choices":[{"text":"return"}]}\n\n' * 20:
        await exchange.send(chunk(bytes([byte])))
        await asyncio.sleep(0.05)


async def never_end(exchange: Exchange) -> None:
    await exchange.send(stream_head())
    while True:
        await exchange.send(chunk(b'data: {"choices":[{"text":"and so on "}]}\n\n' * 100))


@pytest.mark.parametrize("said", [hang, hang_in_stream, drip, hang_after_text])
async def test_a_gateway_that_is_silent_or_drips_is_late_and_no_more(said: Answer) -> None:
    async with serving(said) as (gateway, _):
        began = time.monotonic()
        request = asking(max_tokens=1)
        last = (await ask(gateway, request, deadline_s=0.3))[-1]
    assert last == Failure(FailureKind.UPSTREAM_TIMEOUT)
    assert time.monotonic() - began < 5


async def test_a_stream_that_never_ends_is_ended_by_its_size() -> None:
    async with serving(never_end) as (gateway, _):
        last = (await ask(gateway, asking(max_tokens=600), deadline_s=30))[-1]
    assert last == Failure(FailureKind.UPSTREAM_DOWN)


async def hang_up(exchange: Exchange) -> None:
    exchange.writer.close()


async def cut(exchange: Exchange) -> None:
    await exchange.send(stream_head() + chunk(b'data: {"choices":[{"text":"re"}]}\n\n'))
    exchange.writer.close()


BAD_ANSWERS = (
    *("hung up", "cut", "other protocol", "10 MB header", "10 MB body", "captive portal", "empty"),
    *("redirect", "HTML", "10 MB of HTML", "expired", "unknown", "error in stream"),
)


@pytest.mark.parametrize(
    ("said", "kind", "status"),
    [
        (hang_up, FailureKind.UPSTREAM_DOWN, None),
        (cut, FailureKind.UPSTREAM_DOWN, None),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", FailureKind.UPSTREAM_DOWN, None),
        (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 10_000_000, FailureKind.UPSTREAM_DOWN, None),
        (
            answer(200, b"x" * 10_000_000, content_type="application/json"),
            FailureKind.UPSTREAM_DOWN,
            None,
        ),
        (answer(200, "<html>", content_type="text/html"), FailureKind.UPSTREAM_DOWN, None),
        (answer(200, "", content_type="application/json"), FailureKind.UPSTREAM_DOWN, None),
        (answer(302, location="https://login.example/"), FailureKind.UPSTREAM_DOWN, 302),
        (answer(502, "<html>Bad Gateway"), FailureKind.UPSTREAM_DOWN, 502),
        (answer(502, b"x" * 10_000_000), FailureKind.UPSTREAM_DOWN, 502),
        (answer(401, {"error": {"code": "auth.expired"}}), FailureKind.AUTH_EXPIRED, 401),
        (answer(418, "teapot"), FailureKind.UNKNOWN, 418),
        (sse({"error": {"message": "boom"}}), FailureKind.UPSTREAM_DOWN, None),
    ],
    ids=BAD_ANSWERS,
)
async def test_what_is_no_answer_is_one_failure_of_its_kind(
    said: Answer, kind: FailureKind, status: int | None
) -> None:
    async with serving(said) as (gateway, _):
        failure = await failure_of(gateway)
    assert (failure.kind, failure.status) == (kind, status)


async def test_a_refusals_body_that_never_comes_does_not_hold_its_status_back() -> None:
    async def half(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 429 No\r\nretry-after: 7\r\ncontent-length: 99\r\n\r\n{")
        await exchange.until_hung_up()

    async with serving(half) as (gateway, _):
        failure = await failure_of(gateway)
    assert (failure.kind, failure.retry_delay_s) == (FailureKind.LIMIT_USER, 7.0)


async def test_nobody_listening_is_a_gateway_that_is_down() -> None:
    async with raw_server(answer(200, DOCUMENT)) as server:
        url = server.url
    async with gateway_at(url) as gateway:
        assert await gateway.discover() == Failure(FailureKind.UPSTREAM_DOWN, unprocessed=True)
        assert await failure_of(gateway) == Failure(FailureKind.UPSTREAM_DOWN, unprocessed=True)


async def test_an_address_that_is_none_is_a_gateway_that_is_down() -> None:
    async with gateway_at("nonsense") as gateway:
        assert await failure_of(gateway) == Failure(FailureKind.UPSTREAM_DOWN, unprocessed=True)


async def test_a_finding_is_counted_in_the_window_and_a_denied_model_has_its_name() -> None:
    finding = {"rule": "us_ssn", "part": "suffix", "start": 7, "end": 18}
    blocked = {"error": {"code": "policy.blocked", "sidelight": {"findings": [finding]}}}
    denied = {"error": {"code": "auth.model_denied"}}
    async with serving(answer(400, blocked), answer(403, denied)) as (gateway, _):
        assert (await failure_of(gateway)).hits == (RuleHit("us_ssn", "suffix", 7, 18),)
        assert (await failure_of(gateway)).facts == {"model": "small"}


async def test_a_model_without_suffix_may_be_asked_again_at_once_and_is_asked_as_a_chat() -> None:
    refusal = answer(400, {"error": {"message": "suffix is not currently supported"}})
    async with serving(refusal, sse(*PIECES), sse(*PIECES)) as (gateway, server):
        refused = Failure(FailureKind.CAPABILITY_MISSING, 400, unprocessed=True)
        assert await failure_of(gateway) == refused
        assert isinstance((await ask(gateway))[-1], Finish)
        assert isinstance((await ask(gateway))[-1], Finish)
    assert [asked.target.rpartition("/v1")[2] for asked in server.asked[1:]] == [
        "/completions",
        "/chat/completions",
        "/chat/completions",
    ]


def chat_piece(text: str) -> bytes:
    said = {"choices": [{"delta": {"content": text}}]}
    return chunk(b"data: " + json.dumps(said).encode() + b"\n\n")


async def test_what_a_chat_model_says_before_its_code_does_not_cost_the_code() -> None:
    hung_up: list[bool] = []

    async def preface_first(exchange: Exchange) -> None:
        await exchange.send(stream_head() + chat_piece("Certainly.\n\nThis returns one:\n\n"))
        waiting = asyncio.ensure_future(exchange.until_hung_up())
        await asyncio.wait({waiting}, timeout=0.2)
        hung_up.append(waiting.done())
        waiting.cancel()
        await asyncio.wait({waiting})
        await exchange.send(chat_piece("```python\nreturn 1\n" + "\n" * PREFACE_LINES))

    async with serving(preface_first) as (gateway, _):
        events = await ask(gateway, replace(asking(Tier.HEAVY), max_lines=1))
    assert hung_up == [False]
    said = "".join(event.text for event in events if isinstance(event, Delta))
    assert "return 1\n" in said
    assert isinstance(events[-1], Finish)


async def test_a_chat_model_that_only_talks_is_left_after_a_few_lines() -> None:
    hung_up = asyncio.Event()

    async def talk(exchange: Exchange) -> None:
        await exchange.send(stream_head() + chat_piece("And so on.\n" * (4 + PREFACE_LINES)))
        await exchange.until_hung_up()
        hung_up.set()

    async with serving(talk) as (gateway, _):
        events = await ask(gateway, replace(asking(Tier.HEAVY), max_lines=4))
        async with asyncio.timeout(5):
            await hung_up.wait()
    assert isinstance(events[-1], Finish)


async def test_the_first_request_learns_what_the_gateway_is_by_itself() -> None:
    said = (answer(200, DOCUMENT), sse(*PIECES))
    async with raw_server(*said) as server, gateway_at(server.url) as gateway:
        assert isinstance((await ask(gateway))[-1], Finish)


async def test_a_request_does_not_wait_for_discovery_past_its_deadline() -> None:
    async with raw_server(hang) as server, gateway_at(server.url) as gateway:
        began = time.monotonic()
        assert await failure_of(gateway, 0.2) == Failure(FailureKind.UPSTREAM_TIMEOUT)
        assert time.monotonic() - began < 5


async def test_those_who_ask_together_share_one_discovery() -> None:
    async with raw_server(answer(200, DOCUMENT)) as server, gateway_at(server.url) as gateway:
        found = await asyncio.gather(*(gateway.discover() for _ in range(5)))
    assert len(server.asked) == 1
    assert all(isinstance(info, GatewayInfo) and info.name == "Example" for info in found)


@pytest.mark.parametrize(
    ("models", "name", "auth"),
    [
        (answer(200, {"data": [{"id": "m1"}]}), "m1", "none"),
        (answer(401, {"error": {"message": "no key"}}), "", "oidc"),
        (answer(404, "nothing"), "", "oidc"),
    ],
)
async def test_a_server_that_announces_nothing_is_of_openais_family(
    models: bytes, name: str, auth: str
) -> None:
    async with raw_server(answer(404), models) as server, gateway_at(server.url) as gateway:
        info = await gateway.discover()
    assert isinstance(info, GatewayInfo)
    assert (info.profile, info.models.get("fast", ""), info.auth_kind) == ("openai", name, auth)


async def test_a_captive_portal_is_no_gateway() -> None:
    page = answer(200, "<html>Pay here</html>", content_type="text/html")
    async with raw_server(page) as server, gateway_at(server.url) as gateway:
        assert await gateway.discover() == Failure(FailureKind.UPSTREAM_DOWN, 200)


async def test_a_server_that_asks_for_no_session_is_sent_none() -> None:
    models = answer(200, {"data": [{"id": "m1"}]})
    async with (
        raw_server(answer(404), models, sse(*PIECES)) as server,
        gateway_at(server.url) as gateway,
    ):
        await ask(gateway)
    assert "authorization" not in server.asked[2].headers


async def test_the_policy_is_fetched_once_and_then_only_when_it_changed() -> None:
    rules = {"repo_rules": [{"id": "pci", "match": {"remote": "h/*"}, "mode": "off"}]}
    async with serving(answer(200, rules, etag='"e1"'), answer(304)) as (gateway, server):
        first = await gateway.policy(grant())
        second = await gateway.policy(grant())
    assert isinstance(first, Policy)
    assert (first.version, first.place_rules[0].id) == ('"e1"', "pci")
    assert second is None
    assert server.asked[2].headers["if-none-match"] == '"e1"'
    assert server.asked[1].headers["authorization"] == "Bearer access-1"


@pytest.mark.parametrize(
    ("said", "trouble"),
    [
        (answer(500), PolicyTrouble.UNREACHABLE),
        (answer(403), PolicyTrouble.UNREACHABLE),
        (answer(200, "[]"), PolicyTrouble.UNREADABLE),
        (answer(200, '{"repo_rules": [{"id'), PolicyTrouble.UNREADABLE),
        (answer(200, '{"issued_at": 99999999999}'), PolicyTrouble.FUTURE),
        (hang_up, PolicyTrouble.UNREACHABLE),
        (answer(404), None),
    ],
)
async def test_a_policy_that_cannot_be_read_is_told_from_one_that_is_not_there(
    said: Answer, trouble: PolicyTrouble | None
) -> None:
    async with serving(said) as (gateway, _):
        assert await gateway.policy(grant()) is trouble


async def test_a_policy_must_be_signed_where_a_key_is_set() -> None:
    key = Ed25519PrivateKey.generate()
    public = base64.b64encode(key.public_key().public_bytes_raw()).decode()
    body = '{"unknown_remote": "off"}'
    signature = base64.b64encode(key.sign(body.encode())).decode()
    other = base64.b64encode(b"x" * 64).decode()
    answers = (
        answer(200, body),
        answer(200, body, x_sidelight_signature=other),
        answer(200, f"{body} ", x_sidelight_signature=signature),
        answer(200, body, x_sidelight_signature=signature, etag='"e1"'),
        answer(304),
    )
    async with raw_server(answer(200, DOCUMENT), *answers) as server:
        gateway = HttpGateway(server.url, HttpClient(), clock=FakeClock(), policy_key=public)
        await gateway.discover()
        for _ in range(3):
            assert await gateway.policy(grant()) is PolicyTrouble.UNSIGNED
        assert isinstance(await gateway.policy(grant()), Policy)
        assert await gateway.policy(grant()) is None
        await gateway.close()
    assert not signed_by("no key", body.encode(), signature)


@pytest.mark.parametrize("said", [answer(500), answer(200, "[]"), answer(200, "<html>"), hang_up])
async def test_usage_that_cannot_be_read_is_absent(said: Answer) -> None:
    async with serving(said) as (gateway, _):
        assert await gateway.usage(grant()) == ()


async def test_usage_is_read_as_the_gateways_own_numbers() -> None:
    window = {"scope": "team", "unit": "requests", "limit": 800, "used": 12, "window_s": 3600}
    async with serving(answer(200, {"windows": [window]})) as (gateway, _):
        (reading,) = await gateway.usage(grant())
    assert (reading.limit, reading.used, reading.source) == (800.0, 12.0, "gateway")


async def test_after_the_pool_was_dropped_a_connection_is_there_before_anybody_asks() -> None:
    async with raw_server(answer(200, DOCUMENT)) as server, gateway_at(server.url) as gateway:
        await gateway.discover()
        await gateway.drop_pool()
        gateway.connect_ahead()
        async with asyncio.timeout(5):
            await server.connected(2)


async def test_no_log_line_contains_code_prompt_or_token(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    leak = {"error": {"message": "found 078-05-1120 for key access-1", "code": "x"}}
    async with serving(sse(*PIECES), answer(400, leak), hang_up) as (gateway, _):
        for _ in range(3):
            await ask(gateway)
    for secret in ("access-1", "def f", "078-05-1120", "return"):
        assert secret not in caplog.text


async def test_a_list_that_is_guarded_is_read_once_with_the_session() -> None:
    listed = answer(200, {"data": [{"id": "fast"}]})
    async with (
        raw_server(answer(404), answer(401), listed, sse(*PIECES)) as server,
        gateway_at(server.url) as gateway,
    ):
        await ask(gateway)
        await ask(gateway)
    assert [asked.target for asked in server.asked[2:]] == [
        "/v1/models",
        "/v1/completions",
        "/v1/completions",
    ]
    assert server.asked[2].headers["authorization"].startswith("Bearer ")
    assert server.asked[3].json["model"] == "fast"
