"""Checks a recorded language-server session, both ways: shapes, directions, and one answer per request.

lsprotocol accepts unknown keys and wrong scalar types, and editors differ in what they forgive; this
is the strict reader in between.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeGuard

import pytest

from sidelight_client.testing.lsp_traffic import Direction, Recorded

from .lsp_model import WHY_MISSING, Model, load, model_file

CANCELLED = {-32800, -32801, -32802}
"""RequestCancelled, ContentModified, ServerCancelled: the only errors an inline request may get."""

INLINE = "textDocument/inlineCompletion"

_BEFORE_INITIALIZED = {"window/showMessage", "window/logMessage", "telemetry/event", "$/progress"}
_ENVELOPE = {"jsonrpc", "id", "method", "params", "result", "error"}


def check(
    traffic: Iterable[Recorded],
    model: Model,
    *,
    ended: bool = True,
    allowed: Iterable[str] = (),
    inline_errors: bool = False,
) -> list[str]:
    """What is wrong in a session, one sentence each, in the order of the messages.

    Args:
        traffic: every message of the session from its first.
        model: the protocol's model.
        ended: the session is over, so a request without an answer is a mistake.
        allowed: methods of a test's own that may go either way with any params.
        inline_errors: inline requests may get any error; the protocol permits what we do not.
    """
    session = _Session(model, frozenset(allowed), inline_errors)
    for recorded in traffic:
        session.take(recorded.direction, recorded.message)
    if ended:
        session.end()
    return session.problems


def read_traffic(path: Path) -> list[Recorded]:
    """A session that was kept as lines of JSON: `{"direction", "message", "at_s"}`."""
    whole = path.read_text(encoding="utf-8").rpartition("\n")[
        0
    ]  # The last line may be half written.
    entries = [json.loads(line) for line in whole.split("\n") if line]
    return [Recorded(Direction(e["direction"]), e["message"], e.get("at_s", 0.0)) for e in entries]


def model_or_skip() -> Model:
    """The model; without its file the test is skipped and says why."""
    path = model_file()
    if not path.is_file():
        pytest.skip(f"no message is checked: {WHY_MISSING}")
    return load(path)


def check_where_possible(traffic: Iterable[Recorded], **how: Any) -> list[str]:
    """`check` for tests that have more to say than this: without the model nothing is found."""
    path = model_file()
    return check(traffic, load(path), **how) if path.is_file() else []


class _Session:
    """What has to be remembered from one message to the next."""

    def __init__(self, model: Model, allowed: frozenset[str], inline_errors: bool) -> None:
        self.problems: list[str] = []
        self._model = model
        self._allowed = allowed
        self._inline_errors = inline_errors
        self._open: dict[tuple[Direction, int | str], str] = {}
        self._answered: set[tuple[Direction, int | str]] = set()
        self._initialized = False
        self._shut_down = False
        self._number = 0

    def take(self, direction: Direction, message: dict[str, Any]) -> None:
        self._number += 1
        if message.get("jsonrpc") != "2.0":
            self._say("no JSON-RPC 2.0")
        for key in message.keys() - _ENVELOPE:
            self._say(f"unknown key {key!r} beside the message")
        if "method" not in message:
            self._response(direction, message)
        elif "id" in message:
            self._request(direction, message)
        else:
            self._notification(direction, message)

    def end(self) -> None:
        for (direction, message_id), method in self._open.items():
            self.problems.append(f"{method} {message_id!r} ({direction}) was never answered")

    def _request(self, direction: Direction, message: dict[str, Any]) -> None:
        method, key = message["method"], (direction, message["id"])
        if not _is_id(message["id"]):
            self._say(f"{method} has an id that is neither number nor string")
            return
        if key in self._open or key in self._answered:
            self._say(f"the id {key[1]!r} of {method} was used before")
        self._answered.discard(key)
        self._open[key] = method
        self._lifecycle(direction, method)
        self._params(self._model.requests, direction, message)
        if method == "shutdown":
            self._shut_down = True

    def _notification(self, direction: Direction, message: dict[str, Any]) -> None:
        method = message["method"]
        if method != "exit":
            self._lifecycle(direction, method)
        self._params(self._model.notifications, direction, message)

    def _response(self, direction: Direction, message: dict[str, Any]) -> None:
        message_id = message.get("id")
        if message_id is None and "error" in message:
            return  # JSON-RPC 2.0 §5: the id of a message that could not be read.
        if not _is_id(message_id):
            self._say("a response has no id")
            return
        asker = Direction.TO_CLIENT if direction is Direction.TO_SERVER else Direction.TO_SERVER
        key = (asker, message_id)
        method = self._open.pop(key, None)
        if method is None:
            again = "again" if key in self._answered else "but was never asked"
            self._say(f"the id {message_id!r} is answered {again}")
            return
        self._answered.add(key)
        if ("result" in message) == ("error" in message):
            self._say(f"the response to {method} needs either a result or an error")
        elif "error" in message:
            self._error(method, message["error"])
        elif method not in self._allowed and method in self._model.requests:
            kind = self._model.requests[method]["result"]
            self._add(self._model.problems(kind, message["result"], f"{method} result"))
        if method == "initialize":
            self._initialized = True

    def _error(self, method: str, error: Any) -> None:
        integer = {"kind": "base", "name": "integer"}
        text = {"kind": "base", "name": "string"}
        data = {"kind": "reference", "name": "LSPAny"}
        properties: list[dict[str, Any]] = [
            {"name": "code", "type": integer},
            {"name": "message", "type": text},
            {"name": "data", "type": data, "optional": True},
        ]
        kind = {"kind": "literal", "value": {"properties": properties}}
        wrong = self._model.problems(kind, error, f"{method} error")
        self._add(wrong)
        if self._inline_errors or method != INLINE or wrong:
            return
        if error["code"] not in CANCELLED:
            self._say(f"{method} is answered with the error {error['code']}, which editors show")

    def _lifecycle(self, direction: Direction, method: str) -> None:
        if self._shut_down:
            if direction is Direction.TO_SERVER:
                self._say(f"{method} comes after shutdown")
        elif not self._initialized and method not in {"initialize", *_BEFORE_INITIALIZED}:
            self._say(f"{method} comes before the answer to initialize")

    def _params(self, known: dict[str, Any], direction: Direction, message: dict[str, Any]) -> None:
        method = message["method"]
        if method in self._allowed:
            return
        declared = known.get(method)
        if declared is None:
            self._say(f"{method} is no such message")
            return
        if declared["messageDirection"] not in {direction.value, "both"}:
            self._say(f"{method} goes the wrong way ({direction})")
        kind, params = declared.get("params"), message.get("params")
        if kind is not None:
            self._add(self._model.problems(kind, params, method))
        elif params not in (None, [], {}):
            self._say(f"{method} takes no params")

    def _add(self, problems: list[str]) -> None:
        for problem in problems:
            self._say(problem)

    def _say(self, sentence: str) -> None:
        self.problems.append(f"message {self._number}: {sentence}")


def _is_id(value: Any) -> TypeGuard[int | str]:
    return isinstance(value, (int, str)) and not isinstance(value, bool)
