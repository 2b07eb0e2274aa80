"""An editor that measures: speaks LSP to one server over raw pipes and stamps when an answer was whole.

The reading thread stamps the last byte of each message before it is parsed, so that the driver's own
JSON is no part of a figure.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, cast

ANSWER_S = 30.0
LEAVE_S = 5.0
READ = 1 << 20
WHOLE = 1
"""The server wants the whole text after each edit (LSP, `TextDocumentSyncKind.Full`)."""

CAPABILITIES: dict[str, Any] = {
    "general": {"positionEncodings": ["utf-16"]},
    "textDocument": {
        "inlineCompletion": {},
        "completion": {"contextSupport": True},
        "synchronization": {},
    },
    "workspace": {"configuration": True, "workspaceFolders": True},
    "window": {"showDocument": {"support": True}},
}


class NoAnswerError(Exception):
    """The server ended, or said nothing for too long."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, and when its last byte was read (perf_counter, seconds)."""

    at: float
    result: Any
    error: Any = None


class Driver:
    """One process that speaks LSP, and the editor's end of it."""

    def __init__(self, process: subprocess.Popen[bytes], started: float) -> None:
        self.process = process
        self.started = started
        self.sync = 2
        """Which kind of change the server asked for when it was initialized."""
        self.screen: Callable[[Answer, int], None] | None = None
        """Told of each answer to a request nobody waits for, with the request's id."""
        self.browser: Callable[[str], None] | None = None
        """Opens an address, in a thread of its own."""
        self._answers: queue.SimpleQueue[tuple[int, Answer] | None] = queue.SimpleQueue()
        self._waiting: set[int] = set()
        self._number = 0
        self._write_lock = threading.Lock()
        assert process.stdin is not None
        assert process.stdout is not None
        self._in, self._out = process.stdin.fileno(), process.stdout.fileno()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @classmethod
    def start(cls, command: Sequence[str], env: Mapping[str, str], cwd: Path) -> Self:
        """Start `command`; `started` is the moment before."""
        started = time.perf_counter()
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(env),
            cwd=cwd,
        )
        return cls(process, started)

    # --- what an editor sends ----------------------------------------------------------------

    def initialize(self, folder: Path, options: Mapping[str, Any] | None = None) -> Answer:
        """Open the session. Raises NoAnswerError, also when it is refused: nothing fast comes of that."""
        answer = self.request(
            "initialize",
            {
                "processId": os.getpid(),
                "rootUri": folder.as_uri(),
                "workspaceFolders": [{"uri": folder.as_uri(), "name": folder.name}],
                "capabilities": CAPABILITIES,
                "clientInfo": {"name": "benchmark", "version": "1"},
                "initializationOptions": dict(options or {}),
            },
        )
        if answer.error is not None:
            raise NoAnswerError("initialize was refused")
        self.sync = _sync(answer.result)
        self.notify("initialized", {})
        return answer

    def open(self, uri: str, text: str, language: str = "python") -> None:
        document = {"uri": uri, "languageId": language, "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})

    def notify(self, method: str, params: Any) -> None:
        self.write(frame({"jsonrpc": "2.0", "method": method, "params": params}))

    def request(self, method: str, params: Any, within_s: float = ANSWER_S) -> Answer:
        """Ask and wait. Raises NoAnswerError."""
        number = self.send(method, params)
        return self.wait(number, within_s)

    def send(self, method: str, params: Any) -> int:
        """Ask; `wait` for the answer, or let `screen` be told of it."""
        self._number += 1
        number = self._number
        if self.screen is None:
            self._waiting.add(number)
        self.write(frame({"jsonrpc": "2.0", "id": number, "method": method, "params": params}))
        return number

    def wait(self, number: int, within_s: float = ANSWER_S) -> Answer:
        """The answer to a request. Raises NoAnswerError."""
        ends = time.perf_counter() + within_s
        while True:
            try:
                found = self._answers.get(timeout=max(ends - time.perf_counter(), 0.001))
            except queue.Empty:
                raise NoAnswerError("no answer in time") from None
            if found is None:
                raise NoAnswerError("the server ended")
            self._waiting.discard(found[0])
            if found[0] == number:
                return found[1]

    def write(self, data: bytes) -> None:
        """Send prepared bytes whole."""
        with self._write_lock:
            view = memoryview(data)
            while view:
                view = view[os.write(self._in, view) :]

    def close(self) -> None:
        """Leave as an editor does, and insist."""
        with contextlib.suppress(NoAnswerError, OSError):
            self.screen = None
            self.request("shutdown", None, LEAVE_S)
            self.notify("exit", None)
        with contextlib.suppress(OSError):
            assert self.process.stdin is not None
            self.process.stdin.close()
        try:
            self.process.wait(LEAVE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._reader.join(LEAVE_S)
        if self.process.stdout is not None:
            self.process.stdout.close()

    # --- what comes back ---------------------------------------------------------------------

    def _read(self) -> None:
        buffer = bytearray()
        with contextlib.suppress(OSError, ValueError):
            while data := os.read(self._out, READ):
                at = time.perf_counter()
                buffer += data
                while (body := _cut(buffer)) is not None:
                    self._take(json.loads(body), at)
        self._answers.put(None)

    def _take(self, message: dict[str, Any], at: float) -> None:
        number = message.get("id")
        if "method" in message:
            if number is not None:
                self._serve(message)
            return
        if not isinstance(number, int):
            return
        answer = Answer(at, message.get("result"), message.get("error"))
        if number not in self._waiting and self.screen is not None:
            self.screen(answer, number)
        else:
            self._answers.put((number, answer))

    def _serve(self, message: dict[str, Any]) -> None:
        """Every server is told the same: there is no configuration, and nothing is wanted."""
        result: Any = None
        if message["method"] == "workspace/configuration":
            result = [None for _ in message["params"]["items"]]
        elif message["method"] == "window/showDocument" and self.browser is not None:
            opened = threading.Thread(target=self.browser, args=(message["params"]["uri"],))
            opened.start()
            result = {"success": True}
        with contextlib.suppress(OSError):
            self.write(frame({"jsonrpc": "2.0", "id": message["id"], "result": result}))


def frame(message: Mapping[str, Any]) -> bytes:
    """The bytes of one message."""
    body = json.dumps(message, separators=(",", ":")).encode()
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def inline(uri: str, line: int, character: int, *, invoked: bool = False) -> dict[str, Any]:
    """The params of an inline completion request."""
    return {
        "textDocument": {"uri": uri},
        "position": {"line": line, "character": character},
        "context": {"triggerKind": 1 if invoked else 2},
    }


def items_of(answer: Answer) -> list[str]:
    """The texts of an inline or a classic completion."""
    return [row.get("insertText") or row.get("label", "") for row in rows_of(answer.result)]


def rows_of(result: Any, name: str = "items") -> list[dict[str, Any]]:
    """What a server offered: an object that has it under `name`, or a list of items."""
    if isinstance(result, dict):
        result = cast("dict[str, Any]", result).get(name)
    elif name != "items":
        return []
    return cast("list[dict[str, Any]]", result) if isinstance(result, list) else []


def _sync(result: Any) -> int:
    """The kind of `TextDocumentSyncOptions`, or of the number that may stand in their place."""
    capabilities: dict[str, Any] = cast("dict[str, Any]", result or {}).get("capabilities") or {}
    told: Any = capabilities.get("textDocumentSync")
    if isinstance(told, dict):
        told = cast("dict[str, Any]", told).get("change")
    return told if isinstance(told, int) else 2


def _cut(buffer: bytearray) -> bytes | None:
    """The next body, taken out of `buffer`; None while it is not whole."""
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = bytes(buffer[:end]).lower()
    length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
    start = end + 4
    if len(buffer) < start + length:
        return None
    body = bytes(buffer[start : start + length])
    del buffer[: start + length]
    return body
