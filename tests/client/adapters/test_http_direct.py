"""Connections that go straight: which are kept, which are not used again, and that TLS is verified."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.adapters.http import HttpAnswer, HttpClient, HttpProblem, HttpProblemKind
from sidelight_client.adapters.http_direct import address_of
from sidelight_client.adapters.http_exchange import MAX_CONNECTIONS
from support.raw_server import Exchange, answer, chunk, raw_server, stream_head
from support.tls_server import certificate, tls_server

pytestmark = pytest.mark.anyio


async def test_two_at_once_have_a_connection_each_and_both_are_kept(client: HttpClient) -> None:
    both = asyncio.Event()
    waiting = 0

    async def together(exchange: Exchange) -> None:
        nonlocal waiting
        waiting += 1
        if waiting == 2:
            both.set()
        await both.wait()
        await exchange.send(answer(200))

    async with raw_server(together) as server:
        for _ in range(3):
            got = await asyncio.gather(*(client.request("GET", server.url) for _ in range(2)))
            assert all(isinstance(one, HttpAnswer) for one in got)
    assert server.connections == 2


async def test_a_connection_that_the_server_closed_meanwhile_is_not_used(
    client: HttpClient,
) -> None:
    closed = asyncio.Event()

    async def once(exchange: Exchange) -> None:
        await exchange.send(answer(200))
        exchange.writer.close()
        closed.set()

    async with raw_server(once) as server:
        for _ in range(3):
            assert isinstance(await client.request("POST", server.url, body=b"x"), HttpAnswer)
            await closed.wait()
            closed.clear()
    assert server.connections == 3


async def test_an_answer_that_closes_its_connection_is_whole(client: HttpClient) -> None:
    async def to_the_end(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\n\r\nfirst, ")
        await exchange.send(b"second")
        exchange.writer.close()

    async with raw_server(to_the_end) as server:
        got = await client.request("GET", server.url)
        again = await client.request("GET", server.url)
    assert isinstance(got, HttpAnswer)
    assert isinstance(again, HttpAnswer)
    assert got.body == again.body == b"first, second"
    assert server.connections == 2


async def test_what_a_server_says_unasked_is_not_the_answer_to_the_next_request(
    client: HttpClient,
) -> None:
    said = asyncio.Event()

    async def one_too_many(exchange: Exchange) -> None:
        await exchange.send(answer(200, "asked for") + answer(200, "planted"))
        said.set()

    async with raw_server(one_too_many) as server:
        for _ in range(2):
            got = await client.request("GET", server.url)
            assert isinstance(got, HttpAnswer)
            assert got.body == b"asked for"
            await said.wait()
    assert server.connections == 2


async def test_what_comes_before_the_answer_is_passed_over(client: HttpClient) -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\n\r\n"
    async with raw_server(early + answer(200, "then")) as server:
        got = await client.request("GET", server.url)
    assert isinstance(got, HttpAnswer)
    assert (got.status, got.body) == (200, b"then")


async def test_a_large_answer_that_is_read_slowly_is_whole_and_does_not_pile_up(
    client: HttpClient,
) -> None:
    sent = 0
    size = 6_000_000

    async def much(exchange: Exchange) -> None:
        nonlocal sent
        await exchange.send(stream_head())
        for _ in range(size // 100_000):
            await exchange.send(chunk(b"x" * 100_000))
            sent += 100_000
        await exchange.send(chunk(b""))

    async with raw_server(much) as server:
        received = 0
        async with client.stream("GET", server.url, max_bytes=2 * size) as stream:
            assert not isinstance(stream, HttpProblem)
            for _ in range(100):
                await asyncio.sleep(0)
            assert sent < size, "the server is made to wait"
            while piece := await stream.read(5):
                assert isinstance(piece, bytes)
                received += len(piece)
    assert received == size


async def test_requests_that_were_given_up_leave_room_for_others(client: HttpClient) -> None:
    async def never(exchange: Exchange) -> None:
        await exchange.until_hung_up()

    async with raw_server(never) as server:
        given_up = [
            asyncio.create_task(client.request("GET", server.url)) for _ in range(MAX_CONNECTIONS)
        ]
        await server.connected(MAX_CONNECTIONS)
        for task in given_up:
            task.cancel()
        await asyncio.wait(given_up)
        server.answers[:] = [answer(200)]
        assert isinstance(await client.request("GET", server.url), HttpAnswer)


async def test_beyond_the_most_connections_a_request_waits_no_longer_than_for_one() -> None:
    client = HttpClient(connect_s=0.2)
    async with raw_server(Exchange.until_hung_up) as server:
        hanging = [
            asyncio.create_task(client.request("GET", server.url)) for _ in range(MAX_CONNECTIONS)
        ]
        await server.connected(MAX_CONNECTIONS)
        got = await client.request("GET", server.url)
        await client.close()
        await asyncio.wait(hanging)
    assert got == HttpProblem(HttpProblemKind.TIMEOUT, sent=False)


def _here(host: object, port: int, *_: object, **__: object) -> list[tuple[object, ...]]:
    """Every name leads to this machine."""
    return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", port))]


async def test_a_certificate_of_the_systems_store_is_enough_and_its_name_must_be_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with tls_server(tmp_path) as url:
        stranger = HttpClient()
        refused = await stranger.request("GET", url)
        await stranger.close()
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
        client = HttpClient()
        known = await client.request("GET", url)
        monkeypatch.setattr(socket, "getaddrinfo", _here)
        misnamed = await client.request("GET", url.replace("127.0.0.1", "gateway.company"))
        await client.close()
    assert refused == HttpProblem(HttpProblemKind.TLS, sent=False)
    assert isinstance(known, HttpAnswer)
    assert misnamed == HttpProblem(HttpProblemKind.TLS, sent=False)


async def test_what_is_said_before_the_handshake_is_no_part_of_the_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate(tmp_path))

    async def plant(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(200, "planted"))
        with contextlib.suppress(OSError):
            await writer.drain()
            await writer.start_tls(context)
            await reader.read(1)
        writer.close()

    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
    server = await asyncio.start_server(plant, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = HttpClient()
    for _ in range(3):
        got = await client.request("GET", f"https://127.0.0.1:{port}/")
        assert got == HttpProblem(HttpProblemKind.TLS, sent=False)
    await client.close()
    server.close()
    await server.wait_closed()


async def test_a_peer_that_hangs_up_during_the_handshake_is_a_tls_problem(
    client: HttpClient,
) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.transport.abort()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    got = await client.request("GET", f"https://127.0.0.1:{port}/")
    server.close()
    await server.wait_closed()
    assert got == HttpProblem(HttpProblemKind.TLS, sent=False)


@pytest.mark.parametrize(
    ("url", "origin", "authority", "target"),
    [
        ("http://gw.example", (False, "gw.example", 80), "gw.example", "/"),
        ("https://GW.example:443/v1?a=b c", (True, "gw.example", 443), "gw.example", "/v1?a=b%20c"),
        ("http://[::1]:8080/a%20b/ö", (False, "::1", 8080), "[::1]:8080", "/a%20b/%C3%B6"),
        (
            "https://bücher.example/",
            (True, "xn--bcher-kva.example", 443),
            "xn--bcher-kva.example",
            "/",
        ),
    ],
)
def test_an_address_is_taken_apart_as_the_standard_says(
    url: str, origin: tuple[bool, str, int], authority: str, target: str
) -> None:
    assert address_of(url) == (origin, authority, target)


@given(
    st.text(max_size=60), st.sampled_from(("", "http://", "https://h", "http://h:", "https://a@h/"))
)
def test_no_text_is_an_address_that_could_change_the_request(text: str, before: str) -> None:
    try:
        found = address_of(before + text)
    except ValueError:
        return
    for part in (found.authority, found.target):
        assert part.isascii()
        assert part.isprintable()
        assert " " not in part
    assert "@" not in found.authority
