"""Model servers on this machine are found by asking who they are, briefly and once a day."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from sidelight_client.adapters.model_servers import FoundServer, find_servers, look_once_a_day
from sidelight_client.domain.models.model_servers import KNOWN, LOOK_EVERY_S, KnownServer, due

FOUND = FoundServer("Ollama", "http://127.0.0.1:11434/v1")
MODELS = {"object": "list", "data": [{"id": "m", "owned_by": "vllm"}]}


@contextmanager
def answering(document: object, server: str = "x", status: int = 200) -> Generator[Any]:
    """A real HTTP server on loopback; what it was asked is in `asked`."""

    class Handler(BaseHTTPRequestHandler):
        server_version, sys_version = server, ""
        asked: ClassVar[list[str]] = []

        def do_GET(self) -> None:
            self.asked.append(f"{self.command} {self.path}")
            self.send_response(status)
            self.end_headers()
            self.wfile.write(
                document if isinstance(document, bytes) else json.dumps(document).encode()
            )

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield running.server_address[1], Handler
        finally:
            running.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("sign", "document", "header"),
    [
        ("ollama", {"version": "0.13.1"}, "x"),
        ("llamacpp", {"data": []}, "llama.cpp"),
        ("llamacpp", {"data": [{"id": "m", "owned_by": "llamacpp"}]}, "x"),
        ("lmstudio", {"data": [{"id": "m", "owned_by": "organization_owner"}]}, "x"),
        ("vllm", MODELS, "uvicorn"),
    ],
)
def test_each_is_known_by_its_own_answer(sign: Any, document: object, header: str) -> None:
    with answering(document, header) as (port, handler):
        known = KnownServer("It", port, "/who", sign)
        assert find_servers((known,)) == [FoundServer("It", f"http://127.0.0.1:{port}/v1")]
        assert handler.asked == ["GET /who"]


@pytest.mark.parametrize(
    ("document", "status"),
    [({"hello": 1}, 200), ([1, 2], 200), (b"<html>", 200), (MODELS, 401), (b"\xff" * 100, 200)],
)
def test_something_else_on_that_port_is_nothing(document: object, status: int) -> None:
    with answering(document, status=status) as (port, _):
        assert find_servers((KnownServer("It", port, "/", "ollama"),)) == []


def test_a_port_that_does_not_answer_costs_little() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        began = time.monotonic()
        found = find_servers(tuple(KnownServer("It", port, "/", "ollama") for _ in range(5)))
        assert time.monotonic() - began < 3
        assert found == []


def test_every_server_is_asked_on_loopback_only() -> None:
    assert {server.url.rpartition(":")[0] for server in KNOWN} == {"http://127.0.0.1"}


@pytest.mark.parametrize(
    ("looked_at", "now", "again"),
    [
        (None, 0.0, True),
        ("yesterday", 0.0, True),
        (True, 2.0, True),
        (100.0, 100.0 + LOOK_EVERY_S - 1, False),
        (100.0, 100.0 + LOOK_EVERY_S, True),
        (100.0, 50.0, True),
    ],
)
def test_it_is_looked_once_a_day(looked_at: object, now: float, again: bool) -> None:
    assert due(looked_at, now) is again


def test_a_second_look_on_the_same_day_asks_nobody(tmp_path: Path) -> None:
    asked: list[int] = []

    def find() -> list[FoundServer]:
        asked.append(1)
        return [FOUND]

    record = tmp_path / "state" / "looked.json"
    assert look_once_a_day(record, now=lambda: 1e9, find=find) == FOUND
    assert look_once_a_day(record, now=lambda: 1e9 + 60, find=find) is None
    record.write_text("{")
    assert look_once_a_day(record, now=lambda: 1e9 + 120, find=find) == FOUND
    assert len(asked) == 2


def test_where_nothing_can_be_remembered_nobody_is_asked(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert look_once_a_day(blocked / "looked.json", find=lambda: [FOUND]) is None
