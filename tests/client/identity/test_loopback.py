"""The redirect listener: it believes its own redirect and nothing else that knocks."""

from __future__ import annotations

import asyncio
import contextlib
from urllib.parse import urlsplit

import pytest

from sidelight_client.adapters.loopback import RedirectListener, redirect_listener
from sidelight_client.domain.identity.secret import Secret
from support.strict_idp import get

pytestmark = pytest.mark.anyio

STATE = Secret("the-right-state")


async def raw(listener: RedirectListener, data: bytes) -> bytes:
    parts = urlsplit(listener.redirect_uri)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(data)
    with contextlib.suppress(OSError):
        await writer.drain()
    answer = b""
    with contextlib.suppress(OSError):
        answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return answer


async def test_the_redirect_with_the_right_state_is_the_answer() -> None:
    async with redirect_listener("/callback", STATE) as listener:
        uri = listener.redirect_uri
        assert urlsplit(uri).hostname == "127.0.0.1"
        status, headers, page = await get(f"{uri}?code=abc%2Bd&state=the-right-state")
        assert await asyncio.wait_for(listener.answer(), 1) == {
            "code": "abc+d",
            "state": "the-right-state",
        }
    assert status == 200
    assert b"You can close this tab" in page
    assert b"abc" not in page
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["content-security-policy"].startswith("default-src 'none'")
    with pytest.raises(ConnectionRefusedError):
        await get(uri)


async def test_a_refusal_of_the_provider_is_an_answer_too() -> None:
    async with redirect_listener("/callback", STATE) as listener:
        query = "error=access_denied&state=the-right-state"
        status, _, page = await get(f"{listener.redirect_uri}?{query}")
        assert (await listener.answer())["error"] == "access_denied"
    assert status == 200
    assert b"did not finish" in page


@pytest.mark.parametrize(
    ("request_line", "host", "status"),
    [
        ("GET /callback?code=x&state=wrong HTTP/1.1", "", 400),
        ("GET /callback?code=x HTTP/1.1", "", 400),
        ("GET /callback?code=x&state=the-right-state&state=the-right-state HTTP/1.1", "", 404),
        ("GET /callback?code=x&state=the-right-state HTTP/1.1", "evil.example", 400),
        ("GET /callback?code=x&state=the-right-state HTTP/1.1", "127.0.0.1:1", 400),
        ("GET /callback?code=x&state=the-right-state HTTP/1.1", "none", 400),
        ("POST /callback?code=x&state=the-right-state HTTP/1.1", "", 405),
        ("GET http://evil.example/callback?code=x&state=the-right-state HTTP/1.1", "", 404),
        ("GET /favicon.ico HTTP/1.1", "", 404),
        ("GET /callback/../x?code=x&state=the-right-state HTTP/1.1", "", 404),
        ("GET /callback?" + "a=b&" * 100 + "state=the-right-state HTTP/1.1", "", 404),
        ("GET http://[/callback?state=the-right-state HTTP/1.1", "", 404),
        ("nonsense", "", 405),
    ],
)
async def test_what_is_not_the_redirect_is_turned_away_and_the_waiting_goes_on(
    request_line: str, host: str, status: int
) -> None:
    async with redirect_listener("/callback", STATE) as listener:
        own = urlsplit(listener.redirect_uri).netloc
        lines = [request_line] + ([] if host == "none" else [f"Host: {host or own}"])
        answer = await raw(listener, "\r\n".join([*lines, "", ""]).encode())
        assert answer.startswith(f"HTTP/1.1 {status} ".encode())
        waiting = asyncio.ensure_future(listener.answer())
        await asyncio.sleep(0)
        assert not waiting.done()
        await get(f"{listener.redirect_uri}?code=x&state=the-right-state")
        assert (await waiting)["code"] == "x"


async def test_two_host_headers_are_one_too_many() -> None:
    async with redirect_listener("/callback", STATE) as listener:
        own = urlsplit(listener.redirect_uri).netloc
        head = f"GET /callback?state=the-right-state HTTP/1.1\r\nHost: {own}\r\nHost: evil\r\n\r\n"
        assert (await raw(listener, head.encode())).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    "data", [b"", b"\r\n", b"x" * 40_000, b"GET / HTTP/1.1\r\n" * 3000, b"\xff"]
)
async def test_garbage_is_hung_up_on(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sidelight_client.adapters.loopback.REQUEST_MAX_S", 0.2)
    async with redirect_listener("/callback", STATE) as listener:
        assert not (await raw(listener, data)).startswith(b"HTTP/1.1 200")


async def test_a_fixed_port_that_is_taken_makes_way_for_the_next() -> None:
    async with redirect_listener("/callback", STATE) as first:
        taken = urlsplit(first.redirect_uri).port
        assert taken is not None
        with pytest.raises(OSError, match="address"):
            async with redirect_listener("/callback", STATE, (taken,)):
                pass
        async with redirect_listener("/callback", STATE, (taken, 0)) as second:
            assert urlsplit(second.redirect_uri).port != taken
