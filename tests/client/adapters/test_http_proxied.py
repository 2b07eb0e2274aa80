"""Exchanges through a proxy that the environment names: a tunnel to TLS, and what goes wrong on the way."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sidelight_client.adapters.http import HttpAnswer, HttpClient, HttpProblem, HttpProblemKind
from support.raw_server import Exchange, answer, chunk, raw_server, stream_head
from support.tls_server import tls_server

pytestmark = pytest.mark.anyio

GATEWAY = "http://gateway.example/v1"


def port_of(url: str) -> int:
    return urlsplit(url).port or 0


async def _copied(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def tunnelling_proxy(port: int) -> AsyncGenerator[str]:
    """A proxy whose every tunnel ends at `port` of this machine, wherever it was to lead."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"CONNECT localhost.company:443 ")
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        there, back = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(_copied(reader, back), _copied(there, writer))

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_the_certificate_at_the_end_of_a_tunnel_is_verified(
    client: HttpClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with tls_server(tmp_path) as url, tunnelling_proxy(port_of(url)) as proxy:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        got = await client.request("GET", "https://localhost.company/")
    # The authority is known, and the name is another one.
    assert got == HttpProblem(HttpProblemKind.TLS, sent=False)


async def test_a_plain_answer_comes_through_with_its_stream(
    client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = stream_head(x_kind="proxied") + chunk(b"one") + chunk(b"two") + chunk(b"")
    async with raw_server(said) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        for _ in range(2):
            got = await client.request("POST", GATEWAY, {"x-a": "1"}, b"body")
            assert isinstance(got, HttpAnswer)
            assert (got.headers["x-kind"], got.body) == ("proxied", b"onetwo")
    assert proxy.connections == 1
    assert [asked.target for asked in proxy.asked] == [GATEWAY, GATEWAY]
    assert proxy.asked[0].headers["accept-encoding"] == "identity"
    assert proxy.asked[0].headers["user-agent"].startswith("sidelight/")


async def test_an_answer_cut_off_behind_a_proxy_is_a_reset_of_what_was_sent(
    client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def cut_off(exchange: Exchange) -> None:
        await exchange.send(stream_head() + chunk(b"one"))
        exchange.writer.close()

    async with raw_server(cut_off) as proxy:
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        assert await client.request("GET", GATEWAY) == HttpProblem(HttpProblemKind.RESET, sent=True)


async def test_no_proxy_for_a_host_is_heeded(
    client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with raw_server(answer(200)) as server:
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        monkeypatch.setenv("NO_PROXY", "gateway.example")
        got = await client.request("GET", f"http://127.0.0.1:{port_of(server.url)}/")
        elsewhere = await client.request("GET", "http://gateway.example:9/")
    assert isinstance(got, HttpAnswer)
    # Its name has no address: it was looked for, and no proxy asked.
    assert elsewhere == HttpProblem(HttpProblemKind.DNS, sent=False)
