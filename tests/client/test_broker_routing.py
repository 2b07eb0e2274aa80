"""Where a request goes, what is sent again, and what is never paid for by somebody who types."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from sidelight_client.adapters.place_facts import WorkspacePlaces
from sidelight_client.broker import Broker
from sidelight_client.domain.completion import (
    Completed,
    CompletionRequest,
    Limited,
    Source,
    SourceKind,
    Tier,
    Trigger,
    Unavailable,
    UnavailableReason,
)
from sidelight_client.domain.failure import Failure, FailureKind
from sidelight_client.domain.place import Document, Position
from sidelight_client.domain.snapshot import State
from sidelight_client.domain.spending.budget import Reading, Scope, Unit
from sidelight_client.domain.window import take
from sidelight_client.ports import Delta, Finish, GatewayEvent, GatewayInfo, Slept
from sidelight_client.settings import Layer, resolve
from sidelight_client.testing.fakes import FakeClock, FakeGateway, settle

pytestmark = pytest.mark.anyio

A, B = "https://a.example", "https://b.example"
URI = "file:///work/pay.py"
SOURCE = Source(SourceKind.MODEL, "fake model")
GOOD = (Delta("x"), Finish(SOURCE))
GONE = (Failure(FailureKind.UPSTREAM_DOWN, unprocessed=True),)
Facts = dict[str, str | int | float]
LINES = [f"line_{n:03} = {n}\n" for n in range(200)]


def question(trigger: Trigger = Trigger.AUTOMATIC) -> CompletionRequest:
    window = take(LINES, Position(100, 4), URI)
    return CompletionRequest("a" * 32, Document(URI, "python"), window, trigger=trigger)


class Bench:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.gateway = FakeGateway(
            info=GatewayInfo("Acme", A, "sidelight", auth_kind="none", endpoints=(A, B))
        )
        self.broker = Broker(
            clock=self.clock,
            settings=resolve([(Layer.FILE, {"gateway": [A, B]})]),
            gateway=self.gateway,
            keeper=None,
            repositories=WorkspacePlaces(),
            version="0.1.0",
        )

    def answers(self, *events: GatewayEvent) -> None:
        self.gateway.script = lambda _request: events

    def at(self, url: str, *events: GatewayEvent) -> None:
        self.gateway.scripts[url] = lambda _request: events

    def knows(self, *readings: Reading) -> None:
        self.answers(Delta("x"), Finish(SOURCE, readings=readings))

    def codes(self) -> set[str]:
        return {condition.code for condition in self.broker.snapshot().conditions}


@asynccontextmanager
async def running() -> AsyncGenerator[Bench]:
    bench = Bench()
    await bench.broker.start()
    await settle()
    try:
        yield bench
    finally:
        await bench.broker.stop()


def user(
    limit: float, used: float, window_s: float = 3_600.0, unit: Unit = Unit.REQUESTS
) -> Reading:
    return Reading(Scope.USER, unit, limit, used, window_s, None)


async def test_what_never_left_goes_to_the_next_address_within_the_same_request() -> None:
    async with running() as bench:
        bench.at(A, *GONE)
        outcome = await bench.broker.complete(question())
        assert isinstance(outcome, Completed)
        assert bench.gateway.endpoints == [A, B]
        snapshot = bench.broker.snapshot()
        assert (snapshot.counts.requests, snapshot.counts.resent) == (2, 1)
        decision = snapshot.decisions[0]
        assert (decision.sends, decision.endpoint) == (2, B)
        assert bench.codes() == set()


@pytest.mark.parametrize(
    "failure",
    [
        Failure(FailureKind.UPSTREAM_TIMEOUT),
        Failure(FailureKind.UPSTREAM_DOWN, 500),
        Failure(FailureKind.LIMIT_VENDOR, 429),
    ],
)
async def test_what_may_have_been_processed_is_not_sent_twice(failure: Failure) -> None:
    async with running() as bench:
        bench.at(A, failure)
        assert not isinstance(await bench.broker.complete(question()), Completed)
        assert bench.gateway.endpoints == [A]


async def test_the_second_address_gets_the_time_that_is_left() -> None:
    async with running() as bench:
        bench.at(A, *GONE)
        await bench.broker.complete(question(Trigger.INVOKED))
        assert bench.gateway.deadlines_s == [8.0, 8.0]


async def test_a_machine_without_network_is_offline_and_not_a_gateway_with_a_zone_down() -> None:
    async with running() as bench:
        bench.answers(Failure(FailureKind.OFFLINE, unprocessed=True))
        for _ in range(3):
            await bench.broker.complete(question())
        assert bench.broker.snapshot().state(bench.clock.now()) is State.OFFLINE


async def test_after_a_sleep_every_address_has_a_new_chance() -> None:
    async with running() as bench:
        bench.answers(*GONE)
        for _ in range(4):
            await bench.broker.complete(question())
        await bench.broker.power(Slept(3_600))
        assert bench.broker.snapshot().gateway.endpoints[0].retry_at is None
        bench.answers(*GOOD)
        assert isinstance(await bench.broker.complete(question()), Completed)


# --- less context ----------------------------------------------------------------------------


async def test_too_much_context_is_halved_once_and_not_sent_so_large_again() -> None:
    async with running() as bench:
        sizes: list[int] = []

        def script(request: CompletionRequest) -> tuple[GatewayEvent, ...]:
            sizes.append(len(request.window.prefix) + len(request.window.suffix))
            return GOOD if sizes[-1] < 2_200 else (Failure(FailureKind.CONTEXT_EXCEEDED, 400),)

        bench.gateway.script = script
        outcome = await bench.broker.complete(question())
        assert isinstance(outcome, Completed)
        assert outcome.notes == ("context.shrunk",)
        assert bench.broker.snapshot().decisions[0].notes == ("context.shrunk",)
        assert sizes[1] <= sizes[0] // 2
        assert isinstance(await bench.broker.complete(question()), Completed)
        assert sizes[2] == sizes[1]
        assert bench.broker.snapshot().counts.resent == 1


async def test_a_model_that_takes_nothing_is_asked_twice_and_no_more() -> None:
    async with running() as bench:
        facts = {"limit": 100, "got": 1_000}
        bench.answers(Failure(FailureKind.CONTEXT_EXCEEDED, 400, facts=facts))
        outcome = await bench.broker.complete(question(Trigger.INVOKED))
        assert isinstance(outcome, Unavailable)
        assert outcome.reason is UnavailableReason.CONTEXT_TOO_LARGE
        assert len(bench.gateway.asked) == 2


# --- another way -----------------------------------------------------------------------------


async def test_a_way_that_is_refused_costs_the_person_nothing_and_is_not_told() -> None:
    async with running() as bench:
        refused = Failure(FailureKind.CAPABILITY_MISSING, 400, unprocessed=True)
        answers = [(refused,), GOOD]
        bench.gateway.script = lambda _request: answers.pop(0)
        assert isinstance(await bench.broker.complete(question()), Completed)
        assert bench.gateway.endpoints == [A, A]
        assert bench.codes() == set()


async def test_a_canary_flies_after_a_sign_of_life_and_is_counted() -> None:
    async with running() as bench:
        bench.gateway.proof = Finish(SOURCE)
        bench.answers(*GONE)
        await bench.broker.complete(question())
        assert bench.gateway.proved == 0
        bench.knows(user(120, 10))
        await bench.broker.complete(question())
        await settle()
        assert bench.gateway.proved == 1
        snapshot = bench.broker.snapshot()
        assert snapshot.counts.canaries == 1
        assert snapshot.budget.purses[0].used == 11


async def test_no_canary_flies_while_the_person_has_little_left() -> None:
    async with running() as bench:
        bench.gateway.proof = Finish(SOURCE)
        bench.knows(user(120, 100))
        await bench.broker.complete(question())
        await settle()
        assert bench.gateway.proved == 0


async def test_two_canaries_do_not_follow_each_other() -> None:
    async with running() as bench:
        for _ in range(3):
            bench.gateway.proof = Finish(SOURCE)
            await bench.broker.complete(question())
            await settle()
        assert bench.gateway.proved == 1
        await bench.clock.advance(61)
        await bench.broker.complete(question())
        await settle()
        assert bench.gateway.proved == 2


# --- limits and remarks ----------------------------------------------------------------------


async def test_a_limit_a_minute_does_not_hide_the_one_an_hour() -> None:
    async with running() as bench:
        bench.knows(user(120, 40), user(60, 3, 60.0))
        await bench.broker.complete(question())
        purses = bench.broker.snapshot().budget.purses
        assert [(p.limit, p.used, p.window_s) for p in purses] == [(120, 40, 3_600), (60, 3, 60)]


async def test_used_up_tokens_are_not_used_up_requests() -> None:
    async with running() as bench:
        bench.knows(user(120, 40), user(9_000, 100, unit=Unit.TOKENS))
        await bench.broker.complete(question())
        facts: Facts = {"limit": 9_000, "unit": "tokens"}
        bench.answers(Failure(FailureKind.LIMIT_USER, 429, 60.0, facts=facts))
        await bench.broker.complete(question())
        requests, tokens = bench.broker.snapshot().budget.purses
        assert (requests.limit, requests.used) == (120, 41)
        assert (tokens.unit, tokens.limit, tokens.used) == (Unit.TOKENS, 9_000, 9_000)
        limited = await bench.broker.complete(question())
        assert isinstance(limited, Limited)
        assert (limited.unit, limited.limit) == ("tokens", 9_000)


async def test_too_many_at_once_uses_nothing_up() -> None:
    async with running() as bench:
        facts: Facts = {"limit": 2, "unit": "requests at once"}
        bench.answers(Failure(FailureKind.LIMIT_USER, 429, facts=facts))
        assert isinstance(await bench.broker.complete(question()), Limited)
        assert bench.broker.snapshot().budget.purses == ()


async def test_spent_money_has_its_own_sentence() -> None:
    async with running() as bench:
        bench.knows(user(120, 40))
        await bench.broker.complete(question())
        facts: Facts = {"limit": 20.0, "used": 20.4, "unit": "cost", "scope": "team"}
        bench.answers(Failure(FailureKind.BUDGET_EXCEEDED, 422, facts=facts))
        await bench.broker.complete(question())
        assert bench.codes() == {"budget.spent"}
        assert bench.broker.snapshot().state(bench.clock.now()) is State.THROTTLED
        assert bench.broker.snapshot().budget.purses[0].used == 41


async def test_a_remark_of_the_gateway_is_told_until_an_answer_comes_without_one() -> None:
    async with running() as bench:
        bench.answers(Delta("x"), Finish(SOURCE, notes=("degraded",)))
        outcome = await bench.broker.complete(question())
        assert isinstance(outcome, Completed)
        assert bench.broker.snapshot().decisions[0].notes == ("degraded",)
        assert bench.codes() == {"exchange.degraded"}
        assert bench.broker.snapshot().state(bench.clock.now()) is State.READY
        bench.answers(*GOOD)
        await bench.broker.complete(question())
        assert bench.codes() == set()


async def test_each_tier_has_its_own_breaker() -> None:
    async with running() as bench:
        bench.answers(Failure(FailureKind.UPSTREAM_DOWN, 500))
        for _ in range(6):
            await bench.broker.complete(replace(question(), tier=Tier.HEAVY))
        assert bench.broker.snapshot().gateway.endpoints[0].tiers == ("heavy",)
        bench.answers(*GOOD)
        assert isinstance(await bench.broker.complete(question()), Completed)
