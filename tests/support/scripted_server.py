"""A language server that does what a script says: answers, nulls, errors, late answers, a sudden end.

Run as `python scripted_server.py SCRIPT TRAFFIC`. SCRIPT is a JSON file:

    {"inline": [STEP, …]}    the steps for the inline requests in order; the last one is repeated
    {"by_text": {TEXT: STEP}, "inline": [STEP]}
                             the step by the line's text up to the cursor; else the one of `inline`

A STEP has one of `line` (the whole line up to the cursor and on from there), `result` (as it is),
`error` or `crash` ("once": the next server leaves the step out, or "always"); `hold` keeps the
answer until a test releases it by that name, and `deaf` keeps it even when the request is cancelled.
TRAFFIC is a folder: each server writes a file there, every message both ways, a line of JSON each.

A test steers it by notifications: `$/test/release {name}`, `$/test/mark {name}`. A mark comes back
as the summary of a status, so that a client which shows it has handled everything sent before.
Where the editor sends no notifications of a test's own, a file in TRAFFIC releases: `NAME.release`.
"""

from __future__ import annotations

import json
import os
import select
import sys
import time
from pathlib import Path
from typing import Any, TextIO

from sidelight_client.testing.lsp_frames import FrameReader, Message, frame
from sidelight_client.testing.lsp_traffic import Direction

TEST_METHODS = ("$/test/release", "$/test/mark")
REQUEST_CANCELLED = -32800
METHOD_NOT_FOUND = -32601
LOOK_S = 0.02
ACCEPT = "sidelight.didAccept"
COMMANDS = (ACCEPT, "sidelight.pause", "sidelight.signIn")


class ScriptedServer:
    """One session over this process's stdio."""

    def __init__(self, script_file: Path, traffic: TextIO, released: Path) -> None:
        self._released = released
        self._texts: dict[str, str] = {}
        self._crashed = script_file.with_suffix(".crashed")
        again = self._crashed.exists()
        script = json.loads(script_file.read_text(encoding="utf-8"))
        self._steps: list[dict[str, Any]] = [
            step for step in script["inline"] if not (again and step.get("crash") == "once")
        ]
        self._by_text: dict[str, dict[str, Any]] = script.get("by_text", {})
        self._traffic = traffic
        self._asked = 0
        self._held: list[tuple[str, Message, bool]] = []
        self._shut_down = False
        self._code: int | None = None

    def run(self) -> int:
        """Serve until `exit` or the end of the input; the exit code."""
        frames = FrameReader()
        while self._code is None:
            if not select.select([0], [], [], LOOK_S)[0]:
                self._look_for_releases()
                continue
            if not (data := os.read(0, 65_536)):
                break
            for message in frames.feed(data):
                self._record(Direction.TO_SERVER, message)
                self._take(message)
        return 1 if self._code is None else self._code

    def _take(self, message: Message) -> None:
        params = message.get("params")
        match message.get("method"):
            case "initialize":
                self._answer(message, _initialized(whole_texts=bool(self._by_text)))
            case "initialized":
                self._status("Ready")
            case "textDocument/didOpen":
                self._texts[params["textDocument"]["uri"]] = params["textDocument"]["text"]
            case "textDocument/didChange" if self._by_text:
                self._texts[params["textDocument"]["uri"]] = params["contentChanges"][-1]["text"]
            case "textDocument/inlineCompletion":
                self._inline(message)
            case "workspace/executeCommand":
                self._answer(message, None)
            case "$/cancelRequest":
                self._cancel(_named(params, "id"))
            case "$/test/release":
                self._release(_named(params, "name"))
            case "$/test/mark":
                self._status(_named(params, "name"))
            case "shutdown":
                self._shut_down = True
                self._answer(message, None)
            case "exit":
                self._code = 0 if self._shut_down else 1
            case method:
                if method is not None and "id" in message:
                    self._refuse(message, METHOD_NOT_FOUND, "not in the script")

    def _inline(self, message: Message) -> None:
        step = self._by_text.get(self._typed(message["params"])) or self._next_step()
        if "crash" in step:
            self._crashed.touch()
            os._exit(3)
        reply: Message = {"jsonrpc": "2.0", "id": message["id"]}
        if "error" in step:
            reply["error"] = step["error"]
        elif "line" in step:
            reply["result"] = {"items": [_line_item(step["line"], message["params"]["position"])]}
        else:
            reply["result"] = step["result"]
        if "hold" in step:
            self._held.append((step["hold"], reply, bool(step.get("deaf"))))
        else:
            self._send(reply)

    def _next_step(self) -> dict[str, Any]:
        step = self._steps[min(self._asked, len(self._steps) - 1)]
        self._asked += 1
        return step

    def _typed(self, params: Any) -> str:
        """The line's text up to the cursor; LSP counts in utf-16."""
        place = params["position"]
        lines = self._texts.get(params["textDocument"]["uri"], "").splitlines()
        line = lines[place["line"]] if place["line"] < len(lines) else ""
        return line.encode("utf-16-le")[: 2 * place["character"]].decode("utf-16-le", "ignore")

    def _look_for_releases(self) -> None:
        for file in self._released.glob("*.release"):
            self._release(file.stem)

    def _release(self, name: str) -> None:
        for held in [held for held in self._held if held[0] == name]:
            self._held.remove(held)
            self._send(held[1])

    def _cancel(self, message_id: Any) -> None:
        for held in [held for held in self._held if held[1]["id"] == message_id and not held[2]]:
            self._held.remove(held)
            self._refuse(held[1], REQUEST_CANCELLED, "cancelled")

    def _status(self, summary: str) -> None:
        self._send({"jsonrpc": "2.0", "method": "$/sidelight/status", "params": status_of(summary)})

    def _answer(self, message: Message, result: Any) -> None:
        self._send({"jsonrpc": "2.0", "id": message["id"], "result": result})

    def _refuse(self, message: Message, code: int, why: str) -> None:
        error = {"code": code, "message": why}
        self._send({"jsonrpc": "2.0", "id": message["id"], "error": error})

    def _send(self, message: Message) -> None:
        self._record(Direction.TO_CLIENT, message)
        data = frame(message)
        while data:
            data = data[os.write(1, data) :]

    def _record(self, direction: Direction, message: Message) -> None:
        entry = {"direction": direction, "message": message, "at_s": time.monotonic()}
        self._traffic.write(json.dumps(entry) + "\n")
        self._traffic.flush()


def status_of(summary: str) -> dict[str, Any]:
    """A whole `$/sidelight/status`."""
    return {
        "v": 1,
        "state": "ready",
        "severity": "info",
        "code": None,
        "summary": summary,
        "detail": "",
        "since": None,
        "retryAt": None,
        "auth": {
            "state": "fresh",
            "account": "dev@example.org",
            "expiresAt": None,
            "nextRefreshAt": None,
            "store": "memory",
        },
        "gateway": {
            "name": "Scripted",
            "breaker": "closed",
            "p50Ms": 41.5,
            "p95Ms": None,
            "embedded": True,
        },
        "limits": [
            {
                "scope": "user",
                "unit": "requests",
                "used": None,
                "limit": 120,
                "windowSec": 3600,
                "resetAt": None,
                "soft": False,
                "asOf": None,
            }
        ],
        "actions": [],
    }


def _initialized(*, whole_texts: bool) -> dict[str, Any]:
    return {
        "capabilities": {
            "positionEncoding": "utf-16",
            "textDocumentSync": {"openClose": True, "change": 1 if whole_texts else 2},
            "inlineCompletionProvider": {},
            "executeCommandProvider": {"commands": list(COMMANDS)},
        },
        "serverInfo": {"name": "scripted"},
    }


def _line_item(line: str, position: dict[str, int]) -> dict[str, Any]:
    return {
        "insertText": line,
        "range": {"start": {"line": position["line"], "character": 0}, "end": position},
        "command": {"title": "Accepted", "command": ACCEPT, "arguments": ["0" * 32]},
    }


def _named(params: Any, key: str) -> Any:
    return params[key]


if __name__ == "__main__":
    kept_file = Path(sys.argv[2]) / f"{time.monotonic_ns()}.jsonl"
    with kept_file.open("w", encoding="utf-8") as kept:
        code = ScriptedServer(Path(sys.argv[1]), kept, kept_file.parent).run()
    sys.exit(code)
