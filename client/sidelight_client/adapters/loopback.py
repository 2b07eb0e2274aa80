"""The one-shot listener on 127.0.0.1 that receives the browser's redirect after a sign-in.

RFC 8252 §7.3 and §8.3: bound to the loopback address and not to a name, gone after one answer.
Other programs and web pages on the machine can reach it, so it believes nothing without `state`.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hmac
import logging
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from urllib.parse import parse_qsl, urlsplit

from ..domain.identity.secret import Secret

log = logging.getLogger("sidelight.identity")

REQUEST_MAX_BYTES = 16 * 1024
REQUEST_MAX_S = 5.0
REQUESTS_AT_ONCE = 8
_PAGE_MAX_S = 1.0
_FIELDS_MAX = 32

_DONE = (
    "Sign-in received",
    "You can close this tab; your editor or terminal goes on from here.",
)
_REFUSED_BY_PROVIDER = (
    "The sign-in did not finish",
    "The sign-in service refused it. Your editor or terminal says why.",
)
_NOT_OURS = (
    "This page belongs to no sign-in",
    "Nothing was changed. Start the sign-in again from your editor or terminal.",
)
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Sidelight: {title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body{{font:1.1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:20vh auto;padding:0 1rem;
color:#1b1f24;background:#fff}}@media(prefers-color-scheme:dark){{body{{color:#e6e6e6;
background:#15181c}}}}</style></head>
<body><main><h1>{title}</h1><p>{text}</p></main></body></html>
"""


class RedirectListener:
    """Waits for the redirect that carries the right `state`; every other request is turned away.

    Attributes:
        redirect_uri: where the provider is to send the browser.
    """

    def __init__(self, path: str, state: Secret) -> None:
        self._path = path
        self._state = state
        self._port = 0
        self._open = 0
        self._answer: asyncio.Future[Mapping[str, str]] = asyncio.get_running_loop().create_future()

    @property
    def redirect_uri(self) -> str:
        return f"http://127.0.0.1:{self._port}{self._path}"

    async def answer(self) -> Mapping[str, str]:
        """The redirect's parameters: `code`, or `error`. Wait with a limit."""
        return await asyncio.shield(self._answer)

    async def listen(self, ports: Sequence[int]) -> asyncio.Server:
        """Listen on the first port that is free. Raises OSError when none is."""
        last: OSError = OSError(errno.EADDRINUSE, "no port is configured")
        for port in ports:
            try:
                server = await asyncio.start_server(
                    self._serve, "127.0.0.1", port, limit=REQUEST_MAX_BYTES, backlog=8
                )
            except OSError as error:
                last = error
                continue
            self._port = server.sockets[0].getsockname()[1]
            return server
        raise last

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            if self._open <= REQUESTS_AT_ONCE:
                async with asyncio.timeout(REQUEST_MAX_S):
                    status, page = self._reply(await reader.readuntil(b"\r\n\r\n"))
                    writer.write(_response(status, *page))
                    await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            log.debug("identity: a request to the redirect listener was not one")
        finally:
            self._open -= 1
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    def _reply(self, head: bytes) -> tuple[int, tuple[str, str]]:
        """Status and page for a request; the right one also ends the waiting."""
        lines = head.decode("latin-1").split("\r\n")
        method, _, rest = lines[0].partition(" ")
        target, _, version = rest.rpartition(" ")
        hosts = [
            value.strip().lower()
            for name, _, value in (line.partition(":") for line in lines[1:])
            if name.strip().lower() == "host"
        ]
        # A page that rebinds its own DNS name to 127.0.0.1 is told apart by its Host.
        if hosts not in ([f"127.0.0.1:{self._port}"], [f"localhost:{self._port}"]):
            return 400, _NOT_OURS
        if method != "GET" or not version.startswith("HTTP/1."):
            return 405, _NOT_OURS
        parameters = self._parameters(target)
        if parameters is None:
            return 404, _NOT_OURS
        given = parameters.get("state", "")
        if not hmac.compare_digest(given.encode(), self._state.reveal().encode()):
            return 400, _NOT_OURS
        if not self._answer.done():
            self._answer.set_result(parameters)
        return 200, _DONE if "code" in parameters else _REFUSED_BY_PROVIDER

    def _parameters(self, target: str) -> Mapping[str, str] | None:
        try:
            parts = urlsplit(target)
            pairs = parse_qsl(parts.query, keep_blank_values=True, max_num_fields=_FIELDS_MAX)
        except ValueError:
            return None
        if parts.path != self._path or parts.netloc:
            return None
        parameters = dict(pairs)
        # A parameter given twice has no meaning (RFC 6749 §3.1).
        return parameters if len(parameters) == len(pairs) else None


def _response(status: int, title: str, text: str) -> bytes:
    body = _PAGE.format(title=title, text=text).encode()
    reason = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed"}[status]
    head = (
        f"HTTP/1.1 {status} {reason}\r\n"
        "Content-Type: text/html; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\n"
        "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; "
        "frame-ancestors 'none'\r\n"
        "Cache-Control: no-store\r\n"
        "Referrer-Policy: no-referrer\r\n"
        "X-Content-Type-Options: nosniff\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode() + body


@asynccontextmanager
async def redirect_listener(
    path: str, state: Secret, ports: Sequence[int] = ()
) -> AsyncGenerator[RedirectListener]:
    """A listener for the block's duration: on the first free of `ports`, or on any port.

    Fixed ports are for providers that compare the whole redirect address. Raises OSError when
    none is free.
    """
    listener = RedirectListener(path, state)
    server = await listener.listen(ports or (0,))
    try:
        yield listener
    finally:
        server.close()
        # Let the page reach the browser; from Python 3.12 on this waits for connections too.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PAGE_MAX_S):
                await server.wait_closed()
