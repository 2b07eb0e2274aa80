"""What each editor says first, and a whole session with it: the same server suits all of them.

The profiles are recorded from the real editors; `support/client_profiles.py` says how.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lsp.fakes import URI, Editor, FakeBroker, completed, editor, lsp_range
from lsp.test_features import SSN, blocks
from sidelight_client.testing.lsp_traffic import Direction
from support.lsp_checker import check_where_possible

pytestmark = pytest.mark.anyio

FOLDER = Path(__file__).with_name("profiles")


@dataclass(frozen=True, slots=True)
class Expected:
    """What a session with an editor must come to.

    Attributes:
        ghost: it draws ghost text, so it gets no menu.
        encoding: what columns are counted in.
        pulls: it asks for diagnostics itself.
        told: it opted in to our own messages.
    """

    ghost: bool
    encoding: str
    pulls: bool
    told: bool


EXPECTED = {
    "vscode-1.99": Expected(True, "utf-16", True, True),
    "vscode-1.139": Expected(True, "utf-16", True, True),
    "neovim-0.10": Expected(True, "utf-16", False, True),
    "neovim-0.11": Expected(True, "utf-8", False, True),
    "neovim-0.12": Expected(True, "utf-8", True, True),
    "lsp4j": Expected(True, "utf-16", True, False),
    "helix": Expected(False, "utf-8", False, False),
    "eglot": Expected(False, "utf-16", False, False),
    "lsp-mode": Expected(False, "utf-16", False, False),
    "vim-ale": Expected(False, "utf-16", False, False),
    "kate": Expected(False, "utf-16", False, False),
}

SLIPS = {
    "helix": "initialize.capabilities.workspace.diagnostic: unknown key",
    "lsp-mode": "initialize.capabilities.",
}
"""What an editor itself says wrong: Helix means `diagnostics`, lsp-mode says null of what it lacks."""

profiles = pytest.mark.parametrize("name", EXPECTED)


def profile(name: str) -> dict[str, Any]:
    kept: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return kept


async def attach(client: Editor, name: str) -> dict[str, Any]:
    """Open the session as the editor did, up to its first document, which it closes again."""
    kept = profile(name)
    result = await client.request("initialize", kept["initialize"])
    for message in kept["then"]:
        await client.notify(message["method"], message["params"])
        if message["method"] == "initialized":
            for asked in client.requested("workspace/configuration"):
                nothing = [None for _ in asked["params"]["items"]]
                await client.answer(asked, kept["answers"].get(asked["method"], nothing))
    opened = kept["then"][-1]["params"]["textDocument"]["uri"]
    await client.notify("textDocument/didClose", {"textDocument": {"uri": opened}})
    capabilities: dict[str, Any] = result["capabilities"]
    return capabilities


def name_of(params: dict[str, Any]) -> str:
    """An editor as the broker lists it."""
    told = params.get("clientInfo")
    return f"{told['name']} {told['version']}" if told else "an editor"


def sent(client: Editor) -> list[dict[str, Any]]:
    """Every message of the editor."""
    return [one.message for one in client.traffic if one.direction is Direction.TO_SERVER]


async def agree(client: Editor) -> None:
    """Answer every question of the server that is still open with nothing."""
    answered = {message["id"] for message in sent(client) if "method" not in message}
    for asked in client.messages:
        if "method" in asked and "id" in asked and asked["id"] not in answered:
            await client.answer(asked, None)


def column(text: str, characters: int, encoding: str) -> int:
    """How far in a line a place is, as the editor counts."""
    size = {"utf-8": 1, "utf-16": 2}[encoding]
    return len(text[:characters].encode(f"{encoding}-le" if size > 1 else encoding)) // size


def test_every_profile_has_its_expectation() -> None:
    assert {file.stem for file in FOLDER.glob("*.json")} == set(EXPECTED)


@profiles
async def test_an_editor_is_offered_what_it_can_show(name: str) -> None:
    expected, broker = EXPECTED[name], FakeBroker()
    async with editor(broker) as client:
        offered = await attach(client, name)
        assert broker.editors == [name_of(profile(name)["initialize"])]
        assert offered["inlineCompletionProvider"] == {}
        assert ("completionProvider" in offered) is not expected.ghost
        assert ("diagnosticProvider" in offered) is expected.pulls
        assert offered["positionEncoding"] == expected.encoding
        assert bool(client.notified("$/sidelight/status")) is expected.told


@profiles
async def test_a_suggestion_behind_an_emoji_lands_at_the_cursor(name: str) -> None:
    expected = EXPECTED[name]
    typed = 's = "😀é"; pri'
    async with editor(FakeBroker(script=lambda r: completed(r, "nt(s)"))) as client:
        await attach(client, name)
        await client.open(typed)
        at = column(typed, len(typed), expected.encoding)
        if expected.ghost:
            (item,) = await client.items(0, at)
            assert item["insertText"] == "nt(s)"
            assert item["range"] == lsp_range((0, at), (0, at))
        else:
            params = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": at}}
            asked = await client.ask("textDocument/completion", params)
            await client.rest()
            response = client.response(asked)
            assert response is not None
            (entry,) = response["result"]["items"]
            word = column(typed, len(typed) - len("pri"), expected.encoding)
            edit = {"range": lsp_range((0, word), (0, at)), "newText": "print(s)"}
            assert entry["textEdit"] == edit
            assert entry["filterText"].startswith("pri")


@profiles
async def test_a_block_is_shown_in_the_document_pulled_or_pushed(name: str) -> None:
    expected = EXPECTED[name]
    async with editor(blocks()) as client:
        await attach(client, name)
        await client.open(f"ssn = '{SSN}'\nx = ")
        message_id = await client.inline(1, 4)
        await client.rest()
        assert client.response(message_id) is not None
        if expected.pulls:
            await agree(client)
            report = await client.request("textDocument/diagnostic", {"textDocument": {"uri": URI}})
            found = report["items"]
        else:
            found = client.notified("textDocument/publishDiagnostics")[-1]["diagnostics"]
        assert "pii.ssn" in [one["code"] for one in found]
        place = lsp_range((0, 7), (0, 7 + len(SSN)))
        assert place in [one["range"] for one in found]


@profiles
async def test_every_message_of_a_whole_session_keeps_to_the_protocol(name: str) -> None:
    expected = EXPECTED[name]
    at = {"textDocument": {"uri": URI}, "position": {"line": 1, "character": 4}}
    async with editor(blocks()) as client:
        await attach(client, name)
        await client.open(f"ssn = '{SSN}'\nx = ")
        await client.inline(1, 4)
        await client.rest()
        await agree(client)
        await client.edit((0, 7), (0, 7 + len(SSN)), "none")
        await agree(client)
        assert len(await client.items(1, 4)) == 1
        await client.type((1, 4), "f")
        superseded = await client.inline(1, 5)
        await client.inline(1, 5)
        assert client.response(superseded) is not None
        cancelled = await client.ask("textDocument/completion", at)
        await client.notify("$/cancelRequest", {"id": cancelled})
        await client.request("textDocument/hover", at)
        await client.request(
            "textDocument/codeAction",
            {
                "textDocument": {"uri": URI},
                "range": lsp_range((0, 0), (0, 3)),
                "context": {"diagnostics": []},
            },
        )
        await client.rest()
        await client.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
        await agree(client)
        assert await client.leave() == 0
        found = check_where_possible(client.traffic)
        assert [one for one in found if SLIPS.get(name, "?") not in one] == []
    assert expected.told or not client.notified("$/sidelight/decision")
