"""The message checker: a good session passes, and each seeded mistake is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from sidelight_client.testing.lsp_traffic import Direction, Recorded
from support.lsp_checker import check, model_or_skip
from support.lsp_model import VARIABLE, Model, model_file

C, S = Direction.TO_SERVER, Direction.TO_CLIENT
Session = list[tuple[Direction, dict[str, Any]]]

URI = "file:///repo/a.py"
PLACE = {"line": 0, "character": 4}


@pytest.fixture
def model() -> Model:
    return model_or_skip()


def rpc(**parts: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", **parts}


def status(**facts: Any) -> dict[str, Any]:
    return {
        "v": 1,
        "state": "ready",
        "severity": "info",
        "code": None,
        "summary": "Ready",
        "detail": "",
        "since": None,
        "retryAt": None,
        "auth": {
            "state": "fresh",
            "account": None,
            "expiresAt": 1.7e9,
            "nextRefreshAt": None,
            "store": "memory",
        },
        "gateway": {
            "name": None,
            "breaker": "closed",
            "p50Ms": None,
            "p95Ms": None,
            "embedded": True,
        },
        "limits": [],
        "actions": [{"title": "Sign in", "command": "sidelight.signIn"}],
        **facts,
    }


INLINE_PARAMS = {
    "textDocument": {"uri": URI},
    "position": PLACE,
    "context": {"triggerKind": 2},
}
ITEM = {
    "insertText": "fib(n)",
    "range": {"start": PLACE, "end": PLACE},
    "command": {"title": "Accepted", "command": "sidelight.didAccept", "arguments": ["0" * 32]},
}
DOCUMENT = {"uri": URI, "languageId": "python", "version": 1, "text": "def "}

ASK, ANSWER = 6, 7
"""Where the inline request and its answer stand in the good session."""


def good() -> Session:
    """One whole session, which every test spoils in one place."""
    return _apart(
        [
            (
                C,
                rpc(
                    id=1,
                    method="initialize",
                    params={
                        "processId": 7,
                        "rootUri": None,
                        "workspaceFolders": None,
                        "clientInfo": {"name": "fake"},
                        "capabilities": {"general": {"positionEncodings": ["utf-16", "utf-8"]}},
                        "initializationOptions": {"sidelight": {"messages": True}},
                    },
                ),
            ),
            (
                S,
                rpc(
                    id=1,
                    result={
                        "capabilities": {
                            "positionEncoding": "utf-16",
                            "inlineCompletionProvider": {},
                            "textDocumentSync": {"openClose": True, "change": 2},
                            "experimental": {"sidelight": {"protocol": 1}},
                        },
                        "serverInfo": {"name": "sidelight"},
                    },
                ),
            ),
            (C, rpc(method="initialized", params={})),
            (S, rpc(method="$/sidelight/status", params=status())),
            (C, rpc(method="textDocument/didOpen", params={"textDocument": DOCUMENT})),
            (
                S,
                rpc(
                    id="s1",
                    method="workspace/configuration",
                    params={"items": [{"section": "sidelight"}]},
                ),
            ),
            (C, rpc(id=2, method="textDocument/inlineCompletion", params=INLINE_PARAMS)),
            (S, rpc(id=2, result={"items": [ITEM]})),
            (C, rpc(id="s1", result=[None])),
            (C, rpc(id=3, method="shutdown")),
            (S, rpc(id=3, result=None)),
            (C, rpc(method="exit")),
        ]
    )


def _apart(session: Session) -> Session:
    """A copy in which no two places share one value."""
    return [(direction, json.loads(json.dumps(message))) for direction, message in session]


def found(session: Session, model: Model, **how: Any) -> list[str]:
    return check((Recorded(d, m, 0.0) for d, m in session), model, **how)


def test_a_good_session_passes(model: Model) -> None:
    assert found(good(), model) == []


def _place(session: Session, index: int, path: str) -> tuple[dict[str, Any], str]:
    *way, last = path.split(".")
    holder: Any = session[index][1]
    for step in way:
        holder = holder[int(step) if step.isdigit() else step]
    return holder, last


def _set(index: int, path: str, value: Any) -> Callable[[Session], None]:
    def spoil(session: Session) -> None:
        holder, last = _place(session, index, path)
        holder[last] = value

    return spoil


def _drop(index: int, path: str) -> Callable[[Session], None]:
    def spoil(session: Session) -> None:
        holder, last = _place(session, index, path)
        del holder[last]

    return spoil


def _insert(index: int, direction: Direction, **parts: Any) -> Callable[[Session], None]:
    def spoil(session: Session) -> None:
        session.insert(index, (direction, rpc(**parts)))

    return spoil


def _remove(index: int) -> Callable[[Session], None]:
    def spoil(session: Session) -> None:
        del session[index]

    return spoil


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        # Shapes.
        (_set(ANSWER, "result.items.0.insertText", 5), "items[0].insertText: int is no"),
        (_drop(ANSWER, "result.items.0.insertText"), "items[0].insertText: missing"),
        (_set(ANSWER, "result.items.0.tier", "fast"), "items[0].tier: unknown key"),
        (_set(ANSWER, "result", {"items": None}), "result.items: null is no array"),
        (
            _set(ANSWER, "result.items.0.range.start.line", -1),
            "range.start.line: int is no uinteger",
        ),
        (_set(ANSWER, "result.items.0.range.start.line", True), "line: bool is no uinteger"),
        (_set(ASK, "params.context.triggerKind", 3), "triggerKind: 3 is no"),
        (_drop(ASK, "params.context"), "inlineCompletion.context: missing"),
        (_drop(ASK, "params"), "textDocument/inlineCompletion: null is no object"),
        (_set(1, "result.capabilities.inlineCompletion", {}), "inlineCompletion: unknown key"),
        (_set(1, "result.capabilities.textDocumentSync.change", 4), "change: 4 is no"),
        (_set(4, "params.textDocument.version", "1"), "version: str is no integer"),
        (_set(8, "result", None), "workspace/configuration result: null is no array"),
        # Our own.
        (_set(3, "params.state", "fine"), "$/sidelight/status.state: str is no"),
        (_set(3, "params.auth.token", "t"), "auth.token: unknown key"),
        (_set(3, "params.actions", [{"title": "x"}]), "actions[0].command: missing"),
        (_set(3, "method", "$/sidelight/state"), "$/sidelight/state is no such message"),
        # Directions and turns.
        (_insert(4, S, method="initialized", params={}), "initialized goes the wrong way"),
        (
            _insert(1, S, method="$/sidelight/status", params=status()),
            "comes before the answer to initialize",
        ),
        (_insert(10, C, method="initialized", params={}), "comes after shutdown"),
        # Requests and responses.
        (_remove(ANSWER), "textDocument/inlineCompletion 2 (clientToServer) was never answered"),
        (_insert(ANSWER, S, id=2, result=None), "2 is answered again"),
        (_insert(ANSWER, S, id=9, result=None), "9 is answered but was never asked"),
        (_set(9, "id", 2), "the id 2 of shutdown was used before"),
        (_set(ANSWER, "error", {"code": 1, "message": ""}), "either a result or an error"),
        (_set(ANSWER, "jsonrpc", "1.0"), "no JSON-RPC 2.0"),
        (_set(ANSWER, "extra", 1), "unknown key 'extra'"),
        (_set(ASK, "id", 1.5), "neither number nor string"),
    ],
)
def test_a_seeded_mistake_is_named(
    model: Model, spoil: Callable[[Session], None], sentence: str
) -> None:
    session = good()
    spoil(session)
    problems = found(session, model)
    assert any(sentence in problem for problem in problems), problems


def test_an_inline_request_may_be_refused_as_cancelled_and_with_nothing_else(model: Model) -> None:
    session = good()
    session[ANSWER] = (S, rpc(id=2, error={"code": -32800, "message": "cancelled"}))
    assert found(session, model) == []
    session[ANSWER] = (S, rpc(id=2, error={"code": -32603, "message": "internal"}))
    assert "which editors show" in found(session, model)[0]


def test_a_cancelled_request_still_needs_its_answer(model: Model) -> None:
    session = good()
    session[ANSWER] = (C, rpc(method="$/cancelRequest", params={"id": 2}))
    assert "was never answered" in found(session, model)[-1]
    assert found(session[:ANSWER], model, ended=False) == []


def test_a_message_of_a_test_passes_only_where_it_is_allowed(model: Model) -> None:
    session = good()
    session.insert(ASK, (C, rpc(method="$/test/release", params={"name": "a"})))
    assert "is no such message" in found(session, model)[0]
    assert found(session, model, allowed=["$/test/release"]) == []


def test_no_sentence_holds_the_text_that_was_wrong(model: Model) -> None:
    session = good()
    session[4][1]["params"]["textDocument"]["text"] = ["secret = 'hunter2'"]
    (problem,) = found(session, model)
    assert "hunter2" not in problem


def test_the_model_is_found_where_the_variable_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "/elsewhere/metaModel.json")
    assert str(model_file()) == "/elsewhere/metaModel.json"


def test_without_the_model_a_test_is_skipped_and_says_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(VARIABLE, "/elsewhere/metaModel.json")
    with pytest.raises(pytest.skip.Exception, match=VARIABLE):
        model_or_skip()
