"""Exchanges where the system names a proxy: httpx knows tunnels, proxy credentials and exceptions.

The only importer of httpx. It is imported where a proxy is named and nowhere else, because it
costs 7 MiB and takes three times as long for a request as `http_direct` does.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import logging
import os
import ssl
import sys
from collections.abc import Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx

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

CLOSE_S = 5.0
_CLOSED_EARLY = ("disconnected", "peer closed")


class ProxiedTransport:
    """The connections of one client that go through whatever proxy the system names for them."""

    def __init__(self, connect_s: float) -> None:
        """Made in a thread: what httpx imports with its first connection would hold the loop."""
        trust = system_trust()
        # Their INFO lines contain whole addresses, queries included.
        for noisy in ("httpx", "httpcore"):
            logging.getLogger(noisy).setLevel(logging.WARNING)
        # httpcore tries to import sniffio several times a request, and a module that is missing is
        # looked for on the whole path each time. None says at once that it is not there.
        if importlib.util.find_spec("sniffio") is None:
            sys.modules["sniffio"] = None  # type: ignore[assignment] # pyright: ignore[reportArgumentType]
        asyncio.run(_load_backend(trust))
        self._client = httpx.AsyncClient(
            verify=trust,
            limits=httpx.Limits(
                max_connections=MAX_CONNECTIONS,
                max_keepalive_connections=MAX_IDLE,
                keepalive_expiry=KEEP_ALIVE_S,
            ),
            follow_redirects=False,
            timeout=httpx.Timeout(None, connect=connect_s, pool=connect_s),
            # A cookie of a login page in between must not come along with the next request.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )

    async def open(self, asked: HttpAsked, progress: Progress) -> ProxiedExchange:
        """Send `asked` and wait for the head of its answer; raises HttpFailure."""
        trace = _Trace(progress)
        try:
            request = self._client.build_request(
                asked.method,
                asked.url,
                headers=asked.revealed(),
                content=asked.body,
                extensions={"trace": trace.saw},
            )
            response = await self._client.send(request, stream=True)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, ValueError) as error:
            raise HttpFailure(_kind(error, trace.step), type(error).__name__) from error
        return ProxiedExchange(response)

    async def close(self) -> None:
        """Close in bounded time; a dead TLS peer would be waited for."""
        with contextlib.suppress(Exception):
            async with asyncio.timeout(CLOSE_S):
                await self._client.aclose()


class ProxiedExchange:
    """One answer of httpx, read piece by piece."""

    def __init__(self, response: httpx.Response) -> None:
        self._response = response
        self._pieces = response.aiter_raw().__aiter__()
        self.status = response.status_code
        self.header_count = len(response.headers.raw)
        self.headers: Mapping[str, str] = {
            name.lower(): value for name, value in response.headers.items()
        }

    async def piece(self) -> bytes:
        """The next bytes of the body; empty at its end. Raises HttpFailure."""
        try:
            return await anext(self._pieces, b"")
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            raise HttpFailure(_kind(error, ""), type(error).__name__) from error

    async def close(self) -> None:
        """Give the connection back, or close it where the answer was not read to its end."""
        with contextlib.suppress(Exception):
            await self._response.aclose()


class _Trace:
    """What httpcore says it is doing, as far as it tells how a failure is to be understood."""

    def __init__(self, progress: Progress) -> None:
        self.step = ""
        self._progress = progress

    async def saw(self, event: str, info: Mapping[str, Any]) -> None:
        if not event.endswith(".started"):
            return
        self.step = event
        # A CONNECT to the proxy is not yet the request.
        if event.endswith("send_request_headers.started") and info["request"].method != b"CONNECT":
            self._progress.sent = True


def _kind(error: Exception, step: str) -> HttpProblemKind:
    match error:
        case TimeoutError() | httpx.TimeoutException():
            return HttpProblemKind.TIMEOUT
        case httpx.ProxyError():
            return HttpProblemKind.PROXY
        case httpx.ConnectError():
            return connect_problem(error, step)
        case httpx.RemoteProtocolError() if any(word in str(error) for word in _CLOSED_EARLY):
            return HttpProblemKind.RESET
        case httpx.NetworkError() | httpx.StreamClosed() | ConnectionError():
            return HttpProblemKind.RESET
        case _:
            return HttpProblemKind.PROTOCOL


async def _load_backend(trust: ssl.SSLContext) -> None:
    """Make the library import what it imports with its first connection: 30 ms, so not on the loop.

    The connection goes nowhere: the null device is no socket.
    """
    nowhere = httpx.AsyncHTTPTransport(verify=trust, uds=os.devnull, trust_env=False)
    async with httpx.AsyncClient(transport=nowhere, verify=trust, trust_env=False) as client:
        with contextlib.suppress(httpx.TransportError):
            await client.get("http://localhost/")
