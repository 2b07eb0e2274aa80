"""The gateway as the broker and the demonstration run it: on a socket, started, approved, stopped."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
from urllib.parse import parse_qs, urlsplit

import pytest

from sidelight_client.adapters.re2_rules import RuleError
from sidelight_client.domain.policy.organisation import ContentRule
from sidelight_client.embedded.gateway import EmbeddedGateway, EmbeddedSettings

pytestmark = pytest.mark.anyio


@pytest.fixture
def socket_path(private_home):
    return private_home / "gateway.sock"


async def test_on_a_socket_only_its_owner_can_open_it(serve, socket_path):
    mask = os.umask(0)
    os.umask(mask)
    async with serve(socket_path=socket_path) as client:
        assert stat.S_IMODE(socket_path.stat().st_mode) == 0o600
        assert client.gateway.url == "http://sidelight.embedded"
        assert client.gateway.socket_path == socket_path
        await client.sign_in()
        assert (await client.complete("x = make(a)\nx = ma")).text == "ke(a)"
        assert (await client.ask("GET", "/", {"Host": "127.0.0.1"})).status == 421
    assert not socket_path.exists()
    assert os.umask(mask) == mask


async def test_a_dead_servers_socket_is_replaced(serve, socket_path):
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(socket_path))
    async with serve(socket_path=socket_path) as client:
        assert (await client.ask("GET", "/")).status == 200


async def test_a_living_servers_socket_is_left_alone(serve, socket_path):
    async with serve(socket_path=socket_path) as client:
        second = EmbeddedGateway(EmbeddedSettings(socket_path=socket_path))
        with pytest.raises(FileExistsError):
            await second.start()
        await second.stop()
        assert (await client.ask("GET", "/")).status == 200


async def test_a_file_in_the_way_is_not_removed(socket_path):
    socket_path.write_text("mine")
    gateway = EmbeddedGateway(EmbeddedSettings(socket_path=socket_path))
    with pytest.raises(OSError, match="in use"):
        await gateway.start()
    await gateway.stop()
    assert socket_path.read_text() == "mine"


async def test_another_socket_at_its_path_survives_the_stop(serve, socket_path):
    async with serve(socket_path=socket_path):
        socket_path.unlink()
        other = socket.socket(socket.AF_UNIX)
        other.bind(str(socket_path))
    assert socket_path.exists()
    other.close()


async def test_over_tcp_only_loopback_listens(client):
    (bound,) = client.gateway._server._server.sockets
    assert bound.getsockname()[0] == "127.0.0.1"


async def test_a_taken_port_is_an_os_error(client):
    port = int(client.host.partition(":")[2])
    second = EmbeddedGateway(EmbeddedSettings(port=port))
    with pytest.raises(OSError, match="in use"):
        await second.start()
    await second.stop()


async def test_stopping_twice_or_without_a_start_is_harmless(client):
    await client.gateway.stop()
    await client.gateway.stop()
    await EmbeddedGateway(EmbeddedSettings()).stop()


async def test_approve_brings_the_code_to_the_loopback_listener(client):
    came = asyncio.get_running_loop().create_future()

    async def listener(reader, writer):
        came.set_result(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(listener, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    redirect = f"http://127.0.0.1:{port}/callback"
    path = client.authorize_path(redirect_uri=redirect)
    await client.gateway.approve(client.gateway.url + path)
    target = (await came).split(b" ")[1].decode()
    said = parse_qs(urlsplit(target).query)
    assert said["state"] == ["st&te"]
    reply = await client.redeem(said["code"][0], redirect_uri=redirect)
    assert reply.status == 200
    server.close()


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("https://idp.example/issuer/authorize", "not an authorization address"),
        ("{url}/issuer/token", "not an authorization address"),
        ("{url}/issuer/authorize?client_id=sidelight&redirect_uri=https://x/callback", "refused"),
        ("{url}/issuer/authorize", "refused"),
    ],
)
async def test_approve_goes_nowhere_else(client, url, sentence):
    with pytest.raises(ValueError, match=sentence):
        await client.gateway.approve(url.format(url=client.gateway.url))


async def test_approve_tells_when_nobody_listens(client):
    with pytest.raises(OSError, match="Connect"):
        await client.gateway.approve(client.gateway.url + client.authorize_path())


@pytest.mark.parametrize(
    "upstream",
    [
        "http://example.com/v1",
        "https://127.0.0.1:8080/v1",
        "http://127.0.0.1.example.com/v1",
        "http://10.0.0.1/v1",
        "http://user@127.0.0.1/v1",
        "http://127.0.0.1:99999/v1",
        "http://127.0.0.1/v1?x=1",
        "file:///etc/passwd",
        "http://127.0.0.1/v 1",
        "nonsense",
    ],
)
def test_an_upstream_that_is_not_on_loopback_is_refused_at_once(upstream):
    with pytest.raises(ValueError, match="upstream"):
        EmbeddedGateway(EmbeddedSettings(upstream=upstream))


def test_a_rule_re2_refuses_is_told_at_the_start():
    rule = ContentRule("mine", "Mine", "re2", r"(?=x)y")
    with pytest.raises(RuleError, match="content rule mine cannot be used: RE2 refuses"):
        EmbeddedGateway(EmbeddedSettings(content_rules=(rule,)))


def test_the_key_of_each_start_is_new_and_does_not_print():
    one, two = EmbeddedGateway(EmbeddedSettings()), EmbeddedGateway(EmbeddedSettings())
    assert one.key != two.key
    assert one.key.reveal() not in repr(vars(one))
