"""Who asks explicitly is shown up to three texts, of one request; who types is shown one."""

from __future__ import annotations

from typing import Any

import pytest

from lsp.fakes import URI, FakeBroker, completed, editor
from sidelight_client.api import MOST_ALTERNATIVES, Trigger, Way
from sidelight_client.domain.provenance import line_hash

pytestmark = pytest.mark.anyio

TEXTS = ("sum(prices)", "max(prices)", "min(prices)")


def broker_with(*texts: str) -> FakeBroker:
    """A model with several texts for who asks for them, and the first for everybody."""
    return FakeBroker(
        script=lambda request: completed(request, *texts[: max(request.alternatives, 1)])
    )


def inserts(items: list[dict[str, Any]]) -> list[str]:
    return [item["insertText"] for item in items]


async def test_an_explicit_call_shows_what_one_request_brought_in_its_order() -> None:
    broker = broker_with(*TEXTS)
    async with editor(broker) as client:
        await client.initialize()
        await client.open("total = ")
        items = await client.items(0, 8, invoked=True)
    assert inserts(items) == list(TEXTS)
    (request,) = broker.asked
    assert (request.trigger, request.alternatives) == (Trigger.INVOKED, MOST_ALTERNATIVES)
    assert [item["command"]["arguments"] for item in items] == [[request.trace_id]] * 3


async def test_whoever_types_gets_one_and_pays_for_one() -> None:
    broker = broker_with(*TEXTS)
    async with editor(broker) as client:
        await client.initialize()
        await client.open("total = ")
        assert inserts(await client.items(0, 8)) == [TEXTS[0]]
    assert [request.alternatives for request in broker.asked] == [1]


async def test_who_asks_where_something_is_shown_sees_what_else_there_is_and_asks_once() -> None:
    broker = broker_with(*TEXTS)
    async with editor(broker) as client:
        await client.initialize()
        await client.open("total = ")
        assert inserts(await client.items(0, 8)) == [TEXTS[0]]
        assert inserts(await client.items(0, 8, invoked=True)) == list(TEXTS)
        assert inserts(await client.items(0, 8, invoked=True)) == list(TEXTS)
    assert [request.trigger for request in broker.asked] == [Trigger.AUTOMATIC, Trigger.INVOKED]


async def test_where_there_is_nothing_else_what_was_shown_stays() -> None:
    broker = broker_with(TEXTS[0])
    async with editor(broker) as client:
        await client.initialize()
        await client.open("total = ")
        await client.items(0, 8)
        broker.script = completed
        assert inserts(await client.items(0, 8, invoked=True)) == [TEXTS[0]]


async def test_alternatives_that_would_put_in_the_same_are_one() -> None:
    # Text stands behind the cursor, so that only the first line of each can be put in.
    broker = broker_with("prices\nprint(1)", "prices\nprint(2)", "costs")
    async with editor(broker) as client:
        await client.initialize()
        await client.open("total = sum( + 1")
        assert inserts(await client.items(0, 12, invoked=True)) == ["prices", "costs"]


async def test_typing_into_an_alternative_leaves_that_one_and_sends_nothing() -> None:
    broker = broker_with(*TEXTS)
    async with editor(broker) as client:
        await client.initialize()
        await client.open("total = ")
        await client.items(0, 8, invoked=True)
        await client.type((0, 8), "ma")
        assert inserts(await client.items(0, 10)) == ["x(prices)"]
    assert len(broker.asked) == 1


@pytest.mark.parametrize("number", range(3))
async def test_each_alternative_has_its_own_provenance_when_it_is_accepted(number: int) -> None:
    broker = broker_with("sum(\n    prices)", "max(\n    prices, 0)", "0")
    async with editor(broker) as client:
        await client.initialize()
        await client.open("total = ")
        items = await client.items(0, 8, invoked=True)
        text = items[number]["insertText"]
        await client.edit((0, 8), (0, 8), text)
        await client.command(items[number]["command"]["command"], broker.asked[0].trace_id)
    (known,) = broker.provenance.values()
    lines = f"total = {text}".split("\n")
    assert known.characters == len(text)
    assert known.line_hashes == tuple(line_hash(known.trace_id, line) for line in lines)
    assert broker.accepted_ids == [broker.asked[0].trace_id]
    assert known.way is (Way.ACCEPTED if len(text) > 1 else Way.TYPED)


async def test_cycling_in_the_copilot_dialect_is_an_explicit_call() -> None:
    broker = broker_with(*TEXTS)
    async with editor(broker) as client:
        await client.initialize(initializationOptions={"editorInfo": {"name": "vim"}})
        await client.open("total = ")
        doc = {"uri": URI, "version": 1, "position": {"line": 0, "character": 8}}
        found = await client.request("getCompletionsCycling", {"doc": doc})
    assert [one["displayText"] for one in found["completions"]] == list(TEXTS)
    assert len(broker.asked) == 1
