"""The first complete line of an answer is shown when the rest takes long, and the rest needs no request."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from lsp.fakes import URI, Editor, FakeBroker, completed, editor
from sidelight_client.api import (
    CHECK_AFTER_S,
    CompletionRequest,
    Outcome,
    Unavailable,
    UnavailableReason,
)
from sidelight_client.domain.provenance import line_hash
from sidelight_lsp.completing.early_lines import REST_WORTH_WAITING_S, Streaming, all_there_is

pytestmark = pytest.mark.anyio

FIRST = "load(path):"
WHOLE = "load(path):\n    with open(path) as file:\n        return file.read()"


def slow(text: str = WHOLE) -> FakeBroker:
    """A broker whose answers wait for its gate; what comes of them before, the test says."""
    return FakeBroker(script=lambda request: completed(request, text), gate=asyncio.Event())


async def come(client: Editor, text: str) -> None:
    assert client.broker.comes is not None, "nothing was asked"
    client.broker.comes(text)
    await client.settle()


async def finish(client: Editor) -> None:
    assert client.broker.gate is not None
    client.broker.gate.set()
    await client.settle()


async def begun(client: Editor, text: str = "def ") -> int:
    """The id of an explicit call at the end of the only line, whose request is under way."""
    await client.initialize()
    await client.open(text)
    return await client.inline(0, len(text.partition("║")[0]), invoked=True)


def inserts(client: Editor, message_id: int) -> list[str] | None:
    message = client.response(message_id)
    return None if message is None else [item["insertText"] for item in message["result"]["items"]]


async def test_the_first_line_is_shown_when_the_rest_takes_long() -> None:
    async with editor(slow()) as client:
        call = await begun(client)
        await come(client, FIRST)
        await client.rest(REST_WORTH_WAITING_S - 0.01)
        assert inserts(client, call) is None
        await client.rest(0.02)
        assert inserts(client, call) == [FIRST]
        await finish(client)
        assert len(client.responses(call)) == 1


async def test_an_answer_that_is_whole_soon_is_shown_whole() -> None:
    async with editor(slow()) as client:
        call = await begun(client)
        await come(client, FIRST)
        await client.rest(REST_WORTH_WAITING_S / 2)
        await finish(client)
        assert inserts(client, call) == [WHOLE]


async def test_where_rests_take_long_the_next_first_line_is_not_waited_with() -> None:
    async with editor(slow()) as client:
        await begun(client)
        await come(client, FIRST)
        await client.rest(REST_WORTH_WAITING_S * 5)
        await finish(client)
        assert client.broker.gate is not None
        client.broker.gate.clear()
        await client.open("def ", "file:///work/src/other.py")
        second = await client.inline(0, 4, "file:///work/src/other.py", invoked=True)
        await come(client, FIRST)
        assert inserts(client, second) == [FIRST]


async def test_what_is_all_that_would_be_shown_is_shown_at_once() -> None:
    # Text stands behind the cursor, so that further lines cannot be put in.
    async with editor(slow("path, mode\n    x")) as client:
        await client.initialize()
        await client.open("open( + 1")
        call = await client.inline(0, 5, invoked=True)
        await come(client, "path, mode")
        assert inserts(client, call) == ["path, mode"]


async def test_typing_through_the_first_line_reaches_the_rest_without_another_request() -> None:
    async with editor(slow()) as client:
        await begun(client)
        await come(client, FIRST)
        await client.rest(REST_WORTH_WAITING_S)
        await client.type((0, 4), "load(")
        assert [i["insertText"] for i in await client.items(0, 9)] == ["path):"]
        await client.type((0, 9), "path):")
        call = await client.inline(0, 15)
        assert inserts(client, call) is None
        await finish(client)
        assert inserts(client, call) == [WHOLE.removeprefix(FIRST)]
        assert len(client.broker.asked) == 1


@pytest.mark.parametrize("ended_before", [False, True])
async def test_accepting_the_first_line_reaches_the_rest_without_another_request(
    ended_before: bool,
) -> None:
    async with editor(slow()) as client:
        await begun(client)
        await come(client, FIRST)
        await client.rest(REST_WORTH_WAITING_S)
        if ended_before:
            await finish(client)
        await client.type((0, 4), FIRST)
        await client.command("sidelight.didAccept", client.broker.asked[0].trace_id)
        call = await client.inline(0, 4 + len(FIRST))
        await finish(client)
        assert inserts(client, call) == [WHOLE.removeprefix(FIRST)]
        assert len(client.broker.asked) == 1


async def test_both_pieces_of_what_was_accepted_are_one_suggestion_that_survives() -> None:
    broker = slow()
    async with editor(broker) as client:
        await begun(client)
        await come(client, FIRST)
        await client.rest(REST_WORTH_WAITING_S)
        await client.type((0, 4), FIRST)
        await finish(client)
        place = (0, 4 + len(FIRST))
        await client.items(*place)
        await client.type(place, WHOLE.removeprefix(FIRST))
        await client.rest(CHECK_AFTER_S)
    (known,) = broker.provenance.values()
    lines = f"def {WHOLE}".split("\n")
    assert known.line_hashes == tuple(line_hash(known.trace_id, line) for line in lines)
    assert (known.characters, known.later) == (len(WHOLE), 3)
    assert broker.accepted_ids == [known.trace_id]


async def test_what_came_later_is_known_as_shown_once_the_editor_was_given_it() -> None:
    async with editor(slow()) as client:
        await begun(client)
        await come(client, FIRST)
        await client.rest(REST_WORTH_WAITING_S)
        await finish(client)
        await client.type((0, 4), "l")
        await client.items(0, 5)
        await client.type((0, 5), WHOLE[1:])
        assert client.broker.accepted_ids == [client.broker.asked[0].trace_id]
    (known,) = client.broker.provenance.values()
    assert known.characters == len(WHOLE)


async def test_a_first_line_that_no_longer_fits_is_not_shown() -> None:
    async with editor(slow()) as client:
        call = await begun(client)
        await client.type((0, 4), "save")
        await come(client, FIRST)
        await client.rest(REST_WORTH_WAITING_S)
        assert inserts(client, call) in (None, [])
        second = await client.inline(0, 8)
        await come(client, FIRST)
        assert inserts(client, second) in (None, [])


async def test_an_answer_that_breaks_off_is_not_offered_again() -> None:
    def breaks(request: CompletionRequest) -> Outcome:
        return Unavailable(request.trace_id, UnavailableReason.GATEWAY_DOWN)

    broker = FakeBroker(script=breaks, gate=asyncio.Event())
    async with editor(broker) as client:
        await begun(client)
        await come(client, FIRST)
        await client.rest(REST_WORTH_WAITING_S)
        await finish(client)
        await client.type((0, 4), "l")
        assert await client.items(0, 5) == []


async def test_nothing_is_bought_ahead_while_the_rest_is_still_coming() -> None:
    async with editor(slow()) as client:
        await begun(client)
        await come(client, FIRST)
        await client.rest(REST_WORTH_WAITING_S)
        await client.type((0, 4), "load(p")
        assert [i["insertText"] for i in await client.items(0, 10)] == ["ath):"]
        assert len(client.broker.asked) == 1


async def test_a_request_whose_first_line_was_shown_counts_as_shown() -> None:
    async with editor(slow()) as client:
        await client.initialize(initializationOptions={"sidelight": {"messages": True}})
        await client.open("def ", URI)
        await client.inline(0, 4, invoked=True)
        await come(client, FIRST)
        await client.rest(REST_WORTH_WAITING_S)
        await finish(client)
        told: list[Any] = client.notified("$/sidelight/decision")
    assert [one["outcome"] for one in told] == ["shown"]


def test_rests_that_came_at_once_are_waited_for_again() -> None:
    streaming = Streaming().ended(2.0)
    assert streaming.wait_s(all_there_is=False) == 0.0
    for _ in range(10):
        streaming = streaming.ended(0.01)
    assert streaming.wait_s(all_there_is=False) == REST_WORTH_WAITING_S
    assert streaming.wait_s(all_there_is=True) == 0.0


@pytest.mark.parametrize(
    ("place", "text", "most", "whole"),
    [
        ("x = ║", "1", 4, False),
        ("x = ║", "1", 1, True),
        ("x = ║", "1\n2", 2, True),
        ("f(║)", "a)", 4, False),
        ("f(║, 2)", "a", 4, True),
    ],
)
def test_further_lines_are_waited_for_only_where_they_would_be_shown(
    place: str, text: str, most: int, whole: bool
) -> None:
    before, _, after = place.partition("║")
    assert all_there_is(before + after, len(before), text, most) is whole
