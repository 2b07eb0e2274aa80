"""HTTP/1.1 over a pair of asyncio streams: h11's grammar under size caps and time limits, for both ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qsl

import h11

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class WireLimits:
    """Caps in bytes and times in seconds. A peer that goes past one of them is told and cut off."""

    head_bytes: int = 16_384
    body_bytes: int = 1_048_576
    head_s: float = 10.0
    """From the first byte of a request's head to its end: a drip-feeding client holds no socket."""
    body_s: float = 30.0
    idle_s: float = 330.0
    """Between requests; longer than clients keep pooled connections (300 s), so that they close first."""
    write_s: float = 30.0
    """How long a client may refuse to read before it is dropped."""


class WireError(Exception):
    """The peer sent what cannot be served; `status` is the answer it deserves."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class CutConnectionError(Exception):
    """Raised by a response body to drop the connection without finishing the response."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request with its whole body. Header names are in lower case."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Response:
    """One response; a body that is an iterator is streamed and closed when the client leaves."""

    status: int
    headers: Headers = ()
    body: bytes | AsyncGenerator[bytes] = b""


class ServerWire:
    """The server's end of one connection."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limits: WireLimits
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._limits = limits
        self._h11 = h11.Connection(h11.SERVER, max_incomplete_event_size=limits.head_bytes)

    async def next_request(self) -> Request | None:
        """The next request, or None when the client has closed or stayed idle.

        Raises:
            WireError: the request is malformed, too large or too slow.
        """
        try:
            if not self._h11.trailing_data[0]:
                async with asyncio.timeout(self._limits.idle_s):
                    data = await self._reader.read(65_536)
                self._h11.receive_data(data)
        except TimeoutError:
            return None
        try:
            async with asyncio.timeout(self._limits.head_s):
                event = await self._next_event()
            if not isinstance(event, h11.Request):
                return None
            head = _request_head(event)
            if int(head.headers.get("content-length", "0")) > self._limits.body_bytes:
                raise WireError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the body is too large")
            async with asyncio.timeout(self._limits.body_s):
                body = await self._body()
        except TimeoutError:
            raise WireError(HTTPStatus.REQUEST_TIMEOUT, "the request came too slowly") from None
        except h11.RemoteProtocolError as error:
            # h11's own text may quote what was sent; the status says enough.
            raise WireError(error.error_status_hint, "this is not HTTP/1.1") from None
        return Request(head.method, head.path, head.query, head.headers, body)

    async def client_left(self) -> None:
        """Return when the client has closed its side, or pipelines more than can be held.

        Half-closing counts as leaving: no HTTP client in use here sends its end of stream and
        then waits for the answer, and a closed editor must stop the work at once.
        """
        held = 0
        while held <= self._limits.head_bytes:
            data = await self._reader.read(65_536)
            if not data:
                return
            held += len(data)
            self._h11.receive_data(data)

    async def send(self, response: Response, method: str = "GET") -> bool:
        """Send `response`; True when the connection can carry another request.

        Raises:
            CutConnectionError: the body asked for the connection to be dropped.
            TimeoutError: the client does not read.
            OSError: the client is gone.
        """
        body = response.body
        headers = [*response.headers]
        if isinstance(body, bytes) and response.status != HTTPStatus.NOT_MODIFIED:
            headers.append(("content-length", str(len(body))))
        await self._write(h11.Response(status_code=response.status, headers=headers))
        if method != "HEAD" and response.status != HTTPStatus.NOT_MODIFIED:
            if isinstance(body, bytes):
                await self._write(h11.Data(data=body))
            else:
                async for piece in body:
                    await self._write(h11.Data(data=piece))
        await self._write(h11.EndOfMessage())
        if (self._h11.our_state, self._h11.their_state) != (h11.DONE, h11.DONE):
            return False
        self._h11.start_next_cycle()
        return True

    @property
    def can_answer(self) -> bool:
        """Whether a response may still begin."""
        return self._h11.our_state in (h11.IDLE, h11.SEND_RESPONSE)

    async def drain_input(self, max_bytes: int = 262_144, max_s: float = 0.5) -> None:
        """Read away what is still arriving, for a moment.

        Closing over unread data resets the connection, and the client would lose the answer that
        explains the refusal (RFC 9112 §9.6).
        """
        try:
            async with asyncio.timeout(max_s):
                if self._writer.can_write_eof():
                    self._writer.write_eof()
                while max_bytes > 0 and (data := await self._reader.read(65_536)):
                    max_bytes -= len(data)
        except (TimeoutError, OSError):
            return

    async def _next_event(self) -> object:
        while (event := self._h11.next_event()) is h11.NEED_DATA:
            if self._h11.they_are_waiting_for_100_continue:
                await self._write(h11.InformationalResponse(status_code=100, headers=[]))
            self._h11.receive_data(await self._reader.read(65_536))
        return event

    async def _body(self) -> bytes:
        body = bytearray()
        while isinstance(event := await self._next_event(), h11.Data):
            body += event.data
            if len(body) > self._limits.body_bytes:
                raise WireError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the body is too large")
        if not isinstance(event, h11.EndOfMessage):
            raise WireError(HTTPStatus.BAD_REQUEST, "the body ended early")
        return bytes(body)

    async def _write(self, event: h11.Event) -> None:
        data = self._h11.send(event)
        if data:
            self._writer.write(data)
            async with asyncio.timeout(self._limits.write_s):
                await self._writer.drain()


def _request_head(event: h11.Request) -> Request:
    headers: dict[str, str] = {}
    for name_bytes, value_bytes in event.headers:
        name, value = name_bytes.decode("ascii"), value_bytes.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    if event.http_version not in (b"1.0", b"1.1"):
        reason = "only HTTP/1.1 is spoken here"
        raise WireError(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, reason)
    target = event.target.decode("ascii", "replace")
    if not target.startswith("/"):
        raise WireError(HTTPStatus.BAD_REQUEST, "the target is not a path on this server")
    path, _, query = target.partition("?")
    return Request(event.method.decode("ascii"), path, form_fields(query), headers)


MAX_FIELDS = 64


def form_fields(text: str) -> dict[str, str]:
    """The fields of a query or form; raises WireError for too many. The last of a name wins."""
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS))
    except ValueError:
        raise WireError(HTTPStatus.BAD_REQUEST, "the query has too many fields") from None


class ClientWire:
    """The client's end of one connection: one request, one streamed response."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._h11 = h11.Connection(h11.CLIENT, max_incomplete_event_size=65_536)

    async def ask(self, method: str, target: str, headers: Headers, body: bytes = b"") -> int:
        """Send a request and return the response's status; raises WireError or OSError."""
        head = (*headers, ("content-length", str(len(body))), ("connection", "close"))
        sent = self._h11.send(h11.Request(method=method, target=target, headers=list(head)))
        sent = (sent or b"") + (self._h11.send(h11.Data(data=body)) or b"")
        self._writer.write(sent + (self._h11.send(h11.EndOfMessage()) or b""))
        await self._writer.drain()
        while isinstance(event := await self._next_event(), h11.InformationalResponse):
            pass
        if not isinstance(event, h11.Response):
            raise WireError(HTTPStatus.BAD_GATEWAY, "the server closed without an answer")
        return event.status_code

    async def pieces(self) -> AsyncIterator[bytes]:
        """The response's body as it arrives; raises WireError when it ends early."""
        while isinstance(event := await self._next_event(), h11.Data):
            yield bytes(event.data)
        if not isinstance(event, h11.EndOfMessage):
            raise WireError(HTTPStatus.BAD_GATEWAY, "the answer ended early")

    async def _next_event(self) -> object:
        try:
            while (event := self._h11.next_event()) is h11.NEED_DATA:
                self._h11.receive_data(await self._reader.read(65_536))
        except h11.RemoteProtocolError:
            raise WireError(HTTPStatus.BAD_GATEWAY, "the answer is not HTTP/1.1") from None
        return event
