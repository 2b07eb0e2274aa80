"""A small LSP client over a server's stdio, or any two descriptors, that keeps all traffic."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from .lsp_frames import FrameReader, FramingError, Message, frame
from .lsp_traffic import Direction, Recorded

METHOD_NOT_FOUND = -32601
READ_BYTES = 65_536
ERRORS_KEPT_BYTES = 65_536
LEAVE_WITHIN_S = 5.0
"""How long a server may take to end after `exit`, and again after SIGTERM."""


class RefusedError(Exception):
    """The server answered a request with an error."""

    def __init__(self, method: str, code: int, text: str) -> None:
        super().__init__(f"{method} was refused with {code}: {text}")
        self.method = method
        self.code = code


class ServerGoneError(Exception):
    """The server closed its output or sent what is no message; nothing more will be answered."""


Answer = Callable[[Any], Any]
"""What to answer to a request of the server, from its params."""


def _configuration(params: Any) -> list[None]:
    return [None] * len(params["items"])


_ANSWERS: dict[str, Answer] = {
    "workspace/configuration": _configuration,
    "window/showDocument": lambda _: {"success": True},
    "window/showMessageRequest": lambda _: None,
    "window/workDoneProgress/create": lambda _: None,
    "client/registerCapability": lambda _: None,
    "client/unregisterCapability": lambda _: None,
}


class StdioClient:
    """One session with a language server.

    Attributes:
        traffic: every message both ways, in order.
        answers: what to answer to requests of the server, by method; anything else is refused
            with MethodNotFound.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        process: asyncio.subprocess.Process | None = None,
    ) -> None:
        self.traffic: list[Recorded] = []
        self.answers: dict[str, Answer] = dict(_ANSWERS)
        self._reader = reader
        self._writer = writer
        self._process = process
        self._listening: asyncio.ReadTransport | None = None
        self._started = asyncio.get_running_loop().time()
        self._next_id = 1
        self._waiting: dict[int, tuple[str, asyncio.Future[Any]]] = {}
        self._heard = asyncio.Event()
        self._gone: str | None = None
        self._errors = bytearray()
        self._tasks = [asyncio.create_task(self._listen())]
        if process is not None and process.stderr is not None:
            self._tasks.append(asyncio.create_task(self._keep_errors(process.stderr)))

    @classmethod
    async def start(
        cls,
        command: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> Self:
        """Start `command` and talk to it. Raises OSError when it cannot be started."""
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=env,
            cwd=cwd,
        )
        assert process.stdout is not None
        assert process.stdin is not None
        return cls(process.stdout, process.stdin, process)

    @classmethod
    async def over(cls, read_fd: int, write_fd: int) -> Self:
        """Talk over two descriptors, pipes or sockets; both belong to the client from now on."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        listening, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(read_fd, "rb", 0)
        )
        transport, protocol = await loop.connect_write_pipe(
            lambda: asyncio.StreamReaderProtocol(asyncio.StreamReader()),
            os.fdopen(write_fd, "wb", 0),
        )
        client = cls(reader, asyncio.StreamWriter(transport, protocol, None, loop))
        client._listening = listening
        return client

    # --- what an editor does -----------------------------------------------------------------

    def send_request(self, method: str, params: Any = None) -> tuple[int, asyncio.Future[Any]]:
        """Send a request: its id, and a future of its result, `RefusedError` or `ServerGoneError`."""
        message_id = self._next_id
        self._next_id += 1
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if self._gone is not None:
            future.set_exception(ServerGoneError(self._gone))
            return message_id, future
        self._waiting[message_id] = (method, future)
        self._send({"jsonrpc": "2.0", "id": message_id, "method": method, **_given(params)})
        return message_id, future

    async def request(self, method: str, params: Any = None, *, within_s: float = 10.0) -> Any:
        """Send a request and return its result.

        Raises:
            RefusedError: the server answered with an error.
            ServerGoneError: the server ended before it answered.
            TimeoutError: no answer came in time; the request is cancelled.
        """
        message_id, future = self.send_request(method, params)
        try:
            return await asyncio.wait_for(future, within_s)
        except TimeoutError as error:
            self._waiting.pop(message_id, None)
            self.cancel(message_id)
            raise TimeoutError(f"no answer to {method} within {within_s} s") from error

    def notify(self, method: str, params: Any = None) -> None:
        """Send a notification."""
        self._send({"jsonrpc": "2.0", "method": method, **_given(params)})

    def cancel(self, message_id: int) -> None:
        """Tell the server that a request's answer is not wanted any more."""
        self.notify("$/cancelRequest", {"id": message_id})

    # --- what an editor sees -----------------------------------------------------------------

    def heard(self, method: str) -> list[Any]:
        """The params of every message of the server with this method, in order."""
        return [
            entry.message.get("params")
            for entry in self.traffic
            if entry.direction is Direction.TO_CLIENT and entry.message.get("method") == method
        ]

    async def wait_for(
        self,
        method: str,
        fits: Callable[[Any], bool] = lambda _: True,
        *,
        within_s: float = 10.0,
        after: int = 0,
    ) -> Any:
        """The params of the first message with this method that `fits`, once it has arrived.

        Args:
            method: the method of a notification or request of the server.
            fits: tells from the params whether it is the one.
            within_s: how long to wait, in seconds.
            after: how many messages with this method to leave out.

        Raises:
            TimeoutError: it did not come in time.
            ServerGoneError: it can no longer come.
        """
        async with asyncio.timeout(within_s):
            while True:
                for params in self.heard(method)[after:]:
                    if fits(params):
                        return params
                if self._gone is not None:
                    raise ServerGoneError(self._gone)
                self._heard.clear()
                await self._heard.wait()

    @property
    def errors(self) -> str:
        """The end of what the server wrote to its standard error."""
        return self._errors.decode(errors="replace")

    @property
    def pid(self) -> int | None:
        """The server's process id; None over descriptors."""
        return self._process.pid if self._process is not None else None

    # --- the end -----------------------------------------------------------------------------

    async def shutdown(self) -> int | None:
        """Leave as the protocol wants it and return the server's exit code."""
        await self.request("shutdown")
        self.notify("exit")
        return await self.close()

    async def close(self) -> int | None:
        """End the session whatever state it is in; the exit code, None over descriptors."""
        with contextlib.suppress(OSError):  # The server may have closed its input first.
            self._writer.close()
            await self._writer.wait_closed()
        code = await self._end_process() if self._process is not None else None
        if self._process is not None:
            # What the server said until its end is part of the record.
            await asyncio.wait(self._tasks, timeout=LEAVE_WITHIN_S)
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)
        self._lost("the session is closed")
        if self._listening is not None:
            self._listening.close()
        return code

    async def _end_process(self) -> int:
        """Wait for the process; then ask it to end; then end it, by its own id."""
        assert self._process is not None
        for insist in (self._process.terminate, self._process.kill):
            with contextlib.suppress(TimeoutError):
                return await asyncio.wait_for(self._process.wait(), LEAVE_WITHIN_S)
            with contextlib.suppress(ProcessLookupError):
                insist()
        return await self._process.wait()

    # --- the wire ----------------------------------------------------------------------------

    def _send(self, message: Message) -> None:
        self._record(Direction.TO_SERVER, message)
        if not self._writer.is_closing():
            self._writer.write(frame(message))

    def _record(self, direction: Direction, message: Message) -> None:
        at_s = asyncio.get_running_loop().time() - self._started
        self.traffic.append(Recorded(direction, message, at_s))

    async def _listen(self) -> None:
        frames = FrameReader()
        try:
            while data := await self._reader.read(READ_BYTES):
                for message in frames.feed(data):
                    self._record(Direction.TO_CLIENT, message)
                    self._take(message)
                self._heard.set()
            self._lost("the server ended" if frames.empty else "the server ended in a message")
        except (FramingError, OSError) as error:
            self._lost(str(error))

    def _take(self, message: Message) -> None:
        method, message_id = message.get("method"), message.get("id")
        if method is not None and message_id is not None:
            self._answer(str(method), message_id, message.get("params"))
        elif method is None and isinstance(message_id, int) and message_id in self._waiting:
            asked, future = self._waiting.pop(message_id)
            if future.done():
                return
            error = message.get("error")
            if error is not None:
                future.set_exception(RefusedError(asked, error["code"], error["message"]))
            else:
                future.set_result(message.get("result"))

    def _answer(self, method: str, message_id: Any, params: Any) -> None:
        answer = self.answers.get(method)
        outcome: Message = (
            {"result": answer(params)}
            if answer is not None
            else {"error": {"code": METHOD_NOT_FOUND, "message": "not supported"}}
        )
        self._send({"jsonrpc": "2.0", "id": message_id, **outcome})

    def _lost(self, why: str) -> None:
        if self._gone is None:
            self._gone = why
        for method, future in self._waiting.values():
            if not future.done():
                future.set_exception(ServerGoneError(f"{self._gone}; {method} was not answered"))
                future.exception()  # Whoever waits gets it; nobody waiting is no surprise.
        self._waiting.clear()
        self._heard.set()

    async def _keep_errors(self, stream: asyncio.StreamReader) -> None:
        while data := await stream.read(READ_BYTES):
            self._errors += data
            del self._errors[:-ERRORS_KEPT_BYTES]


def _given(params: Any) -> Message:
    """`params` is left out where a method has none."""
    return {} if params is None else {"params": params}
