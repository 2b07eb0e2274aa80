"""A served local socket inside a test, and a client that may say anything over it."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sidelight_client
from sidelight_client import api
from sidelight_client.adapters.folders import Folders, folders
from sidelight_client.link import door
from sidelight_client.link.serve import StopReason, serve
from sidelight_client.link.wire import AttachInfo

from .fake_broker import FakeBroker

HELLO = {"protocol": 1, "version": "0.1.0", "client": "test", "environment": {}}

SUPPORT = Path(__file__).parent


async def echo_session(read_fd: int, write_fd: int, info: AttachInfo) -> int:
    """Echoes lines; `exit N` ends it with N, `pid` tells the process; end of input ends it with 1."""
    del info
    loop = asyncio.get_running_loop()
    os.set_blocking(read_fd, False)
    held = b""
    try:
        while True:
            ready: asyncio.Future[None] = loop.create_future()
            loop.add_reader(read_fd, _wake, ready)
            try:
                await ready
            finally:
                loop.remove_reader(read_fd)
            chunk = os.read(read_fd, 65536)
            if not chunk:
                return 1
            *lines, held = (held + chunk).split(b"\n")
            for line in lines:
                word, _, rest = line.partition(b" ")
                if word == b"exit":
                    return int(rest)
                if word == b"raise":
                    raise ValueError("as told")
                os.write(write_fd, (b"%d" % os.getpid() if word == b"pid" else line) + b"\n")
    finally:
        os.close(read_fd)
        os.close(write_fd)


def _wake(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


@dataclass
class Served:
    """A server under test."""

    broker: FakeBroker
    folders: Folders
    stop: asyncio.Event
    task: asyncio.Task[StopReason]
    differences: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    async def connect(self) -> RawClient:
        link = await asyncio.to_thread(door.connect, self.folders.runtime)
        return RawClient(link)

    async def greeted(self, **values: Any) -> RawClient:
        client = await self.connect()
        answer = await client.ask("hello", HELLO | values)
        assert "result" in answer, answer
        return client


class RawClient:
    """A client over a raw socket."""

    def __init__(self, link: socket.socket) -> None:
        link.setblocking(False)
        self.link = link
        self.held = b""
        self.number = 0

    async def say(self, data: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self.link, data)

    def say_with(self, message: dict[str, Any], descriptors: Sequence[int]) -> None:
        socket.send_fds(self.link, [json.dumps(message).encode() + b"\n"], list(descriptors))

    async def post(self, method: str, params: dict[str, Any] | None = None) -> int:
        self.number += 1
        message = {"id": self.number, "method": method, "params": params or {}}
        await self.say(json.dumps(message).encode() + b"\n")
        return self.number

    async def hear(self) -> dict[str, Any] | None:
        while b"\n" not in self.held:
            async with asyncio.timeout(10):
                chunk = await asyncio.get_running_loop().sock_recv(self.link, 65536)
            if not chunk:
                return None
            self.held += chunk
        line, _, self.held = self.held.partition(b"\n")
        heard: dict[str, Any] = json.loads(line)
        return heard

    async def hear_end(self) -> None:
        try:
            while await self.hear() is not None:
                pass
        except ConnectionResetError:
            pass

    async def ask(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """The answer to one question, skipping events."""
        number = await self.post(method, params)
        while True:
            heard = await self.hear()
            assert heard is not None, "the server hung up"
            if heard.get("id") == number:
                return heard

    def close(self) -> None:
        self.link.close()


@asynccontextmanager
async def serving(
    broker: FakeBroker | None = None, *, sessions: Any = echo_session, **options: Any
) -> AsyncGenerator[Served]:
    """Serve in this loop under the test's SIDELIGHT_HOME, and stop at the end."""
    broker = broker or FakeBroker()
    stop = asyncio.Event()
    where = folders()
    differences: list[tuple[str, tuple[str, ...]]] = []

    def differs(client: str, names: tuple[str, ...]) -> api.Subscription:
        differences.append((client, names))
        return lambda: differences.remove((client, names))

    opened = door.open_door(where.runtime, options.pop("kind", door.DEFAULT_KIND))
    task = asyncio.create_task(
        serve(
            broker,
            sessions,
            where,
            door=opened,
            stop=stop,
            signals=False,
            environment_differs=differs,
            **options,
        )
    )
    try:
        yield Served(broker, where, stop, task, differences)
    finally:
        stop.set()
        try:
            async with asyncio.timeout(20):
                await task
        finally:
            opened.close()


async def eventually(condition: Any, what: str = "it", patience_s: float = 10.0) -> None:
    """Wait until `condition()` is true."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience_s
    while not condition():
        assert loop.time() < deadline, f"{what} did not happen"
        await asyncio.sleep(0.005)


def package_environment() -> dict[str, str]:
    """The environment for processes of ours: the same packages, wherever the process starts."""
    packages = str(Path(sidelight_client.__file__).parent.parent)
    return {**os.environ, "PYTHONPATH": os.pathsep.join([packages, str(SUPPORT.parent)])}


def broker_command(*options: str) -> list[str]:
    """Starts a broker process with echo sessions (support/link_broker.py)."""
    return [sys.executable, "-P", "-m", "support.link_broker", *options]


def shim_command(*options: str) -> list[str]:
    """Starts the shim; a broker it needs is support/link_broker.py with `options`."""
    return [sys.executable, "-P", "-m", "support.link_shim", *broker_command(*options)]
