"""Exchanges without a proxy in between: a pool of kept connections, by origin."""

from __future__ import annotations

import asyncio
import ipaddress
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from .http11 import Head, Http11Connection
from .http_answer import HttpProblemKind, connect_problem
from .http_exchange import (
    KEEP_ALIVE_S,
    MAX_CONNECTIONS,
    MAX_IDLE,
    HttpAsked,
    HttpFailure,
    Progress,
)
from .http_trust import system_trust

HAPPY_EYEBALLS_S = 0.25
"""After how long the next address is tried beside the first (RFC 8305 §5)."""
TLS_GOODBYE_S = 1.0
_PORTS = {"http": 80, "https": 443}
_LEFT_AS_IT_IS = "!#$%&'()*+,/:;=?@[]~"
"""RFC 3986 §2.2 and what is encoded already."""
_HOST = re.compile(r"[A-Za-z0-9._~:%-]+")
"""A name, a number, or an IPv6 address with or without its zone."""


class Origin(NamedTuple):
    """Where a connection goes; two requests to one origin can share it."""

    secure: bool
    host: str
    port: int


class Address(NamedTuple):
    """What a URL says of a request."""

    origin: Origin
    authority: str
    """What the `Host` header says."""
    target: str


@lru_cache(maxsize=64)
def address_of(url: str) -> Address:
    """Where `url` leads. Raises ValueError for what is no address of an HTTP server."""
    parts = urlsplit(url)
    host, port = parts.hostname, parts.port
    if parts.scheme not in _PORTS or not host or "@" in parts.netloc:
        raise ValueError("not an address of an HTTP server")
    usual = _PORTS[parts.scheme]
    name = host if host.isascii() else host.encode("idna").decode()
    if not _HOST.fullmatch(name):
        raise ValueError("not the name of a host")
    shown = f"[{name}]" if ":" in name else name
    target = quote(parts.path or "/", safe=_LEFT_AS_IT_IS)
    if parts.query:
        target += "?" + quote(parts.query, safe=_LEFT_AS_IT_IS)
    return Address(
        Origin(parts.scheme == "https", name, port or usual),
        shown if port in (None, usual) else f"{shown}:{port}",
        target,
    )


class DirectTransport:
    """The connections of one client that go straight to where they are to go."""

    def __init__(self, socket_path: Path | None, connect_s: float) -> None:
        """With `socket_path` every connection is one to that Unix socket."""
        self._socket_path = socket_path
        self._connect_s = connect_s
        self._idle: dict[Origin, list[Http11Connection]] = {}
        self._busy: set[Http11Connection] = set()
        self._places = asyncio.Semaphore(MAX_CONNECTIONS)
        self._closed = False

    async def open(self, asked: HttpAsked, progress: Progress) -> DirectExchange:
        """Send `asked` and wait for the head of its answer; raises HttpFailure."""
        try:
            address = address_of(asked.url)
        except ValueError as error:
            raise HttpFailure(HttpProblemKind.PROTOCOL, type(error).__name__) from None
        connection = await self._connection(address.origin)
        try:
            said = asked.revealed()
            headers = [("host", address.authority), *said.items()]
            if asked.body is not None or asked.method == "POST":
                headers.append(("content-length", str(len(asked.body or b""))))
            connection.send(asked.method, address.target, headers, asked.body)
            progress.sent = True
            head = await connection.head()
        except BaseException:
            self._left(connection)
            raise
        return DirectExchange(self, address.origin, connection, head)

    async def close(self) -> None:
        """Close every connection, those in use among them."""
        self._closed = True
        idle = [connection for kept in self._idle.values() for connection in kept]
        self._idle.clear()
        for connection in (*idle, *self._busy):
            connection.abort()
        # The loop closes a socket in its next turn.
        await asyncio.sleep(0)

    def given_back(self, origin: Origin, connection: Http11Connection) -> None:
        """An exchange is over: keep its connection for the next, where it can be."""
        kept = sum(len(connections) for connections in self._idle.values())
        if self._closed or kept >= MAX_IDLE or not connection.renewed():
            self._left(connection)
            return
        self._busy.discard(connection)
        self._places.release()
        self._idle.setdefault(origin, []).append(connection)

    def _left(self, connection: Http11Connection) -> None:
        connection.abort()
        self._busy.discard(connection)
        self._places.release()

    async def _connection(self, origin: Origin) -> Http11Connection:
        try:
            async with asyncio.timeout(self._connect_s):
                await self._places.acquire()
        except TimeoutError:
            raise HttpFailure(HttpProblemKind.TIMEOUT, "all connections are in use") from None
        try:
            connection = self._kept(origin) or await self._connected(origin)
        except BaseException:
            self._places.release()
            raise
        self._busy.add(connection)
        return connection

    def _kept(self, origin: Origin) -> Http11Connection | None:
        """The connection used last; those that are not to be used any more are closed on the way."""
        kept = self._idle.get(origin)
        oldest = asyncio.get_running_loop().time() - KEEP_ALIVE_S
        while kept:
            connection = kept.pop()
            if connection.idle_since >= oldest and connection.is_usable():
                return connection
            connection.abort()
        return None

    async def _connected(self, origin: Origin) -> Http11Connection:
        loop = asyncio.get_running_loop()
        connection = Http11Connection()
        step = "connect"
        try:
            async with asyncio.timeout(self._connect_s):
                if self._socket_path is not None:
                    path = str(self._socket_path)
                    await loop.create_unix_connection(lambda: connection, path)
                else:
                    await loop.create_connection(
                        lambda: connection,
                        origin.host,
                        origin.port,
                        happy_eyeballs_delay=None if _is_number(origin.host) else HAPPY_EYEBALLS_S,
                    )
                if origin.secure:
                    step = "start_tls"
                    await self._secured(connection, origin.host)
        except TimeoutError as error:
            connection.abort()
            raise HttpFailure(HttpProblemKind.TIMEOUT, type(error).__name__) from error
        except (OSError, UnicodeError) as error:
            connection.abort()
            raise HttpFailure(connect_problem(error, step), type(error).__name__) from error
        except BaseException:
            connection.abort()
            raise
        return connection

    async def _secured(self, connection: Http11Connection, host: str) -> None:
        plain = connection.transport
        assert plain is not None
        # In a thread: the certificates are read with the first of these connections.
        trust = await asyncio.to_thread(system_trust)
        if connection.has_received:
            # It would stand before what comes encrypted, and nobody vouches for it. From here on
            # every byte is the handshake's: `start_tls` takes over before it waits.
            raise ConnectionResetError("spoke before the handshake")
        secured = await asyncio.get_running_loop().start_tls(
            plain,
            connection,
            trust,
            server_hostname=host,
            ssl_shutdown_timeout=TLS_GOODBYE_S,
        )
        if secured is None:
            raise ConnectionResetError("closed during the handshake")
        connection.transport = secured


def _is_number(host: str) -> bool:
    """Whether `host` is an address itself: there is no second one to try beside it."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


class DirectExchange:
    """One answer, read from a connection that goes back to the pool at its end."""

    def __init__(
        self,
        transport: DirectTransport,
        origin: Origin,
        connection: Http11Connection,
        head: Head,
    ) -> None:
        self._transport, self._origin, self._connection = transport, origin, connection
        self.status = head.status
        self.header_count = len(head.headers)
        self.headers: Mapping[str, str] = _decoded(head.headers)

    async def piece(self) -> bytes:
        """The next bytes of the body; empty at its end. Raises HttpFailure."""
        return await self._connection.piece()

    async def close(self) -> None:
        """Give the connection back, or close it where the answer was not read to its end."""
        self._transport.given_back(self._origin, self._connection)


def _decoded(raw: list[tuple[bytes, bytes]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name_bytes, value_bytes in raw:
        name = name_bytes.decode("ascii")
        try:
            value = value_bytes.decode()
        except UnicodeDecodeError:
            value = value_bytes.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found
