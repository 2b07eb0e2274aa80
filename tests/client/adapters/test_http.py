"""The HTTP client against a server that says exactly what we tell it to, over real sockets."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from pathlib import Path

import pytest

from sidelight_client.adapters.http import (
    HttpAnswer,
    HttpClient,
    HttpProblem,
    HttpProblemKind,
    is_loopback,
)
from sidelight_client.adapters.http_trust import system_trust
from sidelight_client.domain.identity.secret import Secret
from support.raw_server import Exchange, answer, chunk, raw_server, stream_head

pytestmark = pytest.mark.anyio


async def test_an_answer_comes_with_status_headers_and_body(client: HttpClient) -> None:
    async with raw_server(answer(418, "short", x_Kind="teapot")) as server:
        got = await client.request("POST", f"{server.url}/a?b=c", {"x-a": "1"}, b"body")
    assert isinstance(got, HttpAnswer)
    assert (got.status, got.headers["x-kind"], got.body) == (418, "teapot", b"short")
    asked = server.asked[0]
    assert (asked.method, asked.target, asked.body) == ("POST", "/a?b=c", b"body")
    assert asked.headers["user-agent"].startswith("sidelight/")
    assert asked.headers["accept-encoding"] == "identity"


async def test_a_connection_is_kept_and_a_redirect_is_an_answer(client: HttpClient) -> None:
    async with raw_server(answer(302, location="/login"), answer(200)) as server:
        first = await client.request("GET", server.url)
        await client.request("GET", server.url)
    assert isinstance(first, HttpAnswer)
    assert first.status == 302
    assert server.connections == 1


async def test_cookies_of_a_login_page_do_not_come_along(client: HttpClient) -> None:
    async with raw_server(answer(200, set_cookie="session=abc")) as server:
        await client.request("GET", server.url)
        await client.request("GET", server.url)
    assert "cookie" not in server.asked[1].headers


async def test_a_secret_is_revealed_on_the_wire_and_in_no_log(
    client: HttpClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with raw_server(answer(200)) as server:
        headers = {"authorization": Secret("Bearer tok-en-1")}
        await client.request("GET", f"{server.url}/?q=quer-y-1", headers)
    assert server.asked[0].headers["authorization"] == "Bearer tok-en-1"
    assert "tok-en-1" not in caplog.text
    assert "quer-y-1" not in caplog.text


async def test_a_unix_socket_is_reached_whatever_the_host_and_the_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    path = tmp_path / "g.sock"
    client = HttpClient(path)
    async with raw_server(answer(200, "in"), path=path):
        got = await client.request("GET", "http://sidelight.embedded/x")
    await client.close()
    assert isinstance(got, HttpAnswer)
    assert got.body == b"in"


async def test_loopback_is_never_asked_for_through_the_proxy(
    client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    async with raw_server(answer(200)) as server:
        assert isinstance(await client.request("GET", server.url), HttpAnswer)


async def test_another_host_is_asked_for_through_the_proxy_and_407_is_the_proxys(
    client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with raw_server(answer(407)) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        plain = await client.request("GET", "http://gateway.example/")
        tunnel = await client.request("GET", "https://gateway.example/")
    assert plain == HttpProblem(HttpProblemKind.PROXY, sent=False)
    assert tunnel == HttpProblem(HttpProblemKind.PROXY, sent=False)
    assert [asked.method for asked in proxy.asked] == ["GET", "CONNECT"]


def _free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        return port


async def test_a_port_where_nobody_listens_is_refused_and_nothing_was_sent(
    client: HttpClient,
) -> None:
    got = await client.request("GET", f"http://127.0.0.1:{_free_port()}/")
    assert got == HttpProblem(HttpProblemKind.REFUSED, sent=False)


async def test_a_name_without_an_address_is_a_dns_problem(
    client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object, **__: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    got = await client.request("GET", "http://gateway.example/")
    assert got == HttpProblem(HttpProblemKind.DNS, sent=False)


async def test_a_server_that_speaks_no_tls_is_a_tls_problem(client: HttpClient) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    got = await client.request("GET", f"https://127.0.0.1:{port}/")
    server.close()
    await server.wait_closed()
    assert got == HttpProblem(HttpProblemKind.TLS, sent=False)


async def test_silence_after_the_request_is_a_time_out_of_a_request_that_was_sent(
    client: HttpClient,
) -> None:
    async with raw_server(Exchange.until_hung_up) as server:
        got = await client.request("GET", server.url, timeout_s=0.2)
    assert got == HttpProblem(HttpProblemKind.TIMEOUT, sent=True)


async def test_one_byte_a_moment_does_not_stretch_the_time_limit(client: HttpClient) -> None:
    async def drip(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
        for _ in range(1000):
            await exchange.send(b".")
            await asyncio.sleep(0.02)

    async with raw_server(drip) as server:
        began = time.monotonic()
        got = await client.request("GET", server.url, timeout_s=0.3)
    assert got == HttpProblem(HttpProblemKind.TIMEOUT, sent=True)
    assert time.monotonic() - began < 5


async def test_a_connection_closed_without_an_answer_is_a_reset(client: HttpClient) -> None:
    async def hang_up(exchange: Exchange) -> None:
        exchange.writer.close()

    async with raw_server(hang_up) as server:
        got = await client.request("POST", server.url, body=b"x")
    assert got == HttpProblem(HttpProblemKind.RESET, sent=True)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (b"hello\r\n\r\n", HttpProblemKind.PROTOCOL),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort", HttpProblemKind.RESET),
        (b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n", HttpProblemKind.PROTOCOL),
        (answer(200, b"\x1f\x8b", content_encoding="gzip"), HttpProblemKind.PROTOCOL),
        (
            b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 300 + b"content-length: 0\r\n\r\n",
            HttpProblemKind.TOO_LARGE,
        ),
        (b"HTTP/1.1 200 OK\r\na: " + b"b" * 10_000_000, HttpProblemKind.PROTOCOL),
        (answer(200, b"x" * 2000), HttpProblemKind.TOO_LARGE),
    ],
    ids=["no http", "lying length", "no length", "compressed", "headers", "10 MB header", "body"],
)
async def test_what_is_no_bounded_http_is_a_problem_of_its_kind(
    client: HttpClient, said: bytes, kind: HttpProblemKind
) -> None:
    async def say(exchange: Exchange) -> None:
        await exchange.send(said)
        exchange.writer.close()

    async with raw_server(say) as server:
        got = await client.request("GET", server.url, max_bytes=1000, timeout_s=5)
    assert got == HttpProblem(kind, sent=True)


async def test_an_address_that_is_none_is_a_problem_and_no_exception(client: HttpClient) -> None:
    for url in ("ftp://x.example/", "http://[::1/", "http://127.0.0.1:99999/", "nonsense", ""):
        assert await client.request("GET", url) == HttpProblem(HttpProblemKind.PROTOCOL, sent=False)


async def test_a_header_that_would_inject_another_is_not_sent(client: HttpClient) -> None:
    async with raw_server(answer(200)) as server:
        got = await client.request("GET", server.url, {"x-a": "1\r\nx-b: 2"})
    assert isinstance(got, HttpProblem)
    assert got.kind is HttpProblemKind.PROTOCOL
    assert not server.asked


async def test_leaving_a_stream_early_is_seen_by_the_server(client: HttpClient) -> None:
    hung_up = asyncio.Event()

    async def talk_on(exchange: Exchange) -> None:
        await exchange.send(stream_head() + chunk(b"one"))
        await exchange.until_hung_up()
        hung_up.set()

    async with raw_server(talk_on) as server:
        async with client.stream("GET", server.url) as stream:
            assert not isinstance(stream, HttpProblem)
            assert await stream.read(5) == b"one"
        async with asyncio.timeout(5):
            await hung_up.wait()


async def test_dropping_the_pool_returns_at_once_and_opens_new_connections(
    client: HttpClient,
) -> None:
    async with raw_server(answer(200)) as server:
        await client.request("GET", server.url)
        client.drop_pool()
        await client.request("GET", server.url)
    assert server.connections == 2


async def test_dropping_the_pool_ends_what_hangs_on_a_dead_connection(client: HttpClient) -> None:
    asked = asyncio.Event()

    async def hang(exchange: Exchange) -> None:
        asked.set()
        await exchange.until_hung_up()

    async with raw_server(hang) as server:
        request = asyncio.create_task(client.request("GET", server.url, timeout_s=30))
        await asked.wait()
        client.drop_pool()
        got = await asyncio.wait_for(request, 5)
    assert isinstance(got, HttpProblem)
    assert got.sent


async def test_connecting_to_a_host_that_does_not_answer_ends_in_time() -> None:
    client = HttpClient(connect_s=0.2)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    # A full backlog lets further connections wait, as a host that drops packets does.
    fillers = [socket.socket() for _ in range(3)]
    for filler in fillers:
        filler.setblocking(False)
        filler.connect_ex(listener.getsockname())
    got = await client.request("GET", f"http://127.0.0.1:{listener.getsockname()[1]}/")
    for held in (*fillers, listener):
        held.close()
    await client.close()
    assert got == HttpProblem(HttpProblemKind.TIMEOUT, sent=False)


def test_loopback_is_recognised_without_asking_anybody() -> None:
    inside = ("localhost", "LOCALHOST.", "a.localhost", "127.0.0.1", "127.9.9.9", "::1")
    outside = ("localhost.example", "10.0.0.1", "gateway", "", "0.0.0.0", "1::1")
    assert all(is_loopback(host) for host in inside)
    assert not any(is_loopback(host) for host in outside)


def test_certificates_are_always_verified() -> None:
    context = system_trust()
    assert context.check_hostname
    assert context.verify_mode.name == "CERT_REQUIRED"
