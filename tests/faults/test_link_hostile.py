"""Clients that talk garbage, hold back, send descriptors nobody wants, or never read."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from sidelight_client import api
from sidelight_client.domain.window import Window
from sidelight_client.link import door_tcp
from sidelight_client.link.door import connect
from sidelight_client.link.wire import request_to_json
from sidelight_client.testing.fakes import FakeClock
from support.fake_broker import FakeBroker
from support.link_server import HELLO, RawClient, Served, eventually, serving

pytestmark = pytest.mark.anyio

REQUEST = request_to_json(
    api.CompletionRequest("a" * 32, api.Document("file:///x.py", "python"), Window(()))
)


def open_descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@asynccontextmanager
async def unharmed(served: Served) -> AsyncIterator[None]:
    """What happens inside must neither stop the broker for others nor leave a descriptor open."""
    bystander = await served.greeted()
    before = open_descriptors()
    yield
    assert (await bystander.ask("ping"))["result"] == {}
    await eventually(lambda: open_descriptors() <= before, "closing what a client brought")
    bystander.close()


async def code(client: RawClient) -> str:
    heard = await client.hear()
    assert heard is not None
    assert heard["error"]["title"]
    return str(heard["error"]["code"])


GARBAGE = [
    b"\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"\xff\xfe\xfd\n",
    b"[1,2,3]\n",
    b'"text"\n',
    b"null\n",
    b'{"method":5}\n',
    b'{"id":true,"method":"ping"}\n',
    b'{"id":[1],"method":"ping"}\n',
    b'{"id":1.5,"method":"ping"}\n',
    b'{"id":1,"method":"ping","params":[]}\n',
    b'{"id":1,"method":"nonsense"}\n',
    b'{"id":1,"method":"' + b"x" * 500 + b'"}\n',
    b'{"method":"ping"}\n',
    b'{"id":1,"method":"watch","params":{"keys":"all"}}\n',
    b'{"id":1,"method":"pause","params":{"until":-5}}\n',
    b'{"id":1,"method":"pause","params":{"until":1e999}}\n',
    b'{"id":1,"method":"accepted","params":{"trace_id":"x"}}\n',
    b'{"id":1,"method":"complete","params":{}}\n',
    b'{"id":1,"method":"attach","params":{}}\n',
    b'{"id":1,"method":"attach","params":{"pid":-1}}\n',
    b'{"id":1,"method":"hello","params":{"protocol":"1"}}\n',
    b'{"id":1,"method":"login","params":{"device":"yes"}}\n',
    b"[" * 200_000 + b"\n",
    b'{"a":' * 150_000 + b"1" + b"}" * 150_000 + b"\n",
    b'{"id":' + b"9" * 5000 + b',"method":"ping"}\n',
]


@pytest.mark.parametrize("garbage", GARBAGE, ids=lambda g: repr(g[:30]))
@pytest.mark.parametrize("greeted", [True, False], ids=["after hello", "before hello"])
async def test_garbage_is_refused_with_a_code_and_the_conversation_goes_on(
    garbage: bytes, greeted: bool
) -> None:
    async with serving() as served, unharmed(served):
        client = await (served.greeted() if greeted else served.connect())
        await client.say(garbage)
        if garbage.strip():
            assert await code(client) == "wire.malformed"
        answer = await client.ask("hello", HELLO)
        assert "result" in answer
        client.close()


async def test_an_endless_message_is_refused_at_the_cap_and_hung_up_on() -> None:
    async with serving() as served, unharmed(served):
        client = await served.greeted()
        saying = asyncio.create_task(client.say(b"x" * (3 << 20)))
        assert await code(client) == "wire.oversized"
        await client.hear_end()
        saying.cancel()
        await asyncio.gather(saying, return_exceptions=True)
        client.close()


async def test_a_message_that_ends_in_the_middle_is_refused() -> None:
    async with serving() as served, unharmed(served):
        client = await served.greeted()
        await client.say(b'{"id":1,"meth')
        client.link.shutdown(socket.SHUT_WR)
        assert await code(client) == "wire.malformed"
        assert await client.hear() is None
        client.close()


async def test_a_message_in_single_bytes_is_understood() -> None:
    async with serving() as served, unharmed(served):
        client = await served.greeted()
        for byte in b'{"id":5,"method":"ping"}\n':
            await client.say(bytes([byte]))
            await asyncio.sleep(0)
        assert await client.hear() == {"id": 5, "result": {}}
        client.close()


# --- descriptors ---


async def test_descriptors_with_another_message_are_closed_and_refused() -> None:
    async with serving() as served, unharmed(served):
        client = await served.greeted()
        near, far = os.pipe()
        client.say_with({"id": 1, "method": "ping"}, [far])
        os.close(far)
        told = [await client.hear(), await client.hear()]
        assert {"id": 1, "result": {}} in told
        assert any(
            t is not None and t.get("error", {}).get("code") == "wire.malformed" for t in told
        )
        assert await asyncio.to_thread(os.read, near, 1) == b""  # The broker holds it no more.
        os.close(near)
        client.close()


@pytest.mark.parametrize("count", [1, 4, 5, 100])
async def test_a_wrong_number_of_descriptors_is_refused_and_none_leaks(count: int) -> None:
    async with serving() as served, unharmed(served):
        client = await served.greeted()
        near, far = os.pipe()
        client.say_with({"id": 1, "method": "attach", "params": {}}, [far] * count)
        os.close(far)
        assert await code(client) == "wire.malformed"
        assert await asyncio.to_thread(os.read, near, 1) == b""
        os.close(near)
        client.close()


async def test_descriptors_held_back_behind_half_a_message_are_bounded() -> None:
    async with serving() as served, unharmed(served):
        client = await served.greeted()
        near, far = os.pipe()
        before = open_descriptors()
        for _ in range(50):
            socket.send_fds(client.link, [b'{"half'], [far, far])
            await asyncio.sleep(0)
        await asyncio.sleep(0.05)
        assert open_descriptors() <= before + 4
        client.close()
        os.close(near)
        os.close(far)


async def test_a_client_that_goes_with_its_descriptors_on_the_way_leaks_none() -> None:
    async with serving() as served, unharmed(served):
        for _ in range(20):
            client = await served.greeted()
            near, far = os.pipe()
            socket.send_fds(client.link, [b'{"id":1,"method":"att'], [far, near])
            client.close()
            os.close(near)
            os.close(far)


async def test_sessions_that_come_and_go_leak_no_descriptor() -> None:
    async with serving() as served, unharmed(served):
        for round_ in range(30):
            client = await served.greeted()
            theirs, mine = socket.socketpair()
            message = {"id": 1, "method": "attach", "params": {}}
            client.say_with(message, [theirs.fileno(), theirs.fileno()])
            theirs.close()
            if round_ % 3 == 0:
                assert await client.hear() == {"id": 1, "result": {}}
            mine.close()
            client.close()


# --- clients that do not read ---


@asynccontextmanager
async def deaf_client(served: Served) -> AsyncIterator[RawClient]:
    """A client with a small receive buffer, so that it is full soon."""
    client = await served.greeted()
    client.link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    yield client
    client.close()


def big(number: int) -> tuple[str, ...]:
    return tuple(f"{number}-{i}-{'x' * 100}" for i in range(500))


async def test_a_watcher_that_never_reads_is_never_waited_for_and_misses_only_what_is_old() -> None:
    async with serving() as served, unharmed(served):
        reader = await served.greeted()
        await reader.ask("watch")
        async with deaf_client(served) as deaf:
            await deaf.ask("watch")
            await eventually(lambda: served.broker.subscribers == 2)
            for number in range(300):
                served.broker.change(languages_off=big(number))
                if number % 20 == 0:
                    await asyncio.sleep(0.03)
            served.broker.change(languages_off=("last",))

            async def until_last(client: RawClient) -> int:
                messages = 0
                while True:
                    heard = await client.hear()
                    assert heard is not None
                    messages += 1
                    if heard.get("data", {}).get("languages_off") == ["last"]:
                        return messages

            assert await until_last(reader) <= 40
            # It wakes up at last: what lay in its pipe, then the newest value, and nothing between.
            assert await until_last(deaf) <= 12
        reader.close()


async def test_a_client_that_takes_nothing_is_dropped_after_a_while() -> None:
    clock = FakeClock()
    async with serving(FakeBroker(clock), stuck_s=30) as served, unharmed(served):
        async with deaf_client(served) as deaf:
            served.broker.change(languages_off=big(0) * 8)
            await deaf.post("status")
            await eventually(
                lambda: any(not f.done() for _, _, f in clock._sleepers), "getting stuck"
            )
            await asyncio.sleep(0.05)
            await clock.advance(29)
            assert (await (await probe(served)).ask("ping"))["result"] == {}
            await clock.advance(2)
            await deaf.hear_end()
        await close_probes()


probes: list[RawClient] = []


async def probe(served: Served) -> RawClient:
    probes.append(await served.greeted())
    return probes[-1]


async def close_probes() -> None:
    while probes:
        probes.pop().close()


async def test_answers_a_client_does_not_take_are_bounded() -> None:
    async with serving() as served, unharmed(served):
        served.broker.change(languages_off=big(0) * 10)
        async with deaf_client(served) as deaf:
            question = b"".join(
                json.dumps({"id": n, "method": "status"}).encode() + b"\n" for n in range(5000)
            )
            saying = asyncio.create_task(deaf.say(question))
            await asyncio.sleep(0.3)
            assert len(asyncio.all_tasks()) < 60
            saying.cancel()
            await asyncio.gather(saying, return_exceptions=True)


# --- the TCP door ---


@pytest.mark.expects_log("a client was refused")
async def test_a_client_without_the_key_is_refused_at_the_tcp_door() -> None:
    async with serving(kind="tcp") as served, unharmed(served):
        port, _ = door_tcp._published(served.folders.runtime / door_tcp.PORT_NAME)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await reader.readexactly(32)
        writer.write(b"\0" * 64)
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()


@pytest.mark.expects_log("a client was refused")
async def test_a_client_that_says_nothing_at_the_tcp_door_is_not_kept() -> None:
    clock = FakeClock()
    async with serving(FakeBroker(clock), kind="tcp") as served:
        port, _ = door_tcp._published(served.folders.runtime / door_tcp.PORT_NAME)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await reader.readexactly(32)
        await asyncio.sleep(0.05)
        await clock.advance(6)
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()


async def test_bytes_sent_before_the_session_is_attached_are_refused() -> None:
    async with serving(kind="tcp") as served, unharmed(served):
        client = await served.greeted()
        attach = json.dumps({"id": 1, "method": "attach", "params": {"copy": True}}).encode()
        await client.say(attach + b"\nContent-Length: 5")
        told: list[Any] = [await client.hear()]
        if told[0].get("result") == {}:
            told.append(await client.hear())
        assert told[-1]["error"]["code"] == "wire.malformed"
        client.close()


def test_the_door_of_nobody_is_refused_at_once(private_home: Path) -> None:
    with pytest.raises(FileNotFoundError):
        connect(private_home / "nowhere")
