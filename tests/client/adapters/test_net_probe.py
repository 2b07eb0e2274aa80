"""What stands between us and an address, with real servers on loopback that stand in the way."""

from __future__ import annotations

import asyncio
import datetime as dt
import socket
import threading
from collections.abc import AsyncGenerator
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sidelight_client.adapters.clock import SystemClock
from sidelight_client.adapters.http import HttpClient
from sidelight_client.adapters.net_probe import (
    Target,
    clock_offset_s,
    look_up,
    probe,
    proxies_seen,
    proxy_for,
    without_credentials,
)
from sidelight_client.domain.identity.diagnosis import Answer, EndpointSeen, Trouble
from support.raw_server import Exchange, answer, raw_server
from support.tls_server import tls_server

pytestmark = pytest.mark.anyio


@pytest.fixture
async def http() -> AsyncGenerator[HttpClient]:
    client = HttpClient()
    yield client
    await client.close()


async def asked(http: HttpClient, url: str) -> EndpointSeen:
    return (await probe(Target("gateway", url), http, SystemClock())).seen


def date(offset_s: float) -> str:
    moment = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=offset_s)
    return format_datetime(moment, usegmt=True)


async def test_a_good_answer_brings_its_document_and_the_clocks_offset(http: HttpClient) -> None:
    async with raw_server(answer(200, {"version": 1}, date=date(0))) as server:
        found = await probe(Target("gateway", f"{server.url}/x"), http, SystemClock())
    assert found.document == {"version": 1}
    assert isinstance(found.seen.outcome, Answer)
    assert found.seen.outcome.status == 200
    assert found.seen.outcome.clock_offset_s == pytest.approx(0, abs=30)
    assert found.seen.addresses == ("127.0.0.1",)
    assert found.seen.proxy == ""


async def test_a_clock_that_is_wrong_is_seen_in_the_date_header(http: HttpClient) -> None:
    async with raw_server(answer(200, {}, date=date(-7200))) as server:
        outcome = (await asked(http, server.url)).outcome
    assert isinstance(outcome, Answer)
    assert outcome.clock_offset_s == pytest.approx(7200, abs=30)


def test_a_caches_answer_is_as_old_as_it_says_and_nonsense_is_no_date() -> None:
    headers = {"date": "Tue, 14 Nov 2023 22:13:20 GMT"}
    at = 1_700_000_000.5
    assert clock_offset_s(headers, at, at) == pytest.approx(0)
    assert clock_offset_s({**headers, "age": "100"}, at + 100, at + 100) == pytest.approx(0)
    for nonsense in ("", "yesterday", "Tue, 99 Nov 2023 22:13:20 GMT"):
        assert clock_offset_s({"date": nonsense}, at, at) is None


@pytest.mark.parametrize(
    ("said", "moved_to"),
    [
        (answer(200, "<html>Welcome to the hotel</html>", content_type="text/html"), ""),
        (answer(200, "  <!doctype html><title>Wi-Fi</title>"), ""),
        (answer(302, location="http://wifi.hotel.example/login?x=1"), "wifi.hotel.example"),
        (answer(511, "<html>", content_type="text/html"), ""),
        (answer(307, location="/login"), "127.0.0.1"),
    ],
    ids=["html", "html by its looks", "redirect", "511", "a redirect to itself"],
)
async def test_a_captive_portal_is_told_from_an_answer(
    http: HttpClient, said: bytes, moved_to: str
) -> None:
    async with raw_server(said) as server:
        outcome = (await asked(http, server.url)).outcome
    assert isinstance(outcome, Answer)
    assert outcome.is_page
    assert outcome.moved_to == moved_to


async def test_a_web_servers_error_page_is_no_captive_portal(http: HttpClient) -> None:
    async with raw_server(
        answer(404, "<html>Not found</html>", content_type="text/html")
    ) as server:
        outcome = (await asked(http, server.url)).outcome
    assert isinstance(outcome, Answer)
    assert not outcome.is_page


async def test_a_dead_port_is_refused(http: HttpClient) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    assert (await asked(http, f"http://127.0.0.1:{port}/")).outcome == Trouble("refused")


@pytest.mark.parametrize("url", ["nonsense", "ftp://x.example/", "http://[::1/", "https://:99/"])
async def test_an_address_that_is_none_is_said_to_be_none(http: HttpClient, url: str) -> None:
    outcome = (await asked(http, url)).outcome
    assert isinstance(outcome, Trouble)
    assert outcome.kind == "address"


async def test_a_name_without_an_address_is_a_dns_trouble(http: HttpClient) -> None:
    outcome = (await asked(http, "https://gateway.invalid/")).outcome
    assert isinstance(outcome, Trouble)
    assert outcome.kind == "dns"
    assert outcome.detail


async def test_a_resolver_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked_for = asyncio.Event()
    loop = asyncio.get_running_loop()
    released = threading.Event()

    def hang(*_: object, **__: object) -> list[object]:
        loop.call_soon_threadsafe(asked_for.set)
        released.wait(30)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    monkeypatch.setattr("sidelight_client.adapters.net_probe.LOOK_UP_S", 0.1)
    try:
        found = await look_up("gateway.example", 443)
    finally:
        released.set()
    assert asked_for.is_set()
    assert isinstance(found, Trouble)
    assert "no answer" in found.detail


# --- certificates ----------------------------------------------------------------------------


async def test_a_company_ca_that_the_system_does_not_know_is_a_certificate_trouble(
    http: HttpClient, tmp_path: Path
) -> None:
    async with tls_server(tmp_path) as url:
        outcome = (await asked(http, url)).outcome
    assert isinstance(outcome, Trouble)
    assert outcome.kind == "tls"
    assert "self-signed certificate" in outcome.detail or "self signed" in outcome.detail


async def test_a_ca_named_in_ssl_cert_file_is_trusted_and_an_old_certificate_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, days in (("good", 1), ("old", -1)):
        folder = tmp_path / name
        folder.mkdir()
        async with tls_server(folder, days=days) as url:
            monkeypatch.setenv("SSL_CERT_FILE", str(folder / "cert.pem"))
            http = HttpClient()
            outcome = (await asked(http, url)).outcome
            await http.close()
        if name == "good":
            assert isinstance(outcome, Answer)
        else:
            assert outcome == Trouble("tls", "certificate has expired")


async def test_a_server_without_tls_is_a_tls_trouble_with_the_libraries_word(
    http: HttpClient,
) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(answer(400))
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    outcome = (await asked(http, f"https://127.0.0.1:{port}/")).outcome
    server.close()
    await server.wait_closed()
    assert isinstance(outcome, Trouble)
    assert outcome.kind == "tls"
    assert outcome.detail


# --- proxies ---------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_407_is_named_as_such_and_no_credentials_are_shown(
    http: HttpClient, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with raw_server(answer(407, proxy_authenticate="Basic")) as proxy:
        place = proxy.url.replace("http://", "http://ada:s3cret@")
        for name in ("HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, place)
        seen = await asked(http, f"{scheme}://gateway.example/x")
        shown = f"{seen} {proxies_seen()}"
    assert seen.outcome == Trouble("proxy_credentials")
    assert seen.proxy == proxy.url
    assert seen.addresses is None
    assert "s3cret" not in shown
    assert "ada" not in shown
    assert "proxy-authorization" in proxy.asked[-1].headers


async def test_a_proxy_that_forbids_the_host_is_told_with_its_status(
    http: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with raw_server(answer(403)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        seen = await asked(http, "https://gateway.example/")
    assert seen.outcome == Trouble("proxy_refused", "status 403")


async def test_a_proxy_that_is_not_there_is_not_taken_for_the_gateway(
    http: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    monkeypatch.setenv("HTTPS_PROXY", f"127.0.0.1:{port}")
    outcome = (await asked(http, "https://gateway.example/")).outcome
    assert isinstance(outcome, Trouble)
    assert outcome.kind == "proxy_unreachable"


async def test_a_proxy_that_inspects_tls_with_an_unknown_ca_is_a_certificate_trouble(
    http: HttpClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with tls_server(tmp_path) as behind:
        port = urlsplit(behind).port

        async def tunnel(exchange: Exchange) -> None:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            await exchange.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
            up = asyncio.create_task(copy(exchange.reader, writer))
            try:
                await copy(reader, exchange.writer)
            finally:
                up.cancel()
                writer.close()

        async with raw_server(tunnel) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", proxy.url)
            outcome = (await asked(http, "https://gateway.example/")).outcome
    assert isinstance(outcome, Trouble)
    assert outcome.kind == "tls"
    assert "self" in outcome.detail


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
    except ConnectionError:
        pass


@pytest.mark.parametrize(
    ("environment", "url", "host"),
    [
        ({}, "https://gateway.example/", None),
        ({"HTTPS_PROXY": "http://p.example:8080"}, "https://gateway.example/", "p.example"),
        ({"HTTPS_PROXY": "p.example:8080"}, "https://gateway.example/", "p.example"),
        ({"HTTPS_PROXY": "http://p.example"}, "http://gateway.example/", None),
        ({"ALL_PROXY": "http://p.example"}, "http://gateway.example/", "p.example"),
        ({"ALL_PROXY": "http://p.example"}, "http://127.0.0.1:1/", None),
        (
            {"ALL_PROXY": "http://p.example", "NO_PROXY": ".gateway.example"},
            "https://a.gateway.example/",
            None,
        ),
        ({"ALL_PROXY": "http://p.example", "NO_PROXY": "*"}, "https://gateway.example/", None),
    ],
)
def test_the_proxy_of_an_address_is_found_as_the_environment_has_it(
    environment: dict[str, str], url: str, host: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    found = proxy_for(urlsplit(url))
    assert (found.hostname if found else None) == host


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://ada:pw@proxy.example:8080", "http://proxy.example:8080"),
        ("ada:pw@proxy.example:8080", "proxy.example:8080"),
        ("http://ada:p%40w@[::1]:1/", "http://[::1]:1/"),
        ("https://g.example/x?token=1#y", "https://g.example/x"),
        ("http://[::1", "not readable"),
        ("http://x:99999999", "not readable"),
    ],
)
def test_an_address_is_shown_without_what_could_be_secret(url: str, shown: str) -> None:
    assert without_credentials(url) == shown
