"""A small HTTP server for this machine alone: loopback or a Unix socket, one handler, no surprises."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from pathlib import Path

from .http import CutConnectionError, Request, Response, ServerWire, WireError, WireLimits

log = logging.getLogger("sidelight.embedded")

Handler = Callable[[Request], Awaitable[Response]]
Refusal = Callable[[int, str], Response]
"""The response for a status and a reason, for requests that never reach the handler."""

SOCKET_HOST = "sidelight.embedded"
"""The name a client uses in URLs for a server on a Unix socket."""

_LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
_MAX_CONNECTIONS = 64


class HttpServer:
    """Serves `handler`. A client that leaves cancels the handler that works for it.

    Architecture invariant: nothing here binds to an address another host can reach, and a request
    whose Host or Origin is not this server's own is refused, so that a web page cannot reach it
    through a name that resolves to 127.0.0.1 (DNS rebinding).
    """

    def __init__(
        self, handler: Handler, refusal: Refusal, limits: WireLimits | None = None
    ) -> None:
        self._handler = handler
        self._refusal = refusal
        self._limits = limits or WireLimits()
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._hosts: frozenset[str] = frozenset()
        self._socket_path: Path | None = None
        self._socket_inode = 0

    async def start_tcp(self, port: int = 0) -> int:
        """Listen on 127.0.0.1 and return the port. Raises OSError when it is taken."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        bound: int = self._server.sockets[0].getsockname()[1]
        self._hosts = frozenset(f"{name}:{bound}" for name in _LOOPBACK_NAMES)
        return bound

    async def start_unix(self, path: Path) -> None:
        """Listen on a socket only this user can open.

        Raises OSError when the folder is missing, something else lies there, or another server
        answers there already.
        """
        listener, inode = await asyncio.to_thread(_bind_private, path)
        self._server = await asyncio.start_unix_server(self._serve, sock=listener)
        self._hosts = frozenset((SOCKET_HOST,))
        self._socket_path = path
        self._socket_inode = inode

    async def stop(self) -> None:
        """Close every connection, stop the work done for them, and remove the socket."""
        if self._server is None:
            return
        self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None
        if self._socket_path is not None:
            with contextlib.suppress(OSError):
                # Another server may have put its own socket here meanwhile.
                if self._socket_path.stat().st_ino == self._socket_inode:
                    self._socket_path.unlink()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            if len(self._connections) <= _MAX_CONNECTIONS:
                await self._requests(ServerWire(reader, writer, self._limits))
        except (OSError, CutConnectionError, TimeoutError):
            writer.transport.abort()
        except asyncio.CancelledError:
            # Only `stop` cancels a connection; ending it is what was asked for.
            writer.transport.abort()
        except Exception as error:
            # A response that fails after its head was sent can only be broken off.
            log.error("a response failed: %s", type(error).__name__)  # noqa: TRY400  # Text may quote.
            writer.transport.abort()
        finally:
            self._connections.discard(task)
            writer.close()

    async def _requests(self, wire: ServerWire) -> None:
        go_on = True
        while go_on:
            try:
                request = await wire.next_request()
            except WireError as error:
                await self._turn_away(wire, error)
                return
            if request is None:
                return
            go_on = await self._answer(wire, request)

    async def _answer(self, wire: ServerWire, request: Request) -> bool:
        """Work on `request` while watching for the client to leave; True to go on reading."""
        work = asyncio.create_task(self._work(wire, request))
        watch = asyncio.create_task(wire.client_left())
        try:
            await asyncio.wait((work, watch), return_when=asyncio.FIRST_COMPLETED)
            return work.result() if work.done() else False
        finally:
            for task in (work, watch):
                task.cancel()
            await asyncio.gather(work, watch, return_exceptions=True)

    async def _work(self, wire: ServerWire, request: Request) -> bool:
        response = self._misdirected(request)
        try:
            response = response or await self._handler(request)
        except WireError as error:
            response = self._refusal(error.status, error.reason)
        except CutConnectionError:
            raise
        except Exception as error:
            # One request may fail; the server must not. The text of an exception could quote code.
            log.error("a request failed: %s", type(error).__name__)  # noqa: TRY400  # As above.
            response = self._refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "the gateway failed")
        if isinstance(response.body, bytes):
            return await wire.send(response, request.method)
        async with contextlib.aclosing(response.body):
            return await wire.send(response, request.method)

    def _misdirected(self, request: Request) -> Response | None:
        host = request.headers.get("host", "").lower()
        origin = request.headers.get("origin")
        if host not in self._hosts:
            reason = "this server answers only to its own name on this machine"
            return self._refusal(HTTPStatus.MISDIRECTED_REQUEST, reason)
        if origin is not None and origin.lower() != f"http://{host}":
            return self._refusal(HTTPStatus.FORBIDDEN, "requests from web pages are refused")
        return None

    async def _turn_away(self, wire: ServerWire, error: WireError) -> None:
        if wire.can_answer:
            refused = self._refusal(error.status, error.reason)
            headers = (*refused.headers, ("connection", "close"))
            await wire.send(Response(refused.status, headers, refused.body))
            await wire.drain_input()


def _bind_private(path: Path) -> tuple[socket.socket, int]:
    """A socket bound at `path`, born 0600, and its inode; a dead server's socket is replaced."""
    if path.is_socket():
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(1.0)
            try:
                probe.connect(str(path))
            except (ConnectionRefusedError, FileNotFoundError):
                path.unlink(missing_ok=True)
            else:
                raise FileExistsError(f"another server answers at {path}")
    listener = socket.socket(socket.AF_UNIX)
    # The mask is the process's own, so a file made in another thread meanwhile would only be
    # more private than meant.
    before = os.umask(0o177)
    try:
        listener.bind(str(path))
    except BaseException:
        listener.close()
        raise
    finally:
        os.umask(before)
    listener.setblocking(False)
    return listener, path.stat().st_ino
