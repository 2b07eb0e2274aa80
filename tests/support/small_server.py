"""An HTTP server on loopback whose every answer is a function of the test's; with TLS if it is wanted."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qsl


@dataclass(frozen=True)
class Asked:
    """One request; header names are lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: str

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body))


@dataclass(frozen=True)
class Says:
    """One answer; a body that is an object is sent as JSON. `cut` resets the connection instead."""

    status: int = 200
    body: dict[str, Any] | bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False


@dataclass
class SmallServer:
    """Where it is, and what it was asked."""

    answer: Callable[[Asked], Says]
    url: str = ""
    asked: list[Asked] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.rstrip().split("\r\n")
            method, target, _ = first.split(" ")
            pairs = (line.partition(":") for line in lines)
            headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            asked = Asked(method, target, headers, body.decode())
            self.asked.append(asked)
            says = self.answer(asked)
            if says.cut:
                writer.transport.abort()
                return
            writer.write(_response(says))
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


def _response(says: Says) -> bytes:
    data = says.body if isinstance(says.body, bytes) else json.dumps(says.body).encode()
    kind = "text/html" if isinstance(says.body, bytes) else "application/json"
    lines = {
        "Content-Type": kind,
        "Content-Length": str(len(data)),
        "Date": formatdate(usegmt=True),
        "Connection": "close",
        **says.headers,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {says.status} Said\r\n{head}\r\n".encode() + data


@asynccontextmanager
async def small_server(
    answer: Callable[[Asked], Says], tls: ssl.SSLContext | None = None
) -> AsyncGenerator[SmallServer]:
    """The server on a port of its own, until the end of the block."""
    served = SmallServer(answer)
    server = await asyncio.start_server(served.serve, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    served.url = f"https://localhost:{port}" if tls else f"http://127.0.0.1:{port}"
    try:
        yield served
    finally:
        server.close()
        await server.wait_closed()
