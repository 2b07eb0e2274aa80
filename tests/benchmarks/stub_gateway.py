"""A gateway with an oracle, in a process of its own: the same model, at the same speed, for every server.

`python -m benchmarks.stub_gateway` prints one line of JSON when it serves: its address and the key
that approves sign-ins. It speaks the neutral contract with a real sign-in (the embedded gateway's
issuer), and what the peers ask: Tabby's and refact's dialects. Per request it notes when the request
was whole and when the answer was written (CLOCK_MONOTONIC): what lies between is not the server's.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import dataclass, field
from typing import Any

from sidelight_client.domain.spending.budget import Purse, Scope, Unit
from sidelight_client.embedded.discovery import discovery
from sidelight_client.embedded.gateway import EmbeddedGateway, EmbeddedSettings
from sidelight_client.embedded.policy_document import DEFAULT_PLACES, policy_document
from sidelight_client.embedded.rules import DEFAULT_RULES

from .oracle import latency_s
from .stub_documents import CAPS, HEALTH, tokenizer
from .stub_model import Told, reply

PLENTY = (Purse(Scope.USER, Unit.REQUESTS, 10_000_000, 3600.0, used=0.0),)
"""The budget is the policy suite's subject; here it must not stand between two measurements."""
MAX_INPUT = 32_000


@dataclass(slots=True)
class Counts:
    """What was asked since the last reset."""

    requests: int = 0
    cancelled: int = 0
    bytes_in: int = 0
    connections: int = 0
    stamps: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came. `at` is when it was whole, `size` its bytes, head included."""

    method: str
    path: str
    body: bytes
    size: int
    at: float


class Stub:
    """All connections of one stub."""

    def __init__(self, gateway: EmbeddedGateway) -> None:
        self.told = Told()
        self.counts = Counts()
        self.gateway = gateway
        self.url = ""
        self._policy = policy_document(DEFAULT_RULES, DEFAULT_PLACES)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.counts.connections += 1
        try:
            while (asked := await _request(reader)) is not None:
                if not await self._answer(asked, reader, writer):
                    return
        except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # A client left, or the stub ends: asyncio would print a task that was cancelled.
        finally:
            writer.close()

    async def _answer(
        self, asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        if asked.path.endswith("/completions"):
            return await self._complete(asked, reader, writer)
        writer.write(_response(*self._other(asked.method, asked.path, asked.body)))
        return True

    async def _complete(
        self, asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        counts, told = self.counts, self.told
        number = counts.requests
        counts.requests += 1
        counts.bytes_in += asked.size
        question: dict[str, Any] = json.loads(asked.body)
        text = reply(told, question)
        if told.latency_s:
            left = asyncio.ensure_future(reader.read(1))
            # Looking up what to say is a part of the time that saying it takes.
            wait_s = asked.at + latency_s(told.model, number) - time.monotonic()
            done, _ = await asyncio.wait({left}, timeout=max(wait_s, 0.0))
            if done:
                counts.cancelled += 1
                return False
            left.cancel()
            await asyncio.wait({left})
        writer.write(_completion(question, text))
        counts.stamps.append((asked.at, time.monotonic()))
        return True

    def _other(self, method: str, path: str, body: bytes) -> tuple[int, bytes, str]:
        path = path.partition("?")[0]
        if path == "/oracle":
            self.counts = Counts()
            self.told = Told(**json.loads(body))
            return 200, b"{}", "application/json"
        if path == "/counts":
            counts = self.counts
            return 200, json.dumps(_counts(counts)).encode(), "application/json"
        document: Any
        match path:
            case "/.well-known/sidelight-gateway":
                document = discovery(
                    self.url, PLENTY, passes_on=False, max_input_tokens=MAX_INPUT
                ) | {"name": "stub"}
                document["auth"]["issuer"] = f"{self.gateway.url}/issuer"
            case "/policy":
                return 200, self._policy[1], "application/json"
            case "/usage":
                document = {"windows": []}
            case "/status/api/v2/summary.json":
                document = {
                    "page": {"id": "stub", "name": "stub", "url": self.url},
                    "status": {"indicator": "none", "description": "All Systems Operational"},
                    "components": [],
                    "incidents": [],
                }
            case "/v1/health" | "/v1beta/health":
                document = HEALTH
            case "/v1beta/server_setting":
                document = {"disable_client_side_telemetry": True}
            case "/refact-caps" | "/coding_assistant_caps.json":
                document = CAPS
            case _ if path.startswith("/tokenizer/"):
                return 200, tokenizer(), "application/json"
            case _ if method == "POST":
                document = {}
            case _:
                return 404, b"{}", "application/json"
        return 200, json.dumps(document).encode(), "application/json"


def _completion(asked: dict[str, Any], text: str) -> bytes:
    if "segments" in asked:
        return _response(200, json.dumps(_tabby(text)).encode())
    usage = {"prompt_tokens": 900, "completion_tokens": 8, "total_tokens": 908}
    choice: dict[str, Any] = {"index": 0, "text": text, "finish_reason": "stop"}
    said: dict[str, Any] = {
        "id": "cmpl-1",
        "object": "text_completion",
        "created": 0,
        "model": asked.get("model", "stub"),
        "choices": [choice],
    }
    if not asked.get("stream"):
        return _response(200, json.dumps(said | {"usage": usage}).encode())
    last: dict[str, Any] = {**said, "choices": [], "usage": usage}
    events = (json.dumps(said), json.dumps(last), "[DONE]")
    body = "".join(f"data: {event}\n\n" for event in events).encode()
    return _response(200, body, "text/event-stream")


def _tabby(text: str) -> dict[str, Any]:
    return {"id": "cmpl-1", "choices": [{"index": 0, "text": text}]}


def _counts(counts: Counts) -> dict[str, Any]:
    return {
        "requests": counts.requests,
        "cancelled": counts.cancelled,
        "bytes_in": counts.bytes_in,
        "connections": counts.connections,
        "held_s": [round(end - begin, 9) for begin, end in counts.stamps],
    }


async def _request(reader: asyncio.StreamReader) -> Asked | None:
    """The next request; None at the end."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *rest = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ", 2)
    length = next(
        (int(row.partition(":")[2]) for row in rest if row.lower().startswith("content-length:")), 0
    )
    body = await reader.readexactly(length) if length else b""
    return Asked(method, path, body, len(head) + length, time.monotonic())


def _response(status: int, body: bytes, kind: str = "application/json") -> bytes:
    head = f"HTTP/1.1 {status} OK\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def main() -> None:
    """Serve until stdin ends."""
    gateway = EmbeddedGateway(EmbeddedSettings(limits=PLENTY, index_mb=0))
    await gateway.start()
    stub = Stub(gateway)
    server = await asyncio.start_server(stub.serve, "127.0.0.1", 0, limit=1 << 22)
    stub.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    ready = {"url": stub.url, "issuer": gateway.url, "key": gateway.key.reveal()}
    print(json.dumps(ready), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()
    await gateway.stop()


if __name__ == "__main__":
    asyncio.run(main())
