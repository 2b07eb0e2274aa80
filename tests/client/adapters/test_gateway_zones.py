"""One gateway at several addresses: it is spoken to alike at each, and at no other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from sidelight_client.adapters.gateway_calls import GatewayCalls
from sidelight_client.adapters.gateway_discovery import GatewayDiscovery
from sidelight_client.adapters.gateway_http import HttpGateway
from sidelight_client.adapters.http import HttpClient
from sidelight_client.domain.completion import CompletionRequest
from sidelight_client.domain.failure import Failure, FailureKind
from sidelight_client.domain.place import Document, Position
from sidelight_client.domain.window import take
from sidelight_client.gateways.discovery import Announced, from_document
from sidelight_client.ports import Finish, GatewayEvent, GatewayInfo
from sidelight_client.testing.fakes import FakeClock, grant
from support.raw_server import Exchange, RawServer, answer, raw_server, sse

pytestmark = pytest.mark.anyio

GOOD = sse({"choices": [{"text": "x", "finish_reason": "stop"}]})
WINDOW = take(["def f():\n", "    \n"], Position(1, 4), "file:///a.py")
SAID: dict[str, Any] = {"version": 1, "name": "Zoned", "tiers": {"fast": {"model": "small"}}}


@asynccontextmanager
async def gateway_at(*urls: str) -> AsyncGenerator[HttpGateway]:
    gateway = HttpGateway(urls, HttpClient(), clock=FakeClock())
    try:
        yield gateway
    finally:
        await gateway.close()


async def ask(gateway: HttpGateway, endpoint: str) -> GatewayEvent:
    request = CompletionRequest("a" * 32, Document("file:///a.py", "python"), WINDOW)
    return [event async for event in gateway.complete(request, grant(), 5.0, endpoint)][-1]


async def hang(exchange: Exchange) -> None:
    await exchange.until_hung_up()


def authorized(server: RawServer) -> list[str]:
    return [exchange.target for exchange in server.asked if "authorization" in exchange.headers]


async def test_what_one_zone_says_holds_at_the_other_and_the_session_goes_to_both() -> None:
    async with raw_server(answer(200, SAID), GOOD) as first, raw_server(GOOD) as second:
        async with gateway_at(first.url, f"{second.url}/eu/v1/") as gateway:
            info = await gateway.discover()
            assert isinstance(info, GatewayInfo)
            assert info.endpoints == (first.url, f"{second.url}/eu")
            assert isinstance(await ask(gateway, info.endpoints[1]), Finish)
            assert isinstance(await ask(gateway, info.endpoints[0]), Finish)
        assert authorized(first) == ["/v1/completions"]
        assert authorized(second) == ["/eu/v1/completions"]


async def test_a_zone_that_hangs_does_not_hold_discovery_up() -> None:
    async with (
        raw_server(hang) as first,
        raw_server(answer(200, SAID)) as second,
        gateway_at(first.url, second.url) as gateway,
        asyncio.timeout(8),
    ):
        info = await gateway.discover()
    assert isinstance(info, GatewayInfo)
    assert info.url == first.url


async def test_when_no_zone_answers_the_first_ones_failure_is_told() -> None:
    async with (
        raw_server(answer(503)) as first,
        raw_server(answer(502)) as second,
        gateway_at(first.url, second.url) as gateway,
    ):
        failed = await gateway.discover()
    assert isinstance(failed, Failure)
    assert failed.kind is FailureKind.UPSTREAM_DOWN


async def test_a_proxys_refusal_may_be_asked_elsewhere_and_a_servers_may_not() -> None:
    for status, unprocessed in ((503, True), (502, True), (500, False), (504, False)):
        refusal = answer(status, {"error": {"message": "no"}})
        async with (
            raw_server(answer(200, SAID), GOOD, refusal) as server,
            gateway_at(server.url) as gateway,
        ):
            await gateway.discover()
            assert isinstance(await ask(gateway, ""), Finish)
            failed = await ask(gateway, "")
            assert isinstance(failed, Failure)
            assert failed.unprocessed is unprocessed


@pytest.mark.parametrize(
    ("url", "said", "taken"),
    [
        ("https://gw.example", ["https://us.example/v1"], ("https://us.example/v1",)),
        ("https://gw.example", ["http://us.example"], ()),
        ("https://gw.example", ["http://127.0.0.1:4000"], ()),
        ("http://127.0.0.1:1", ["http://127.0.0.1:4000"], ("http://127.0.0.1:4000",)),
        ("https://gw.example", ["https://me:secret@us.example"], ()),
        ("https://gw.example", ["file:///etc/passwd", "us.example", "", 3, None], ()),
        ("https://gw.example", "https://us.example", ()),
    ],
)
def test_a_gateway_may_say_where_else_it_is_over_tls(
    url: str, said: object, taken: tuple[str, ...]
) -> None:
    found = from_document({"version": 1, "api_bases": said}, url, 0.0, embedded=False)
    assert found.info.endpoints == taken


@pytest.mark.parametrize(
    ("found_at", "api_base", "to", "moved"),
    [
        ("https://eu", "https://eu/v1", "https://us", "https://us/v1"),
        ("https://eu/gw", "https://eu/gw/v1", "https://us/other", "https://us/other/v1"),
        ("https://eu/gw", "https://eu/api/v1", "https://us", "https://us/api/v1"),
        ("https://eu", "https://eu/v1", "https://us/v1/", "https://us/v1"),
    ],
)
def test_what_lies_below_one_address_lies_below_the_other(
    found_at: str, api_base: str, to: str, moved: str
) -> None:
    document = {"version": 1, "api_base": api_base, "endpoints": {"policy": f"{found_at}/policy"}}
    gateway = from_document(document, found_at, 0.0, embedded=False)
    calls = GatewayCalls(HttpClient(), FakeClock())
    there: Announced = GatewayDiscovery([found_at], calls, embedded=False).at(gateway, to)
    assert there.api_base == moved
    assert there.policy_url.startswith(to.removesuffix("/v1/"))
