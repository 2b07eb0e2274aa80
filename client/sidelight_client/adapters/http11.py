"""One connection that speaks HTTP/1.1: h11's grammar right on asyncio's transport, without a task."""

from __future__ import annotations

import asyncio
import select
from typing import NamedTuple

import h11

from .http_answer import HttpProblemKind
from .http_exchange import HttpFailure

MAX_HEAD_BYTES = 100 * 1024
MAX_UNREAD_BYTES = 256 * 1024
"""What may wait to be read; beyond it the peer is made to wait."""


class Head(NamedTuple):
    """How an answer begins."""

    status: int
    headers: list[tuple[bytes, bytes]]
    """As they came, names in lower case."""


class Http11Connection(asyncio.Protocol):
    """The client's end. One exchange at a time: `send`, `head`, `piece` until empty, `renewed`."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._grammar = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD_BYTES)
        self.transport: asyncio.Transport | None = None
        """Replaced by its owner where TLS is put over the connection."""
        self._arrival: asyncio.Future[None] | None = None
        self._unread = 0
        self._ended = False
        self._body_read = False
        self.idle_since = 0.0
        """The loop's time at which the last exchange was over."""

    # --- what asyncio calls --------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._unread += len(data)
        self._grammar.receive_data(data)
        if self._unread > MAX_UNREAD_BYTES and self.transport is not None:
            self.transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        self._end()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  asyncio names it.
        self._end()

    def _end(self) -> None:
        if not self._ended:
            self._ended = True
            self._grammar.receive_data(b"")
        self._wake()

    def _wake(self) -> None:
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)

    @property
    def has_received(self) -> bool:
        """Whether bytes came that no exchange has read yet."""
        return self._unread > 0

    # --- one exchange --------------------------------------------------------------------------

    def send(
        self, method: str, target: str, headers: list[tuple[str, str]], body: bytes | None
    ) -> None:
        """Have the whole request written; it is in memory already, so nobody waits for that.

        Raises HttpFailure, before anything is written, for what is no request.
        """
        try:
            written = [
                self._grammar.send(h11.Request(method=method, target=target, headers=headers)),
                self._grammar.send(h11.Data(data=body)) if body else b"",
                self._grammar.send(h11.EndOfMessage()),
            ]
        except h11.LocalProtocolError as error:
            raise HttpFailure(HttpProblemKind.PROTOCOL, type(error).__name__) from None
        if self.transport is None or self._ended:
            raise HttpFailure(HttpProblemKind.RESET, "closed before the request")
        self.transport.write(b"".join(part for part in written if part))

    async def head(self) -> Head:
        """The head of the answer. Raises HttpFailure."""
        while isinstance(event := await self._event(), h11.InformationalResponse):
            pass
        if not isinstance(event, h11.Response):
            raise HttpFailure(HttpProblemKind.RESET, "closed without an answer")
        return Head(event.status_code, list(event.headers))

    async def piece(self) -> bytes:
        """The next bytes of the body; empty at its end. Raises HttpFailure."""
        if self._body_read:
            return b""
        event = await self._event()
        if isinstance(event, h11.Data):
            return bytes(event.data)
        self._body_read = True
        return b""

    async def _event(self) -> object:
        while (event := self._next_event()) is h11.NEED_DATA:
            if self._unread > MAX_UNREAD_BYTES and self.transport is not None:
                self.transport.resume_reading()
            self._unread = 0
            self._arrival = self._loop.create_future()
            try:
                await self._arrival
            finally:
                self._arrival = None
        return event

    def _next_event(self) -> object:
        try:
            return self._grammar.next_event()
        except h11.RemoteProtocolError as error:
            # What is cut off is another matter than what is no HTTP. h11 has no other sign of it.
            cut_off = self._ended and str(error).startswith(("peer ", "can't handle event type"))
            kind = HttpProblemKind.RESET if cut_off else HttpProblemKind.PROTOCOL
            # h11's own text may quote what was received.
            raise HttpFailure(kind, type(error).__name__) from None

    # --- between exchanges ---------------------------------------------------------------------

    def renewed(self) -> bool:
        """Make ready for another exchange; False when this connection cannot carry one."""
        grammar, transport = self._grammar, self.transport
        over = grammar.our_state is h11.DONE and grammar.their_state is h11.DONE
        if self._ended or not over or grammar.trailing_data[0]:
            return False
        if transport is None or transport.is_closing() or transport.get_write_buffer_size():
            return False
        grammar.start_next_cycle()
        self._unread = 0
        self._body_read = False
        self.idle_since = self._loop.time()
        return True

    def is_usable(self) -> bool:
        """Whether an idle connection can carry a request, as far as this machine knows.

        After a sleep the peer's end of stream may lie in the socket, not yet seen by the loop; and
        whatever a server says without having been asked is not the answer to the next request.
        """
        transport = self.transport
        if self._ended or self.has_received or transport is None or transport.is_closing():
            return False
        return not _is_readable(transport.get_extra_info("socket").fileno())

    def abort(self) -> None:
        """Close at once; whoever waits for the answer gets a failure."""
        if self.transport is not None:
            self.transport.abort()
        self._end()


def _is_readable(descriptor: int) -> bool:
    if hasattr(select, "poll"):
        poller = select.poll()
        poller.register(descriptor, select.POLLIN)
        return bool(poller.poll(0))
    return bool(select.select([descriptor], [], [], 0)[0])
