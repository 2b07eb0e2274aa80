"""A loopback server that says exactly the bytes a test wants said, and sees who hangs up."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Exchange:
    """One request, and the means to answer it."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def until_hung_up(self) -> None:
        """Wait for the client to close its end."""
        with contextlib.suppress(ConnectionError):
            while await self.reader.read(65536):
                pass


Answer = bytes | Callable[[Exchange], Awaitable[None]]


@dataclass
class RawServer:
    """What was asked, in order; each request takes the next answer, and the last one repeats."""

    answers: list[Answer]
    url: str = ""
    asked: list[Exchange] = field(default_factory=list)
    connections: int = 0
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def connected(self, times: int) -> None:
        """Wait until there have been as many connections."""
        async with self.changed:
            await self.changed.wait_for(lambda: self.connections >= times)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with self.changed:
            self.connections += 1
            self.changed.notify_all()
        try:
            while (exchange := await self._read(reader, writer)) is not None:
                self.asked.append(exchange)
                answer = self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)
                if isinstance(answer, bytes):
                    await exchange.send(answer)
                else:
                    await answer(exchange)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _read(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> Exchange | None:
        first = await reader.readline()
        if not first.strip():
            return None
        method, target, _ = first.decode().split(" ", 2)
        headers: dict[str, str] = {}
        while (line := (await reader.readline()).decode().strip()) != "":
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        return Exchange(method, target, headers, body, reader, writer)


@asynccontextmanager
async def raw_server(*answers: Answer, path: Path | None = None) -> AsyncGenerator[RawServer]:
    """A server on a free port of 127.0.0.1, or on the Unix socket `path`."""
    told = RawServer(list(answers))
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await told.serve(reader, writer)
        except asyncio.CancelledError:
            pass
        finally:
            tasks.discard(task)

    if path is None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        told.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    else:
        server = await asyncio.start_unix_server(serve, str(path))
        told.url = "http://sidelight.embedded"
    try:
        yield told
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        if tasks:
            await asyncio.wait(tuple(tasks), timeout=5)
        await server.wait_closed()


def answer(status: int = 200, body: bytes | str | dict[str, Any] = b"", **headers: str) -> bytes:
    """A whole response; header names are written with underscores."""
    if isinstance(body, dict):
        headers.setdefault("content_type", "application/json")
        body = json.dumps(body)
    if isinstance(body, str):
        body = body.encode()
    headers.setdefault("content_length", str(len(body)))
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} Said\r\n{lines}\r\n".encode() + body


def sse(*events: dict[str, Any] | str, done: bool = True, **headers: str) -> bytes:
    """A server-sent event stream as OpenAI-compatible servers write it, chunked and whole."""
    blocks = [e if isinstance(e, str) else json.dumps(e) for e in events]
    text = "".join(f"data: {block}\n\n" for block in (*blocks, *(["[DONE]"] if done else [])))
    return stream_head(**headers) + chunk(text.encode()) + b"0\r\n\r\n"


def stream_head(**headers: str) -> bytes:
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return (
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
        f"transfer-encoding: chunked\r\n{lines}\r\n"
    ).encode()


def chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"
