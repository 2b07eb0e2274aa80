"""A network between the sessions and the provider: a relay that fails the way networks fail."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

HOST = "localhost"
"""A name and not an address, so that its look-up can fail."""
UP = "up"
WAYS_TO_BE_DOWN = ("refused", "hole", "dns", "captive", "login", "503", "429")
"""`hole`: packets are dropped. `captive` and `login`: a hotel's page, given or redirected to."""

_PAGE = b"<!doctype html><title>Hotel</title><body>Please accept our terms."
_ANSWERS = {
    "captive": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n",
    "login": b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/login\r\n",
    "503": b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/html\r\n",
    "429": b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\n",
}


@dataclass(eq=False)
class _Connection:
    """One connection through the relay. After `cut` nothing passes it any more."""

    client: asyncio.StreamWriter
    asked: bool = False
    """A request for tokens went to the provider and its answer has not come back."""
    cut: bool = False


@dataclass
class Network:
    """The relay. `lost` counts token requests that were under way when the machine fell asleep."""

    chance: random.Random
    port: int = 0
    target: int = 0
    state: str = UP
    lost: int = 0
    token_requests: int = 0
    _server: asyncio.Server | None = None
    _hole: list[socket.socket] = field(default_factory=list[socket.socket])
    _open: set[_Connection] = field(default_factory=set[_Connection])
    _serving: set[asyncio.Task[Any]] = field(default_factory=set[asyncio.Task[Any]])

    async def turn(self, state: str) -> None:
        """Be `up`, or down in one of the ways."""
        self.state = state
        for plug in self._hole:
            plug.close()
        self._hole.clear()
        if state in ("refused", "hole"):
            if self._server is not None:
                self._server.close()
                self._server = None
            if state == "hole":
                self._dig()
        elif self._server is None:
            self._server = await asyncio.start_server(
                self._serve, "127.0.0.1", self.port, reuse_address=True
            )
            self.port = self._server.sockets[0].getsockname()[1]

    def _dig(self) -> None:
        """A full queue: the kernel drops whoever knocks, as a firewall without a word does."""
        hole = socket.socket()
        hole.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        hole.bind(("127.0.0.1", self.port))
        hole.listen(0)
        self._hole.append(hole)
        for _ in range(3):
            plug = socket.socket()
            plug.setblocking(False)
            plug.connect_ex(("127.0.0.1", self.port))
            self._hole.append(plug)

    def fall_asleep(self) -> int:
        """Cut what is open, as a sleep does; the number of token requests that were under way.

        What the provider answers now reaches nobody. After the wake our end of it either hears
        of that at once, or stays silent for ever.
        """
        lost = 0
        for connection in tuple(self._open):
            if connection.cut:
                continue
            connection.cut = True
            lost += connection.asked
            if self.chance.random() < 0.5:
                connection.client.transport.abort()
        self.lost += lost
        return lost

    def under_way(self) -> bool:
        """Whether a token request is with the provider."""
        return any(connection.asked and not connection.cut for connection in self._open)

    async def close(self) -> None:
        await self.turn("refused")
        for connection in tuple(self._open):
            connection.cut = True
            connection.client.transport.abort()
        if self._serving:
            await asyncio.wait(tuple(self._serving))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = _Connection(writer)
        self._open.add(connection)
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                head = await reader.readuntil(b"\r\n\r\n")
                canned = _ANSWERS.get(self.state)
                if canned is not None:
                    end = b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(_PAGE)
                    writer.write(canned + end + _PAGE)
                    await writer.drain()
                elif not connection.cut:
                    await self._relay(connection, head, reader)
        finally:
            while connection.cut and not writer.transport.is_closing():
                # Silent, but open: it is the other side's business to give up.
                if reader.at_eof() or not await reader.read(65536):
                    break
            writer.close()
            self._open.discard(connection)

    async def _relay(
        self, connection: _Connection, head: bytes, reader: asyncio.StreamReader
    ) -> None:
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.target)
        try:
            if connection.cut:
                return
            tokens = head.startswith(b"POST") and b"/token" in head.split(b"\r\n", 1)[0]
            up_writer.write(head + await reader.readexactly(_length(head)))
            connection.asked = tokens
            self.token_requests += tokens
            # Every client here asks for its connection to be closed, so an answer ends with it.
            while piece := await up_reader.read(65536):
                if not connection.cut:
                    connection.client.write(piece)
                    await connection.client.drain()
            connection.asked = False
        finally:
            up_writer.close()


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return 0


@asynccontextmanager
async def running_network(chance: random.Random) -> AsyncGenerator[Network]:
    """The relay, on a port of its own; the look-up of its name fails while it is `dns`."""
    network = Network(chance)
    await network.turn(UP)
    look_up = socket.getaddrinfo

    def looked_up(host: Any, *rest: Any, **more: Any) -> Any:
        if host in (HOST, HOST.encode()):
            if network.state == "dns":
                raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
            host = "127.0.0.1"
        return look_up(host, *rest, **more)

    socket.getaddrinfo = looked_up
    try:
        yield network
    finally:
        socket.getaddrinfo = look_up
        await network.close()
