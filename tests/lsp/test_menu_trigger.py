"""Who opens the completion menu on purpose goes first; who types does not, whatever the editor calls it."""

from __future__ import annotations

from typing import Any

import pytest

from lsp.fakes import URI, Editor, FakeBroker, editor
from lsp.test_client_profiles import EXPECTED, attach
from sidelight_client.api import Trigger
from sidelight_lsp.completing.menu_trigger import AFTER_S, menu_trigger

pytestmark = pytest.mark.anyio

INVOKED, CHARACTER, INCOMPLETE = 1, 2, 3


async def ask(client: Editor, column: int, kind: int) -> None:
    params: dict[str, Any] = {
        "textDocument": {"uri": URI},
        "position": {"line": 0, "character": column},
        "context": {"triggerKind": kind},
    }
    await client.ask("textDocument/completion", params)


@pytest.mark.parametrize("name", EXPECTED)
async def test_the_menu_is_explicit_where_an_editor_asks_long_after_the_last_key(name: str) -> None:
    broker = FakeBroker()
    async with editor(broker) as client:
        await attach(client, name)
        await client.open("total = ")
        await client.rest(AFTER_S)
        await ask(client, 8, INVOKED)
        await client.rest()
    (request,) = broker.asked
    asks_by_itself = name == "helix"
    assert request.trigger is (Trigger.AUTOMATIC if asks_by_itself else Trigger.INVOKED)


@pytest.mark.parametrize("name", EXPECTED)
async def test_the_menu_that_opens_while_somebody_types_is_not_explicit(name: str) -> None:
    broker = FakeBroker()
    async with editor(broker) as client:
        await attach(client, name)
        await client.open("total ")
        await client.rest(AFTER_S)
        await client.type((0, 6), "= ")
        await client.rest(AFTER_S / 4)
        await ask(client, 8, INVOKED)
        await client.rest()
    assert [request.trigger for request in broker.asked] == [Trigger.AUTOMATIC]


@pytest.mark.parametrize("kind", [CHARACTER, INCOMPLETE, 0, -1, None])
def test_what_an_editor_does_not_call_invoked_nobody_invoked(kind: int | None) -> None:
    assert menu_trigger(kind, "Emacs", 60.0) is Trigger.AUTOMATIC


async def test_nothing_is_remembered_of_a_file_that_was_closed() -> None:
    async with editor() as client:
        await client.initialize()
        await client.open("a")
        await client.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
        await client.open("total = ")
        await ask(client, 8, INVOKED)
        await client.rest()
        assert [one.trigger for one in client.broker.asked] == [Trigger.AUTOMATIC]


async def test_an_opened_file_and_a_focused_window_have_a_connection_made_ready() -> None:
    async with editor() as client:
        await client.initialize(initializationOptions={"editorInfo": {"name": "vim"}})
        await client.open("a")
        assert client.broker.expected == 1
        await client.type((0, 1), "b")
        assert client.broker.expected == 1
        await client.notify("textDocument/didFocus", {"textDocument": {"uri": URI}})
        assert client.broker.expected == 2
