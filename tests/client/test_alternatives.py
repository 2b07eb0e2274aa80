"""Alternatives are one request to the gateway, billed as one, and only where it takes them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from sidelight_client.adapters.clock import SystemClock
from sidelight_client.adapters.gateway_http import HttpGateway
from sidelight_client.adapters.http import HttpClient
from sidelight_client.adapters.place_facts import WorkspacePlaces
from sidelight_client.broker import Broker
from sidelight_client.domain.answers.answer import Offer, distinct
from sidelight_client.domain.completion import Completed, CompletionRequest, Outcome, Trigger
from sidelight_client.domain.place import Document, Position
from sidelight_client.domain.window import take
from sidelight_client.gateways.answer_reader import AnswerReader
from sidelight_client.gateways.openai import OpenAiProfile
from sidelight_client.ports import Delta, Finish
from sidelight_client.settings import Layer, resolve
from support.raw_server import Answer, RawServer, answer, raw_server, sse

pytestmark = pytest.mark.anyio

OPEN: dict[str, Any] = {
    "version": 1,
    "name": "Open",
    "auth": {"kind": "none"},
    "limits": [{"scope": "user", "unit": "requests", "limit": 120, "window_s": 3600}],
}


def choices(*texts: str) -> dict[str, Any]:
    said = [
        {"text": text, "index": index, "finish_reason": "stop"} for index, text in enumerate(texts)
    ]
    return {"choices": said, "usage": {"prompt_tokens": 40, "completion_tokens": 21}}


REFUSED = answer(400, {"error": {"message": "UnsupportedParamsError: it takes no n", "code": 400}})
ONE = sse({"choices": [{"text": "only", "finish_reason": "stop"}]})


@asynccontextmanager
async def broker_at(*answers: Answer) -> AsyncGenerator[tuple[Broker, RawServer]]:
    clock = SystemClock()
    async with raw_server(answer(200, OPEN), *answers) as server:
        gateway = HttpGateway(server.url, HttpClient(), clock=clock)
        broker = Broker(
            clock=clock,
            settings=resolve([(Layer.FILE, {})]),
            gateway=gateway,
            keeper=None,
            repositories=WorkspacePlaces(),
            version="0.1.0",
        )
        await broker.start()
        try:
            yield broker, server
        finally:
            await broker.stop()
            await gateway.close()


async def ask(broker: Broker, alternatives: int = 3) -> Outcome:
    window = take(["def f():\n", "    \n"], Position(1, 4), "file:///a.py")
    document = Document("file:///a.py", "python")
    async with asyncio.timeout(10):
        return await broker.complete(
            CompletionRequest(
                "c" * 32, document, window, trigger=Trigger.INVOKED, alternatives=alternatives
            )
        )


def asked_for(server: RawServer) -> list[tuple[int, bool]]:
    """How many texts each completion asked for, and whether in a stream."""
    bodies = [json.loads(one.body) for one in server.asked if one.method == "POST"]
    return [(body.get("n", 1), body["stream"]) for body in bodies]


async def test_alternatives_come_in_one_request_without_what_is_there_twice() -> None:
    texts = choices("return 1", "return  1", "return 2")
    async with broker_at(answer(200, texts)) as (broker, server):
        outcome = await ask(broker)
        snapshot = broker.snapshot()
    assert isinstance(outcome, Completed)
    assert outcome.texts == ("return 1", "return 2")
    assert asked_for(server) == [(3, False)]
    assert snapshot.counts.requests == 1
    (purse,) = snapshot.budget.purses
    assert purse.used == 1
    # The tokens of all of them are paid for, also of what is not shown.
    assert (snapshot.decisions[0].output_tokens, snapshot.decisions[0].sends) == (21, 1)


async def test_what_is_filtered_of_one_alternative_does_not_take_the_others_along() -> None:
    texts = choices("I'm sorry, I cannot help with that.", "return 2", "")
    async with broker_at(answer(200, texts)) as (broker, _):
        outcome = await ask(broker)
    assert isinstance(outcome, Completed)
    assert outcome.texts == ("return 2",)


async def test_a_model_that_takes_no_alternatives_is_asked_for_one_from_then_on() -> None:
    async with broker_at(REFUSED, ONE, ONE) as (broker, server):
        first, second = await ask(broker), await ask(broker)
    assert isinstance(first, Completed)
    assert isinstance(second, Completed)
    assert first.texts == second.texts == ("only",)
    assert asked_for(server) == [(3, False), (1, True), (1, True)]


async def test_a_model_that_takes_no_suffix_may_still_give_alternatives() -> None:
    no_suffix = answer(400, {"error": {"message": "suffix is not supported", "code": 400}})
    found = answer(200, choices("return 1", "return 2"))
    async with broker_at(no_suffix, no_suffix, found) as (broker, server):
        outcome = await ask(broker)
    assert isinstance(outcome, Completed)
    assert outcome.texts == ("return 1", "return 2")
    assert asked_for(server) == [(3, False), (1, True), (3, False)]


async def test_alternatives_in_one_piece_say_nothing_about_streaming() -> None:
    async with broker_at(answer(200, choices("return 1")), ONE) as (broker, server):
        await ask(broker)
        await ask(broker, alternatives=1)
    assert asked_for(server) == [(3, False), (1, True)]


async def test_a_gateway_that_gives_more_than_it_was_asked_for_is_not_believed() -> None:
    async with broker_at(answer(200, choices("a()", "b()", "c()", "d()"))) as (broker, _):
        outcome = await ask(broker, alternatives=2)
    assert isinstance(outcome, Completed)
    assert outcome.texts == ("a()", "b()")


def test_texts_that_differ_in_blanks_only_are_one() -> None:
    offers = [Offer("a = 1"), Offer(""), Offer("b"), Offer("a  =  1"), Offer("b\n")]
    assert distinct(offers) == ("a = 1", "b")


def test_pieces_of_several_texts_are_told_apart() -> None:
    # A stream of several is not asked for, and still not mixed up.
    reader = AnswerReader(OpenAiProfile(), "application/json")
    reader.feed(json.dumps(choices("a", "b")).encode())
    *deltas, finish = reader.feed(b"")
    assert deltas == [Delta("a", 0), Delta("b", 1)]
    assert isinstance(finish, Finish)
