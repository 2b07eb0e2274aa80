"""One client's socket in the broker: frames in, frames out, descriptors only where they are asked for.

The socket is raw and non-blocking because asyncio's streams cannot receive descriptors (SCM_RIGHTS).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import AsyncIterator

from ..ports import Clock
from .frames import FrameBuffer, Json, WireError, decode, encode, malformed

_CHUNK = 1 << 16

_FRAMES_A_TURN = 32
"""After so many messages of one client it is everybody else's turn on the loop."""

DESCRIPTOR_LIMIT = 4
"""How many descriptors one client may have on the way; an attach brings two or three."""

STUCK_S = 30.0
"""A client that has taken nothing for so long is dropped."""


class Connection:
    """Reads and writes frames; never waits for a client longer than `stuck_s`."""

    def __init__(self, link: socket.socket, clock: Clock, *, stuck_s: float = STUCK_S) -> None:
        self._link = link
        self._clock = clock
        self._stuck_s = stuck_s
        self._buffer = FrameBuffer()
        self._descriptors: list[int] = []
        self._sending = asyncio.Lock()
        self._open = True

    async def frames(self) -> AsyncIterator[Json | WireError]:
        """Every message until the client is gone; a WireError where one cannot be taken.

        Descriptors that came with a message other than the one that takes them are closed.
        """
        while True:
            received = await self._receive()
            if received is None:
                break
            chunk, problem = received
            if problem is not None:
                yield problem
            try:
                lines = self._buffer.feed(chunk)
            except WireError as error:
                yield error
                break
            for count, line in enumerate(lines, start=1):
                if not self._open:
                    return  # Hung up on: what it still had to say is not worth anybody's time.
                yield _parsed(line)
                if count % _FRAMES_A_TURN == 0:
                    await asyncio.sleep(0)
            if self._descriptors and not self._buffer.partial:
                self._close_descriptors()
                yield malformed("only attach may bring descriptors")
        if self._buffer.partial and self._open:
            yield malformed("it ended in the middle")

    def take_descriptors(self) -> list[int]:
        """The descriptors received and not yet taken; whoever takes them closes them."""
        taken, self._descriptors = self._descriptors, []
        return taken

    async def send(self, message: Json) -> None:
        """Send one message; one that is gone or stuck is dropped, which ends `frames`.

        Raises:
            WireError: the message is longer than a frame may be.
        """
        line = encode(message)
        async with self._sending:
            if not self._open:
                return
            try:
                sent = self._link.send(line)
            except BlockingIOError:
                sent = 0
            except OSError:
                self.hang_up()
                return
            if sent < len(line):
                await self._send_slowly(line[sent:])

    async def _send_slowly(self, rest: bytes) -> None:
        limit = asyncio.ensure_future(self._drop_when_stuck())
        try:
            await asyncio.get_running_loop().sock_sendall(self._link, rest)
        except OSError:
            self.hang_up()
        except asyncio.CancelledError:
            self.hang_up()  # Half a message is out: nothing after it could be understood.
            raise
        finally:
            limit.cancel()

    async def _drop_when_stuck(self) -> None:
        await self._clock.sleep(self._stuck_s)
        self.hang_up()

    def hang_up(self) -> None:
        """End the conversation; `frames` comes to its end at once."""
        if self._open:
            self._open = False
            with contextlib.suppress(OSError):
                self._link.shutdown(socket.SHUT_RDWR)

    def detach(self) -> int:
        """The socket itself as a descriptor, for a session to speak over; this object is done.

        Raises:
            WireError: bytes behind the message are here already, and would be lost.
        """
        if self._buffer.partial:
            raise malformed("the session's bytes came before it was attached")
        self._open = False
        return self._link.detach()

    def close(self) -> None:
        """Release everything. Only after `frames` has ended or been left."""
        self._open = False
        self._close_descriptors()
        self._link.close()

    async def _receive(self) -> tuple[bytes, WireError | None] | None:
        while True:
            try:
                chunk, problem = self._receive_now()
            except (BlockingIOError, InterruptedError):
                await self._readable()
            except OSError:
                return None
            else:
                return (chunk, problem) if chunk else None

    def _receive_now(self) -> tuple[bytes, WireError | None]:
        if sys.platform == "win32" or self._link.family != socket.AF_UNIX:
            return self._link.recv(_CHUNK), None
        # Above DESCRIPTOR_LIMIT the kernel closes the rest by itself and says so with MSG_CTRUNC.
        chunk, descriptors, flags, _ = socket.recv_fds(
            self._link, _CHUNK, DESCRIPTOR_LIMIT, getattr(socket, "MSG_CMSG_CLOEXEC", 0)
        )
        self._descriptors += descriptors
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)
        if flags & socket.MSG_CTRUNC or len(self._descriptors) > DESCRIPTOR_LIMIT:
            self._close_descriptors()
            return chunk, malformed(f"it brought more than {DESCRIPTOR_LIMIT} descriptors")
        return chunk, None

    async def _readable(self) -> None:
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()
        loop.add_reader(self._link, _wake, ready)
        try:
            await ready
        finally:
            loop.remove_reader(self._link)

    def _close_descriptors(self) -> None:
        for descriptor in self.take_descriptors():
            with contextlib.suppress(OSError):
                os.close(descriptor)


def _wake(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


def _parsed(line: bytes) -> Json | WireError:
    try:
        return decode(line)
    except WireError as error:
        return error
