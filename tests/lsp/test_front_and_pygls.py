"""The front and pygls agree: on what is offered, and on what a document holds after the same messages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lsprotocol import types
from pygls.lsp.server import LanguageServer

from lsp.fakes import GHOST, URI, FakeBroker, editor
from sidelight_lsp.documents.documents import Documents
from sidelight_lsp.wire.front import Front
from sidelight_lsp.wire.pygls_answer import answer_of_pygls
from sidelight_lsp.wire.server import SidelightServer

pytestmark = pytest.mark.anyio


def said(path: Path) -> dict[str, Any]:
    recorded: dict[str, Any] = json.loads(path.read_text("utf-8"))
    params: dict[str, Any] = recorded.get("initialize", recorded)
    return params


FILES = sorted(Path(__file__).with_name("profiles").glob("*.json"))
PROFILES = {path.stem: said(path) for path in FILES}
"""What editors say of themselves in `initialize`."""


@pytest.mark.parametrize("name", PROFILES)
async def test_initialize_is_answered_as_pygls_answers_with_the_same_features(name: str) -> None:
    async with editor(FakeBroker()) as client:
        ours = await client.request("initialize", PROFILES[name])
    assert offered(ours) == offered(of_pygls(ours["capabilities"], PROFILES[name]))


def of_pygls(capabilities: dict[str, Any], params: dict[str, Any]) -> dict[str, Any]:
    """What pygls answers where the same is registered; inline completion is newer than it."""
    server = LanguageServer("sidelight", FakeBroker().snapshot().version)
    for command in capabilities["executeCommandProvider"]["commands"]:
        server.command(command)(nothing)
    features: dict[str, Any] = {
        types.TEXT_DOCUMENT_DID_SAVE: types.SaveOptions(include_text=False),
        types.TEXT_DOCUMENT_HOVER: None,
        types.TEXT_DOCUMENT_CODE_LENS: types.CodeLensOptions(resolve_provider=False),
        types.TEXT_DOCUMENT_CODE_ACTION: types.CodeActionOptions(
            code_action_kinds=[types.CodeActionKind.QuickFix]
        ),
        types.TEXT_DOCUMENT_INLINE_COMPLETION: types.InlineCompletionOptions(),
    }
    if "completionProvider" in capabilities:
        characters = [".", "(", "[", "="]
        options = types.CompletionOptions(trigger_characters=characters)
        features[types.TEXT_DOCUMENT_COMPLETION] = options
    if "diagnosticProvider" in capabilities:
        features[types.TEXT_DOCUMENT_DIAGNOSTIC] = types.DiagnosticOptions(
            inter_file_dependencies=False, workspace_diagnostics=False, identifier="sidelight"
        )
    for method, options in features.items():
        server.feature(method, options)(nothing)
    written = Written()
    server.protocol.set_writer(cast("Any", written), include_headers=False)
    server.protocol.handle_message(
        server.protocol.structure_message(
            {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
        )
    )
    result: dict[str, Any] = written.messages[0]["result"]
    result["capabilities"]["experimental"] = capabilities["experimental"]
    return result


def nothing(*arguments: Any) -> None:
    """Do nothing."""
    del arguments


class Written:
    """Keeps what pygls sends."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []

    def write(self, data: bytes) -> None:
        self.messages.append(json.loads(data))


def offered(result: Any) -> Any:
    """The result without what it says is not offered; saying nothing means the same."""
    if not isinstance(result, dict):
        return result
    named = cast("dict[str, Any]", result)
    found = {name: offered(value) for name, value in named.items() if value is not False}
    return {name: value for name, value in found.items() if name != "fileOperations"}


@pytest.mark.parametrize(
    "message",
    [
        {"method": "sidelight/whatever", "params": {"a": {"b": [1]}}},
        {"method": "textDocument/rename", "params": {"textDocument": {"uri": URI}}},
        {"method": "textDocument/foldingRange", "params": {"textDocument": {"uri": URI}}},
    ],
)
async def test_what_nothing_of_ours_serves_is_answered_by_pygls(message: dict[str, Any]) -> None:
    async with editor() as client:
        await client.initialize()
        message_id = await client.ask(message["method"], message["params"])
        answer = await client.answered(message_id)
        whole = {"jsonrpc": "2.0", "id": message_id, **message}
        assert answer == json.loads(answer_of_pygls(whole))
        assert answer["error"]["code"] in {-32601, -32602}


# --- documents --------------------------------------------------------------------------------

# pygls ends lines at form feeds and Unicode separators as well, where editors do not.
texts = st.text(st.sampled_from("ab é🙂\n"), max_size=20)
edits = st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99), texts), max_size=6)


class Session:
    """The front before a real store of documents, and nothing else behind it."""

    def __init__(self) -> None:
        self.documents = Documents()
        self.sent: list[Any] = []
        itself = cast("Any", self)

        def send(body: bytes) -> None:
            self.sent.append(json.loads(body))

        self._front = Front(itself, self.documents, itself, SidelightServer(""), send)

    def receive(self, message: dict[str, Any]) -> None:
        self._front.receive(json.dumps(message).encode())

    # What the front asks of the session's life and of the engine.

    def opening(self, params: Any) -> None: ...

    def opened(self) -> None: ...

    def changed(self, uri: str) -> None: ...


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def position(text: str, offset: int) -> dict[str, int]:
    """Where the code point is, in UTF-16 units."""
    before = text[:offset]
    return {"line": before.count("\n"), "character": units(before.rpartition("\n")[2])}


def messages(text: str, changes: list[tuple[int, int, str]]) -> list[dict[str, Any]]:
    """A session that opens `text` and makes the changes; a negative place is the whole text."""
    document = {"uri": URI, "languageId": "python", "version": 1, "text": text}
    initialize = {"processId": None, "rootUri": None, "capabilities": GHOST}
    said: list[dict[str, Any]] = [
        {"id": 1, "method": "initialize", "params": initialize},
        {"method": "textDocument/didOpen", "params": {"textDocument": document}},
    ]
    for number, (first, second, put_in) in enumerate(changes):
        start, end = sorted((first % (len(text) + 1), second % (len(text) + 1)))
        place = {"start": position(text, start), "end": position(text, end)}
        text = text[:start] + put_in + text[end:]
        changed = {
            "textDocument": {"uri": URI, "version": number + 2},
            "contentChanges": [{"range": place, "text": put_in}],
        }
        said.append({"method": "textDocument/didChange", "params": changed})
    return [{"jsonrpc": "2.0", **one} for one in said]


@given(text=texts, changes=edits)
@settings(max_examples=50, deadline=None)
def test_a_document_holds_the_same_after_the_same_messages(
    text: str, changes: list[tuple[int, int, str]]
) -> None:
    ours = Session()
    theirs = LanguageServer("other", "1")
    theirs.protocol.set_writer(cast("Any", Written()), include_headers=False)
    for message in messages(text, changes):
        ours.receive(message)
        theirs.protocol.handle_message(theirs.protocol.structure_message(message))
    document, other = ours.documents.get(URI), theirs.workspace.get_text_document(URI)
    assert document is not None
    assert ("".join(document.lines), document.version) == (other.source, other.version)


async def test_a_request_for_pygls_is_answered_as_cancelled_when_the_session_ends_first() -> None:
    async with editor() as client:
        await client.initialize()
        message = {"id": 90, "method": "sidelight/whatever"}
        await client.send(message, {"id": 91, "method": "shutdown"})
        assert (await client.answered(90))["error"]["code"] in {-32601, -32800}
        assert (await client.answered(91))["result"] is None
