"""The front and pygls agree: on what is offered, and on what a document holds after the same messages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pygls.lsp.server import LanguageServer

from lsp.fakes import GHOST, URI, FakeBroker, editor
from lsp.test_explained import CREATES, SSN, actions, preview, ready
from sidelight_lsp.documents.documents import Documents
from sidelight_lsp.wire import front
from sidelight_lsp.wire.server import SidelightServer, prepare

pytestmark = pytest.mark.anyio


def said(path: Path) -> dict[str, Any]:
    recorded: dict[str, Any] = json.loads(path.read_text("utf-8"))
    params: dict[str, Any] = recorded.get("initialize", recorded)
    return params


FILES = sorted(Path(__file__).with_name("profiles").glob("*.json"))
PROFILES = {path.stem: said(path) for path in FILES}
"""What editors say of themselves in `initialize`."""


@pytest.mark.parametrize("name", PROFILES)
async def test_initialize_is_answered_as_pygls_answers_all_that_the_editor_says(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with editor(FakeBroker()) as client:
        ours = offered(await client.request("initialize", PROFILES[name]))
    monkeypatch.setattr(front, "reduced", lambda message: message)
    async with editor(FakeBroker()) as client:
        assert offered(await client.request("initialize", PROFILES[name])) == ours


def offered(result: Any) -> Any:
    """The result without what it says is not offered; saying nothing means the same."""
    if not isinstance(result, dict):
        return result
    named = cast("dict[str, Any]", result)
    return {name: offered(value) for name, value in named.items() if value is not False}


# --- documents --------------------------------------------------------------------------------

# pygls ends lines at form feeds and Unicode separators as well, where editors do not.
texts = st.text(st.sampled_from("ab é🙂\n"), max_size=20)
edits = st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99), texts), max_size=6)


class Session:
    """The front before a real store of documents, and nothing else behind it."""

    def __init__(self) -> None:
        self.documents = Documents()
        self.sent: list[Any] = []
        server = SidelightServer("")
        server.write_to(lambda _data: None)
        nothing = cast("Any", self)
        self._front = front.Front(
            nothing,
            self.documents,
            nothing,
            server.session_protocol,
            lambda body: self.sent.append(json.loads(body)),
        )

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
    theirs.protocol.set_writer(cast("Any", _Nobody()), include_headers=False)
    for message in messages(text, changes):
        ours.receive(message)
        theirs.protocol.handle_message(theirs.protocol.structure_message(message))
    document, other = ours.documents.get(URI), theirs.workspace.get_text_document(URI)
    assert document is not None
    assert ("".join(document.lines), document.version) == (other.source, other.version)


class _Nobody:
    """Takes what pygls sends."""

    def write(self, data: bytes) -> None:
        del data


# --- code made off the loop -------------------------------------------------------------------


async def test_no_code_is_made_for_a_type_while_an_editor_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    prepare()
    made: list[str] = []
    for name in ("make_dict_unstructure_fn_from_attrs", "make_dict_structure_fn_from_attrs"):
        _tell(monkeypatch, name, made)
    async with editor(FakeBroker(preview=preview())) as client:
        known: list[dict[str, Any]] = [one["capabilities"] for one in PROFILES.values()]
        capabilities = {name: value for one in known for name, value in one.items()} | CREATES
        await ready(client, f"x = 1\nssn = '{SSN}'\n", capabilities=capabilities)
        place = {"textDocument": {"uri": URI}, "position": {"line": 1, "character": 8}}
        assert await client.request("textDocument/hover", place) is not None
        assert await actions(client, 1, 8)
        await client.request("textDocument/codeLens", {"textDocument": {"uri": URI}})
        await client.notify("textDocument/didSave", {"textDocument": {"uri": URI}})
        await client.notify("workspace/didChangeConfiguration", {"settings": {}})
        await client.notify("$/cancelRequest", {"id": 99})
        await client.notify("$/setTrace", {"value": "off"})
        await client.settle()
    assert made == []


def _tell(monkeypatch: pytest.MonkeyPatch, name: str, made: list[str]) -> None:
    import cattrs.gen

    original = getattr(cattrs.gen, name)

    def told(cls: type[Any], *given: Any, **named: Any) -> Any:
        made.append(cls.__name__)
        return original(cls, *given, **named)

    monkeypatch.setattr(cattrs.gen, name, told)
