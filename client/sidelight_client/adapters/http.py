"""HTTP for everything that leaves this process: bounded in time and size, verified, and never raising.

The only importer of httpx and truststore. Both are imported with the first request and off the
loop: together with the system's certificates they cost tens of milliseconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import logging
import os
import ssl
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .. import __version__
from ..domain.identity.secret import Secret
from .http_answer import (
    Headers,
    HttpAnswer,
    HttpProblem,
    HttpProblemKind,
    connect_problem,
    is_loopback,
)

if TYPE_CHECKING:
    import httpx

__all__ = [
    "Headers",
    "HttpAnswer",
    "HttpClient",
    "HttpProblem",
    "HttpProblemKind",
    "HttpStream",
    "HttpTimeouts",
    "is_loopback",
]

log = logging.getLogger("sidelight.http")

KEEP_ALIVE_S = 600.0
"""httpx forgets an idle connection after 5 s; a thinking pause would then cost TCP and TLS again."""
MAX_HEADERS = 200
"""How many response headers are accepted; h11 bounds their size to 100 kB."""
MAX_BYTES = 1_000_000
CLOSE_S = 5.0


@dataclass(frozen=True, slots=True)
class HttpTimeouts:
    """Seconds. `read_s` is the longest silence while waiting for bytes."""

    connect_s: float = 2.5
    read_s: float = 30.0
    write_s: float = 10.0


class HttpClient:
    """One pool of kept-alive connections. Every method returns; only cancellation is raised."""

    def __init__(
        self, socket_path: Path | None = None, *, timeouts: HttpTimeouts | None = None
    ) -> None:
        """With `socket_path` every request goes over that Unix socket, whatever its host."""
        self._socket_path = socket_path
        self._timeouts = timeouts or HttpTimeouts()
        self._trust: ssl.SSLContext | None = None
        self._direct: httpx.AsyncClient | None = None
        self._through_proxies: httpx.AsyncClient | None = None
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
        trace = _Trace()
        response: httpx.Response | None = None
        try:
            async with asyncio.timeout(max(timeout_s, 0.0)):
                client = await self._client(url)
                response = await client.send(
                    client.build_request(
                        method,
                        url,
                        headers={
                            name: value.reveal() if isinstance(value, Secret) else value
                            for name, value in (headers or {}).items()
                        },
                        content=body,
                        extensions={"trace": trace.saw},
                    ),
                    stream=True,
                )
        except Exception as error:
            # Whatever a peer or a library does ends here: a caller must not need to know httpx.
            opened: HttpStream | HttpProblem = _problem(error, trace)
        else:
            opened = _opened(response, trace, max_bytes)
        try:
            yield opened
        finally:
            if response is not None:
                with contextlib.suppress(Exception):
                    await response.aclose()

    def drop_pool(self) -> None:
        """Use new connections from now on; after a sleep the old ones are dead and hang.

        Returns at once. The old ones are closed in the background, and waited for by nobody.
        """
        for client in (self._direct, self._through_proxies):
            if client is not None:
                task = asyncio.get_running_loop().create_task(_close(client))
                self._closing.add(task)
                task.add_done_callback(self._closing.discard)
        self._direct = self._through_proxies = None

    async def close(self) -> None:
        self.drop_pool()
        if self._closing:
            await asyncio.wait(tuple(self._closing))

    async def _client(self, url: str) -> httpx.AsyncClient:
        """The client for `url`: loopback and sockets are never asked for through a proxy."""
        direct = self._socket_path is not None or is_loopback(urlsplit(url).hostname or "")
        found = self._direct if direct else self._through_proxies
        if found is not None:
            return found
        async with self._opening:
            found = self._direct if direct else self._through_proxies
            if found is None:
                found = await asyncio.to_thread(self._open, direct)
                if direct:
                    self._direct = found
                else:
                    self._through_proxies = found
            return found

    def _open(self, direct: bool) -> httpx.AsyncClient:
        """Runs in a thread: importing httpx and reading certificates would hold the loop."""
        import httpx

        # Their INFO lines contain whole addresses, queries included.
        for noisy in ("httpx", "httpcore"):
            logging.getLogger(noisy).setLevel(logging.WARNING)
        # httpcore tries to import sniffio several times a request, and a module that is missing is
        # looked for on the whole path each time. None says at once that it is not there.
        if importlib.util.find_spec("sniffio") is None:
            sys.modules["sniffio"] = None  # type: ignore[assignment] # pyright: ignore[reportArgumentType]
        if self._trust is None:
            self._trust = system_trust()
            asyncio.run(_load_backend(self._trust))
        limits = httpx.Limits(
            max_connections=32, max_keepalive_connections=8, keepalive_expiry=KEEP_ALIVE_S
        )
        transport = None
        if self._socket_path is not None:
            transport = httpx.AsyncHTTPTransport(
                verify=self._trust, limits=limits, uds=str(self._socket_path), trust_env=False
            )
        return httpx.AsyncClient(
            verify=self._trust,
            transport=transport,
            trust_env=not direct,
            limits=limits,
            follow_redirects=False,
            timeout=httpx.Timeout(
                self._timeouts.read_s,
                connect=self._timeouts.connect_s,
                write=self._timeouts.write_s,
                pool=self._timeouts.connect_s,
            ),
            # Without compression a small answer cannot unfold into a large one.
            headers={"User-Agent": f"sidelight/{__version__}", "Accept-Encoding": "identity"},
            # A cookie of a login page in between must not come along with the next request.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )


async def _load_backend(trust: ssl.SSLContext) -> None:
    """Make the library import what it imports with its first connection: 30 ms, so not on the loop.

    The connection goes nowhere: the null device is no socket.
    """
    import httpx

    nowhere = httpx.AsyncHTTPTransport(verify=trust, uds=os.devnull, trust_env=False)
    async with httpx.AsyncClient(transport=nowhere, verify=trust, trust_env=False) as client:
        with contextlib.suppress(httpx.TransportError):
            await client.get("http://localhost/")


class HttpStream:
    """An answer whose body has not been read yet."""

    def __init__(
        self, status: int, headers: Mapping[str, str], response: Any, trace: _Trace, left: int
    ) -> None:
        self.status = status
        self.headers = headers
        self._pieces = response.aiter_raw().__aiter__()
        self._trace = trace
        self._left = left

    async def read(self, timeout_s: float) -> bytes | HttpProblem:
        """The next piece of the body, within `timeout_s`; empty at its end."""
        try:
            async with asyncio.timeout(max(timeout_s, 0.0)):
                piece: bytes = await anext(self._pieces, b"")
        except Exception as error:
            # The same as in `stream`: whatever happened, the caller gets a kind.
            return _problem(error, self._trace)
        self._left -= len(piece)
        if self._left < 0:
            return HttpProblem(HttpProblemKind.TOO_LARGE, sent=True)
        return piece


def system_trust() -> ssl.SSLContext:
    """A TLS client context that trusts what the system trusts; it always verifies.

    Where OpenSSL knows the system's certificates they are read once. truststore would read them
    for each connection again, which holds the loop for 45 ms; elsewhere (Windows, macOS, unusual
    Linux layouts) it is the only one who finds the company's CA.
    """
    known = ssl.get_default_verify_paths()
    if sys.platform not in ("win32", "darwin") and known.cafile:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_default_certs()
        return context
    import truststore

    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class _Trace:
    """What httpcore says it is doing, as far as it tells how a failure is to be understood."""

    def __init__(self) -> None:
        self.sent = False
        self.step = ""

    async def saw(self, event: str, info: Mapping[str, Any]) -> None:
        if not event.endswith(".started"):
            return
        self.step = event
        # A CONNECT to the proxy is not yet the request.
        if event.endswith("send_request_headers.started"):
            self.sent = self.sent or info["request"].method != b"CONNECT"


def _opened(response: httpx.Response, trace: _Trace, max_bytes: int) -> HttpStream | HttpProblem:
    if response.status_code == 407:  # noqa: PLR2004  Proxy Authentication Required, RFC 9110 §15.5.8
        return HttpProblem(HttpProblemKind.PROXY, sent=False)
    if len(response.headers.raw) > MAX_HEADERS:
        return HttpProblem(HttpProblemKind.TOO_LARGE, sent=True)
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        # We accept only `identity`; unfolding another coding could not be bounded.
        return HttpProblem(HttpProblemKind.PROTOCOL, sent=True)
    headers = {name.lower(): value for name, value in response.headers.items()}
    return HttpStream(response.status_code, headers, response, trace, max_bytes)


def _problem(error: Exception, trace: _Trace) -> HttpProblem:
    kind = _kind(error, trace)
    log.debug("no answer: %s (%s) at %s", kind, type(error).__name__, trace.step or "start")
    return HttpProblem(kind, trace.sent)


_CLOSED_EARLY = ("disconnected", "peer closed")


def _kind(error: Exception, trace: _Trace) -> HttpProblemKind:
    import httpx

    match error:
        case TimeoutError() | httpx.TimeoutException():
            return HttpProblemKind.TIMEOUT
        case httpx.ProxyError():
            return HttpProblemKind.PROXY
        case httpx.ConnectError():
            return connect_problem(error, trace.step)
        case httpx.RemoteProtocolError() if any(word in str(error) for word in _CLOSED_EARLY):
            return HttpProblemKind.RESET
        case httpx.NetworkError() | httpx.StreamClosed() | ConnectionError():
            return HttpProblemKind.RESET
        case _:
            return HttpProblemKind.PROTOCOL


async def _close(client: httpx.AsyncClient) -> None:
    """Close in bounded time; a dead TLS peer would be waited for."""
    with contextlib.suppress(Exception):
        async with asyncio.timeout(CLOSE_S):
            await client.aclose()
