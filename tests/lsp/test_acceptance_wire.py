"""Acceptance over the wire: with the item's command, without it, and with Copilot's notifications."""

from __future__ import annotations

from typing import Any

import pytest

from lsp.fakes import URI, Editor, FakeBroker, completed, editor, lsp_range
from sidelight_client.api import CHECK_AFTER_S, Way

pytestmark = pytest.mark.anyio

TEXT = "n): return n + 1"


def broker_with(text: str = TEXT) -> FakeBroker:
    return FakeBroker(script=lambda request: completed(request, text))


async def shown(client: Editor, text: str = "def fib(") -> dict[str, Any]:
    """The item an editor shows behind the only line of a file."""
    await client.open(text)
    (item,) = await client.items(0, len(text))
    return item


async def insert(client: Editor, item: dict[str, Any]) -> None:
    place = item["range"]
    start, end = ((place[side]["line"], place[side]["character"]) for side in ("start", "end"))
    await client.edit(start, end, item["insertText"])


async def tell(client: Editor, item: dict[str, Any]) -> None:
    await client.command(item["command"]["command"], *item["command"]["arguments"])


async def test_an_editor_that_says_nothing_and_one_that_says_it_come_to_the_same() -> None:
    ends: list[tuple[int, int]] = []
    for tells in (False, True):
        broker = broker_with()
        async with editor(broker) as client:
            await client.initialize()
            item = await shown(client)
            await insert(client, item)
            if tells:
                await tell(client, item)
            assert broker.accepted_ids == [broker.asked[0].trace_id]
            # What was accepted is not offered again, whoever told of it.
            asked = len(broker.asked)
            await client.items(0, len("def fib(" + TEXT))
            ends.append((len(broker.accepted_ids), len(broker.asked) - asked))
    assert ends[0] == ends[1]


async def test_an_editor_that_tells_before_it_edits_counts_once() -> None:
    broker = broker_with()
    async with editor(broker) as client:
        await client.initialize()
        item = await shown(client)
        await tell(client, item)
        await insert(client, item)
        await tell(client, item)
        assert len(broker.accepted_ids) == 1


async def test_typing_all_of_it_is_no_acceptance_unless_the_editor_says_so() -> None:
    broker = broker_with("n)")
    async with editor(broker) as client:
        await client.initialize()
        item = await shown(client)
        await client.type((0, 8), "n")
        await client.type((0, 9), ")")
        assert broker.accepted_ids == []
        await tell(client, item)
        assert len(broker.accepted_ids) == 1


async def test_copilots_notification_of_a_word_counts_nothing_and_of_all_of_it_one() -> None:
    broker = broker_with()
    async with editor(broker) as client:
        await client.initialize()
        item = await shown(client)
        await client.notify("textDocument/didShowCompletion", {"item": item})
        method = "textDocument/didPartiallyAcceptCompletion"
        await client.notify(method, {"item": item, "acceptedLength": 3})
        assert broker.accepted_ids == []
        await client.notify(method, {"item": item, "acceptedLength": len(item["insertText"])})
        await insert(client, item)
        assert len(broker.accepted_ids) == 1


@pytest.mark.parametrize(
    "params",
    [
        None,
        {},
        {"item": {}, "acceptedLength": 1},
        {"item": {"insertText": "x", "command": {"arguments": ["no id"]}}, "acceptedLength": 9},
        {"item": {"insertText": 5, "command": {"arguments": ["a" * 32]}}, "acceptedLength": 9},
        {"item": {"insertText": "x", "command": {"arguments": ["a" * 32]}}, "acceptedLength": -1},
    ],
)
async def test_a_notification_that_cannot_be_read_changes_nothing(params: Any) -> None:
    broker = broker_with()
    async with editor(broker) as client:
        await client.initialize()
        await shown(client)
        await client.notify("textDocument/didPartiallyAcceptCompletion", params)
        assert broker.accepted_ids == []


async def test_vs_code_sends_the_edit_then_asks_again_and_then_runs_the_command() -> None:
    """The order recorded from VS Code 1.99 and 1.139 with languageclient 11."""
    broker = broker_with()
    async with editor(broker) as client:
        await client.initialize(clientInfo={"name": "Visual Studio Code", "version": "1.99.3"})
        item = await shown(client, "def fib()"[:-1])
        await insert(client, item)
        asked = await client.inline(0, len("def fib(" + TEXT))
        await tell(client, item)
        await client.rest()
        assert client.response(asked) is not None
        assert len(broker.accepted_ids) == 1


async def test_vs_code_takes_a_word_as_an_edit_of_its_own() -> None:
    broker = broker_with("alpha + beta")
    async with editor(broker) as client:
        await client.initialize(clientInfo={"name": "Visual Studio Code", "version": "1.139.1"})
        await shown(client, "x = ")
        await client.type((0, 4), "alpha")
        items = await client.items(0, 9)
        assert [one["insertText"] for one in items] == [" + beta"]
        assert broker.accepted_ids == []
        await client.type((0, 9), " + beta")
        assert len(broker.accepted_ids) == 1


async def test_an_auto_closed_bracket_is_taken_away_by_the_same_acceptance() -> None:
    broker = broker_with()
    async with editor(broker) as client:
        await client.initialize()
        await client.open("def fib()")
        (item,) = await client.items(0, 8)
        await insert(client, item)
        assert len(broker.accepted_ids) == 1


async def test_two_cursors_in_one_change_count_one_acceptance() -> None:
    broker = broker_with()
    async with editor(broker) as client:
        await client.initialize()
        await client.open("def fib(\n\ndef fib(")
        (item,) = await client.items(0, 8)
        text = item["insertText"]
        changes = [
            {"range": lsp_range((2, 8), (2, 8)), "text": text},
            {"range": lsp_range((0, 8), (0, 8)), "text": text},
        ]
        document = {"uri": URI, "version": 9}
        await client.notify(
            "textDocument/didChange", {"textDocument": document, "contentChanges": changes}
        )
        assert len(broker.accepted_ids) == 1


async def test_a_document_that_is_closed_takes_its_suggestion_along() -> None:
    broker = broker_with()
    async with editor(broker) as client:
        await client.initialize()
        await shown(client)
        await client.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
        await client.open("def fib(" + TEXT)
        assert broker.accepted_ids == []


async def test_the_menus_entry_is_accepted_the_same_way() -> None:
    broker = broker_with("ibonacci(n)")
    async with editor(broker) as client:
        await client.initialize(capabilities={})
        await client.open("x = f")
        params = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 5}}
        asked = await client.ask("textDocument/completion", params)
        await client.rest()
        response = client.response(asked)
        assert response is not None
        (entry,) = response["result"]["items"]
        assert entry["textEdit"]["newText"] == "fibonacci(n)"
        await client.edit((0, 4), (0, 5), "fibonacci(n)")
        assert len(broker.accepted_ids) == 1


@pytest.mark.parametrize("tells_first", [False, True])
async def test_what_was_accepted_is_looked_for_at_the_next_save_and_once_more(
    tells_first: bool,
) -> None:
    broker = broker_with("n):\n    return n")
    async with editor(broker) as client:
        await client.initialize()
        item = await shown(client)
        if tells_first:
            await tell(client, item)
        await insert(client, item)
        (known,) = broker.provenance.values()
        assert (known.way, known.first_line, len(known.line_hashes)) == (Way.ACCEPTED, 0, 2)
        assert (known.saved, known.later) == (None, None)
        await client.notify("textDocument/didSave", {"textDocument": {"uri": URI}})
        await client.edit((1, 11), (1, 12), "m")
        await client.notify("textDocument/didSave", {"textDocument": {"uri": URI}})
        await client.rest(CHECK_AFTER_S)
        (known,) = broker.provenance.values()
        assert (known.saved, known.later) == (2, 1)


@pytest.mark.parametrize("typed", ["", "n"])
async def test_what_the_person_goes_on_without_is_dismissed_and_counts_as_nothing_else(
    typed: str,
) -> None:
    broker = broker_with()
    async with editor(broker) as client:
        await client.initialize()
        await shown(client)
        if typed:
            await client.type((0, 8), typed)
        await client.type((0, 8 + len(typed)), "zzz")
        await client.items(0, 11 + len(typed))
    (known,) = broker.provenance.values()
    assert (known.way, known.characters, known.line_hashes) == (Way.DISMISSED, len(typed), ())
    assert broker.accepted_ids == []


async def test_what_was_taken_in_part_is_not_told_as_dismissed() -> None:
    broker = broker_with("one two three four")
    async with editor(broker) as client:
        await client.initialize()
        await shown(client, "x = ")
        await client.type((0, 4), "one two")
        await client.type((0, 11), "!")
    (known,) = broker.provenance.values()
    assert known.way is Way.PARTLY


async def test_a_client_that_says_it_was_closed_comes_to_the_same_as_one_that_types_on() -> None:
    broker = broker_with()
    async with editor(broker) as client:
        await client.initialize(initializationOptions={"editorInfo": {"name": "vim"}})
        await client.open("def fib(")
        doc = {"uri": URI, "version": 1, "position": {"line": 0, "character": 8}}
        asked = await client.ask("getCompletions", {"doc": doc})
        await client.rest()
        (one,) = client.response(asked)["result"]["completions"]  # type: ignore[index]
        said = {"uuids": [one["uuid"], one["uuid"], "no trace id", 7]}
        assert await client.request("notifyRejected", said) == "OK"
        (known,) = broker.provenance.values()
        assert (known.way, known.trace_id) == (Way.DISMISSED, one["uuid"])
        # Who comes back finds it there, unpaid.
        again = await client.ask("getCompletions", {"doc": doc})
        assert client.response(again)["result"]["completions"]  # type: ignore[index]
    assert len(broker.asked) == 1


async def test_what_was_typed_to_its_end_is_not_closed_by_leaving_insert_mode() -> None:
    broker = broker_with("n)")
    async with editor(broker) as client:
        await client.initialize(initializationOptions={"editorInfo": {"name": "vim"}})
        await client.open("fib(")
        doc = {"uri": URI, "version": 1, "position": {"line": 0, "character": 4}}
        asked = await client.ask("getCompletions", {"doc": doc})
        await client.rest()
        (one,) = client.response(asked)["result"]["completions"]  # type: ignore[index]
        await client.type((0, 4), "n")
        await client.type((0, 5), ")")
        await client.request("notifyRejected", {"uuids": [one["uuid"]]})
    (known,) = broker.provenance.values()
    assert known.way is Way.TYPED
