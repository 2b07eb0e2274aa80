"""HTTP for everything that leaves this process: bounded in time and size, verified, and never raising.

How an exchange is made is a transport's matter: `http_direct` goes straight, and `http_proxied`
where the system names a proxy. Both are imported with the first request and off the loop: together
with the system's certificates they cost tens of milliseconds.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from .http_answer import (
    Headers,
    HttpAnswer,
    HttpProblem,
    HttpProblemKind,
    is_loopback,
)
from .http_exchange import HttpAsked, HttpExchange, HttpFailure, HttpTransport, Progress

__all__ = [
    "Headers",
    "HttpAnswer",
    "HttpClient",
    "HttpProblem",
    "HttpProblemKind",
    "HttpStream",
    "is_loopback",
]

log = logging.getLogger("sidelight.http")

MAX_HEADERS = 200
"""How many response headers are accepted; h11 bounds their size to 100 kB."""
MAX_BYTES = 1_000_000
CONNECT_S = 2.5
SILENCE_S = 30.0


class HttpClient:
    """One pool of kept-alive connections. Every method returns; only cancellation is raised."""

    def __init__(
        self,
        socket_path: Path | None = None,
        *,
        connect_s: float = CONNECT_S,
        silence_s: float = SILENCE_S,
    ) -> None:
        """With `socket_path` every request goes over that Unix socket, whatever its host.

        A connection may take `connect_s`, and a server may be silent for `silence_s`, whatever time
        a request is given in all.
        """
        self._socket_path = socket_path
        self._connect_s = connect_s
        self._silence_s = silence_s
        self._direct: HttpTransport | None = None
        self._proxied: HttpTransport | None = None
        self._proxy_named = False
        self._opening = asyncio.Lock()
        self._closing: set[asyncio.Task[None]] = set()

    async def request(
        self,
        method: str,
        url: str,
        headers: Headers | None = None,
        body: bytes | None = None,
        *,
        timeout_s: float = 10.0,
        max_bytes: int = MAX_BYTES,
    ) -> HttpAnswer | HttpProblem:
        """One exchange, in at most `timeout_s` from beginning to end. Redirects are answers."""
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + timeout_s
        async with self.stream(
            method, url, headers, body, timeout_s=timeout_s, max_bytes=max_bytes
        ) as stream:
            if isinstance(stream, HttpProblem):
                return stream
            received = bytearray()
            while True:
                piece = await stream.read(ends_at - loop.time())
                if isinstance(piece, HttpProblem):
                    return piece
                if not piece:
                    return HttpAnswer(stream.status, stream.headers, bytes(received))
                received += piece

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        url: str,
        headers: Headers | None = None,
        body: bytes | None = None,
        *,
        timeout_s: float = 10.0,
        max_bytes: int = MAX_BYTES,
    ) -> AsyncGenerator[HttpStream | HttpProblem]:
        """The response's head within `timeout_s`; its body is read piece by piece inside the block.

        Leaving the block before the end closes the connection, so the server notices.
        """
        asked, progress = HttpAsked(method, url, headers or {}, body), Progress()
        exchange: HttpExchange | None = None
        try:
            async with asyncio.timeout(max(min(timeout_s, self._connect_s + self._silence_s), 0.0)):
                transport = self._opened(url) or await self._open(url)
                exchange = await transport.open(asked, progress)
        except Exception as error:
            # Whatever a peer or a library does ends here: a caller must not need to know either.
            opened: HttpStream | HttpProblem = _problem(error, progress.sent)
        else:
            opened = _stream_of(exchange, max_bytes, self._silence_s)
        try:
            yield opened
        finally:
            if exchange is not None:
                await exchange.close()

    def drop_pool(self) -> None:
        """Use new connections from now on; after a sleep the old ones are dead and hang.

        Returns at once. The old ones are closed in the background, and waited for by nobody.
        """
        for transport in (self._direct, self._proxied):
            if transport is not None:
                task = asyncio.get_running_loop().create_task(transport.close())
                self._closing.add(task)
                task.add_done_callback(self._closing.discard)
        self._direct = self._proxied = None

    async def close(self) -> None:
        self.drop_pool()
        if self._closing:
            await asyncio.wait(tuple(self._closing))

    def _opened(self, url: str) -> HttpTransport | None:
        """The transport for `url`, where it is there already."""
        return self._proxied if self._goes_through_proxies(url) else self._direct

    async def _open(self, url: str) -> HttpTransport:
        async with self._opening:
            if self._socket_path is None:
                self._proxy_named = await asyncio.to_thread(_a_proxy_is_named)
            found = self._opened(url)
            if found is not None:
                return found
            through = self._goes_through_proxies(url)
            made = await asyncio.to_thread(self._made, through)
            if through:
                self._proxied = made
            else:
                self._direct = made
            return made

    def _goes_through_proxies(self, url: str) -> bool:
        """Loopback and sockets are never asked for through a proxy."""
        return self._proxy_named and not is_loopback(urlsplit(url).hostname or "")

    def _made(self, through_proxies: bool) -> HttpTransport:
        """Runs in a thread: importing a transport would hold the loop."""
        if through_proxies:
            from .http_proxied import ProxiedTransport

            return ProxiedTransport(self._connect_s)
        from .http_direct import DirectTransport

        return DirectTransport(self._socket_path, self._connect_s)


class HttpStream:
    """An answer whose body has not been read yet."""

    def __init__(self, exchange: HttpExchange, left: int, silence_s: float) -> None:
        self.status = exchange.status
        self.headers = exchange.headers
        self._exchange = exchange
        self._left = left
        self._silence_s = silence_s

    async def read(self, timeout_s: float) -> bytes | HttpProblem:
        """The next piece of the body, within `timeout_s`; empty at its end."""
        try:
            async with asyncio.timeout(max(min(timeout_s, self._silence_s), 0.0)):
                piece = await self._exchange.piece()
        except Exception as error:
            # The same as in `stream`: whatever happened, the caller gets a kind.
            return _problem(error, sent=True)
        self._left -= len(piece)
        if self._left < 0:
            return HttpProblem(HttpProblemKind.TOO_LARGE, sent=True)
        return piece


def _a_proxy_is_named() -> bool:
    """Whether the environment or the system's settings name a proxy for anything.

    Elsewhere than on Windows and macOS nothing but the environment is asked, and without loading
    `urllib.request`, which brings the library's own HTTP and mail with it.
    """
    if sys.platform in ("win32", "darwin"):
        from urllib.request import getproxies

        return any(scheme != "no" for scheme in getproxies())
    named = ("http_proxy", "https_proxy", "all_proxy")
    return any(value and name.lower() in named for name, value in os.environ.items())


def _stream_of(
    exchange: HttpExchange, max_bytes: int, silence_s: float
) -> HttpStream | HttpProblem:
    if exchange.status == 407:  # noqa: PLR2004  Proxy Authentication Required, RFC 9110 §15.5.8
        return HttpProblem(HttpProblemKind.PROXY, sent=False)
    if exchange.header_count > MAX_HEADERS:
        return HttpProblem(HttpProblemKind.TOO_LARGE, sent=True)
    if exchange.headers.get("content-encoding", "identity").lower() != "identity":
        # We accept only `identity`; unfolding another coding could not be bounded.
        return HttpProblem(HttpProblemKind.PROTOCOL, sent=True)
    return HttpStream(exchange, max_bytes, silence_s)


def _problem(error: Exception, sent: bool) -> HttpProblem:
    match error:
        case HttpFailure():
            kind = error.kind
        case TimeoutError():
            kind = HttpProblemKind.TIMEOUT
        case _:
            kind = HttpProblemKind.PROTOCOL
    said = str(error) if isinstance(error, HttpFailure) else type(error).__name__
    log.debug("no answer: %s (%s)", kind, said)
    return HttpProblem(kind, sent)
