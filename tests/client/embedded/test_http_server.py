"""The server stays up and answers in words whatever arrives at its socket."""

from __future__ import annotations

import asyncio
import json

import pytest

from sidelight_client.embedded.http import Response, WireLimits
from sidelight_client.embedded.replies import refusal
from sidelight_client.embedded.server import HttpServer

pytestmark = pytest.mark.anyio

STATUS_PAGE = "/status/api/v2/summary.json"


async def alive(client):
    reply = await client.ask("GET", STATUS_PAGE)
    return reply.status == 200


async def first_line(client, raw: bytes) -> str:
    return (await client.send(raw)).split(b"\r\n")[0].decode()


@pytest.mark.parametrize(
    ("raw", "answer"),
    [
        (b"garbage\r\n\r\n", "HTTP/1.1 400 "),
        (b"\x00\x01\x02\x03\r\n\r\n", "HTTP/1.1 400 "),
        (b"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 "),  # no Host
        (b"GET / HTTP/1.1\r\nHost: HOST\r\nHost: HOST\r\n\r\n", "HTTP/1.1 400 "),
        (b"GET http://HOST/ HTTP/1.1\r\nHost: HOST\r\n\r\n", "HTTP/1.1 400 "),
        (b"CONNECT example.com:443 HTTP/1.1\r\nHost: HOST\r\n\r\n", "HTTP/1.1 400 "),
        (b"GET / HTTP/2.0\r\nHost: HOST\r\n\r\n", "HTTP/1.1 505 "),
        (b"GET / HTTP/1.1\r\nHost: HOST\r\nX: " + b"x" * 20_000, "HTTP/1.1 431 "),
        (b"GET /" + b"a" * 20_000, "HTTP/1.1 431 "),
        (
            b"POST /v1/completions HTTP/1.1\r\nHost: HOST\r\nContent-Length: 99999999\r\n\r\n",
            "HTTP/1.1 413 ",
        ),
        (
            b"POST / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
            "HTTP/1.1 400 ",
        ),
        (
            b"POST / HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
            "HTTP/1.1 400 ",
        ),
        (b"GET /nowhere HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n", "HTTP/1.1 404 "),
        (
            b"GET /v1/completions HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n",
            "HTTP/1.1 405 ",
        ),
        (b"BREW / HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n", "HTTP/1.1 405 "),
        (b"GET / HTTP/1.0\r\nHost: HOST\r\n\r\n", "HTTP/1.1 200 "),
        (b"GET /?" + b"a=1&" * 100 + b" HTTP/1.1\r\nHost: HOST\r\n\r\n", "HTTP/1.1 400 "),
    ],
)
async def test_a_bad_request_gets_its_status_and_the_server_goes_on(client, raw, answer):
    assert (await first_line(client, raw.replace(b"HOST", client.host.encode()))).startswith(answer)
    assert await alive(client)


async def test_a_refusal_is_json_in_openai_shape_and_says_which_methods_are_allowed(client):
    reply = await client.ask("DELETE", "/v1/completions")
    assert reply.headers["allow"] == "POST"
    assert reply.error["code"] == "method_not_allowed"
    assert reply.error["type"] == "invalid_request_error"


async def test_a_chunked_body_over_the_cap_is_refused_while_it_comes(client):
    head = f"POST /v1/completions HTTP/1.1\r\nHost: {client.host}\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    answer = await first_line(client, head.encode() + chunk * 17)
    assert answer.startswith("HTTP/1.1 413 ")
    assert await alive(client)


@pytest.mark.parametrize(
    "host",
    ["example.com", "attacker.test:{port}", "127.0.0.1", "127.0.0.1:1", "sidelight.embedded", ""],
)
async def test_a_page_that_reaches_loopback_through_its_own_name_is_refused(client, host):
    port = client.host.partition(":")[2]
    reply = await client.ask("GET", "/", {"Host": host.format(port=port)})
    assert reply.status == 421


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "[::1]", "LOCALHOST"])
async def test_every_name_of_this_machine_is_accepted_with_the_right_port(client, name):
    port = client.host.partition(":")[2]
    assert (await client.ask("GET", "/", {"Host": f"{name}:{port}"})).status == 200


@pytest.mark.parametrize("origin", ["https://example.com", "null", "http://127.0.0.1:1"])
async def test_a_request_from_another_web_page_is_refused_even_with_a_token(client, origin):
    reply = await client.ask("GET", "/usage", {"Origin": origin})
    assert reply.status == 403


async def test_its_own_origin_is_not_refused(client):
    assert (await client.ask("GET", "/usage", {"Origin": client.gateway.url})).status == 200


async def test_two_requests_on_one_connection_are_answered_in_order(client):
    reader, writer = await client.connect()
    try:
        for path in ("/", "/nowhere"):
            writer.write(client.encode("GET", path, {"Connection": "keep-alive"}))
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            assert (b"200" in head) == (path == "/")
    finally:
        writer.close()


async def test_pipelined_requests_are_answered_in_order(client):
    one = client.encode("GET", "/", {"Connection": "keep-alive"})
    answer = await client.send(one + one + client.encode("GET", "/nowhere"))
    assert answer.count(b"HTTP/1.1 200") == 2
    assert answer.count(b"HTTP/1.1 404") == 1


async def test_head_is_get_without_a_body(client):
    answer = await client.send(client.encode("HEAD", "/"))
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b"\r\n\r\n")


async def test_a_client_that_asks_first_is_told_to_continue(client):
    reader, writer = await client.connect()
    try:
        body = json.dumps(client.question()).encode()
        headers = {
            **client.bearer(),
            "Expect": "100-continue",
            "Content-Length": str(len(body)),
        }
        writer.write(client.encode("POST", "/v1/completions", headers))
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100")
        writer.write(body)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
    finally:
        writer.transport.abort()


async def test_a_head_that_drips_in_too_slowly_is_cut_off(serve):
    async with serve(wire=WireLimits(head_s=0.05)) as client:
        reader, writer = await client.connect()
        writer.write(b"GET / HTTP/1.1\r\nHo")
        async with asyncio.timeout(5):
            answer = await reader.read()
        writer.close()
        assert answer.startswith(b"HTTP/1.1 408")
        assert await alive(client)


async def test_a_body_that_never_comes_is_cut_off(serve):
    async with serve(wire=WireLimits(body_s=0.05)) as client:
        raw = client.encode("POST", "/v1/completions", {"Content-Length": "10"})
        assert (await first_line(client, raw)).startswith("HTTP/1.1 408")
        assert await alive(client)


async def test_an_idle_connection_is_closed_without_a_word(serve):
    async with serve(wire=WireLimits(idle_s=0.05)) as client:
        assert await client.send(b"") == b""


async def test_a_client_that_never_reads_is_dropped_and_its_work_ends(wait_until):
    ended = []

    async def flood():
        try:
            while True:
                yield b"x" * 65_536
        finally:
            ended.append(True)

    async def handler(_request):
        return Response(200, (), flood())

    server = HttpServer(handler, refusal, WireLimits(write_s=0.05))
    port = await server.start_tcp()
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1_024)
        writer.write(f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        await wait_until(lambda: bool(ended))
        writer.transport.abort()
    finally:
        await server.stop()


@pytest.mark.expects_log("a request failed: ZeroDivisionError")
@pytest.mark.expects_log("a response failed: ZeroDivisionError")
async def test_a_handler_that_fails_costs_one_request_and_tells_nothing_of_it():
    async def broken():
        yield b"begun"
        raise ZeroDivisionError("the person's code")

    async def handler(request):
        if request.path == "/body":
            return Response(200, (), broken())
        if request.path == "/head":
            raise ZeroDivisionError("the person's code")
        return Response(200, (), b"fine")

    server = HttpServer(handler, refusal)
    port = await server.start_tcp()

    async def answer(path: str) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode())
        try:
            return await reader.read()
        except ConnectionError:
            return b""
        finally:
            writer.transport.abort()

    try:
        assert b"HTTP/1.1 500" in (said := await answer("/head"))
        assert b"code" not in said.partition(b"\r\n\r\n")[2].replace(b'"code":', b"")
        assert not (await answer("/body")).endswith(b"0\r\n\r\n")
        assert (await answer("/")).endswith(b"fine")
    finally:
        await server.stop()


async def test_the_sixty_fifth_connection_is_closed_and_the_others_live(client):
    opened = [await client.connect() for _ in range(64)]
    assert await client.send(b"") == b""
    for _, writer in opened:
        writer.transport.abort()
    await asyncio.sleep(0)


async def test_a_client_that_leaves_mid_stream_stops_the_work(client, wait_until):
    client.gateway.faults.hang_mid_stream = True
    async with client.streaming() as reader:
        await reader.readuntil(b"data: ")
        assert not client.gateway.audit.lines
    await wait_until(lambda: len(client.gateway.audit.lines) == 1)
    assert client.gateway.audit.lines[0].outcome == "cancelled"
    assert not client.gateway._server._connections


async def test_a_client_that_closes_half_of_its_connection_has_left(client, wait_until):
    client.gateway.faults.hang_mid_stream = True
    reader, writer = await client.connect()
    body = json.dumps(client.question()).encode()
    writer.write(client.encode("POST", "/v1/completions", client.bearer(), body))
    await reader.readuntil(b"data: ")
    writer.write_eof()
    await wait_until(lambda: len(client.gateway.audit.lines) == 1)
    writer.close()


async def test_stopping_ends_streams_and_frees_the_port(serve):
    async with serve() as client:
        await client.sign_in()
        client.gateway.faults.hang_mid_stream = True
        async with client.streaming() as reader:
            await reader.readuntil(b"data: ")
            await client.gateway.stop()
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await reader.readuntil(b"nothing more")
        with pytest.raises(ConnectionError):
            await client.connect()
