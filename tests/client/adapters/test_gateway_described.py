"""What a gateway says of its models when it is asked with a key, and messages handed to it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from sidelight_client.adapters.gateway_http import HttpGateway
from sidelight_client.adapters.http import HttpClient
from sidelight_client.domain.completion import CompletionRequest
from sidelight_client.domain.feedback import (
    Failed,
    Feedback,
    NoEndpoint,
    Problem,
    Sent,
    Subject,
)
from sidelight_client.domain.place import Document, Position
from sidelight_client.domain.spending.budget import Scope
from sidelight_client.domain.window import take
from sidelight_client.ports import GatewayInfo
from sidelight_client.testing.fakes import FakeClock, grant
from support.raw_server import Answer, RawServer, answer, raw_server, sse

pytestmark = pytest.mark.anyio

SAID: dict[str, Any] = {
    "version": 1,
    "profile": "litellm",
    "name": "Lite",
    "tiers": {"fast": {"model": "fast"}},
    "endpoints": {"feedback": "/feedback"},
}
GROUP = {"model_group": "fast", "max_input_tokens": 4096, "input_cost_per_token": 1e-6, "rpm": 60}
MESSAGE = Feedback(Subject.SOFT_LIMIT, "", "", "A release is due today.")
GOOD = sse({"choices": [{"text": "x", "finish_reason": "stop"}]})


@asynccontextmanager
async def serving(*answers: Answer) -> AsyncGenerator[tuple[HttpGateway, RawServer, FakeClock]]:
    clock = FakeClock()
    async with raw_server(answer(200, SAID), *answers) as server:
        gateway = HttpGateway(server.url, HttpClient(), clock=clock)
        try:
            assert isinstance(await gateway.discover(), GatewayInfo)
            yield gateway, server, clock
        finally:
            await gateway.close()


async def test_the_models_are_described_to_who_has_a_key_and_asked_about_once_an_hour() -> None:
    async with serving(answer(200, {"data": [GROUP]})) as (gateway, server, clock):
        info = await gateway.described(grant())
        assert info is not None
        assert info.model_facts["fast"].input_tokens == 4096
        assert [(limit.scope, limit.limit) for limit in info.limits] == [(Scope.VENDOR, 60.0)]
        assert await gateway.described(grant()) == info
        assert [asked.target for asked in server.asked[1:]] == ["/model_group/info"]
        assert server.asked[1].headers["authorization"] == "Bearer access-1"
        await clock.advance(3_601)
        assert await gateway.described(grant()) == info
        assert len(server.asked) == 3


@pytest.mark.parametrize(
    "refusal", [answer(401), answer(404), answer(200, "<html>"), b"nonsense\r\n\r\n"]
)
async def test_a_gateway_that_does_not_describe_its_models_is_used_as_it_announced_itself(
    refusal: bytes,
) -> None:
    async with serving(refusal, answer(200, {"data": [GROUP]})) as (gateway, _, _):
        info = await gateway.described(grant())
        assert info is not None
        assert (info.name, dict(info.model_facts)) == ("Lite", {})
        again = await gateway.described(grant())
        assert again is not None
        assert again.model_facts["fast"].input_cost == 1e-6


async def test_before_discovery_nothing_is_asked_about_models() -> None:
    gateway = HttpGateway("http://127.0.0.1:1", HttpClient(), clock=FakeClock())
    assert await gateway.described(grant()) is None
    await gateway.close()


async def test_a_message_goes_to_the_gateways_own_address_with_the_session() -> None:
    async with serving(answer(202, {})) as (gateway, server, _):
        assert await gateway.feedback(MESSAGE, grant()) == Sent()
        (asked,) = server.asked[1:]
    assert (asked.method, asked.target) == ("POST", "/feedback")
    assert asked.headers["authorization"] == "Bearer access-1"
    assert asked.json == {"version": 1, "kind": "soft_limit", "reason": MESSAGE.reason}


async def test_a_message_goes_to_the_zone_that_answered_last() -> None:
    async with raw_server(answer(200, SAID)) as first, raw_server(GOOD, answer(202)) as second:
        gateway = HttpGateway((first.url, second.url), HttpClient(), clock=FakeClock())
        try:
            await gateway.discover()
            window = take(["x = 1\n", "\n"], Position(1, 0), "file:///a.py")
            request = CompletionRequest("a" * 32, Document("file:///a.py", "python"), window)
            async for _ in gateway.complete(request, grant(), 5.0, second.url):
                pass
            assert await gateway.feedback(MESSAGE, grant()) == Sent()
        finally:
            await gateway.close()
        assert [asked.target for asked in second.asked] == ["/v1/completions", "/feedback"]


async def test_a_gateway_nobody_reaches_or_that_takes_no_messages_is_told_apart() -> None:
    gateway = HttpGateway("http://127.0.0.1:1", HttpClient(), clock=FakeClock())
    assert await gateway.feedback(MESSAGE, grant()) == Failed(Problem.UNREACHABLE)
    await gateway.close()
    silent = {name: value for name, value in SAID.items() if name != "endpoints"}
    async with raw_server(answer(200, silent)) as server:
        gateway = HttpGateway(server.url, HttpClient(), clock=FakeClock())
        form = "https://forms.example"
        assert await gateway.feedback(MESSAGE, grant(), form) == NoEndpoint(form)
        await gateway.close()
