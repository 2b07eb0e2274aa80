"""What a person asks the broker for: today's usage, and to hand a message to whoever owns a rule."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest

from sidelight_client.adapters.content_previews import content_preview
from sidelight_client.adapters.place_facts import WorkspacePlaces
from sidelight_client.broker.broker import Broker
from sidelight_client.broker.facts import BrokerFacts, snapshot_of
from sidelight_client.broker.session_side import SessionSide
from sidelight_client.broker.usage_and_feedback import UsageAndFeedback
from sidelight_client.domain.content.preview import ContentPreview
from sidelight_client.domain.feedback import Failed, NoEndpoint, Problem, Sent, Subject
from sidelight_client.domain.identity.session import Phase
from sidelight_client.domain.models.model_facts import ModelFacts
from sidelight_client.domain.policy.organisation import ContentRule
from sidelight_client.domain.snapshot import SessionView
from sidelight_client.domain.spending.budget import Budget, Reading, Scope, Unit
from sidelight_client.domain.spending.usage_view import UsageView
from sidelight_client.keeper import SessionKeeper
from sidelight_client.ports import GatewayInfo, UsageToday
from sidelight_client.settings import Layer, Settings, resolve
from sidelight_client.testing.fakes import FakeClock, FakeGateway, FakeIdp, FakeVault, settle

pytestmark = pytest.mark.anyio

TRACE = "ab" * 16
CALM = "A release is due today."


def nothing_changed() -> None:
    return None


@dataclass
class Bench:
    gateway: FakeGateway
    facts: BrokerFacts
    asked: UsageAndFeedback


def bench(
    *,
    usage_today: UsageToday | None = None,
    preview: Callable[[], ContentPreview | None] = lambda: None,
    keeper: SessionKeeper | None = None,
) -> Bench:
    clock, facts, gateway = FakeClock(), BrokerFacts("0.1.0"), FakeGateway()
    session = SessionSide(clock, keeper, facts, nothing_changed)
    asked = UsageAndFeedback(
        clock, gateway, facts, session, usage_today=usage_today, preview=preview
    )
    return Bench(gateway, facts, asked)


@asynccontextmanager
async def running(gateway: FakeGateway, usage_today: UsageToday) -> AsyncGenerator[Broker]:
    broker = Broker(
        clock=FakeClock(),
        settings=resolve([(Layer.FILE, {"gateway": "https://gateway.example"})]),
        gateway=gateway,
        keeper=None,
        repositories=WorkspacePlaces(),
        version="0.1.0",
        usage_today=usage_today,
    )
    await broker.start()
    await settle()
    try:
        yield broker
    finally:
        await broker.stop()


async def test_usage_is_counted_with_the_limits_and_prices_the_gateway_tells_of() -> None:
    seen: list[tuple[Budget, GatewayInfo | None]] = []

    async def count(budget: Budget, info: GatewayInfo | None) -> UsageView:
        seen.append((budget, info))
        return UsageView(1.0, 0.0)

    limits = (Reading(Scope.VENDOR, Unit.REQUESTS, 60.0, None, 60.0, None, hard=False),)
    prices = {"small": ModelFacts("small", input_cost=4e-6)}
    told = GatewayInfo("Fake", "https://gateway.example", "litellm", auth_kind="none")
    described = GatewayInfo(
        *("Fake", "https://gateway.example", "litellm"),
        auth_kind="none",
        limits=limits,
        model_facts=prices,
    )

    class Describing(FakeGateway):
        async def described(self, grant: object) -> GatewayInfo | None:
            assert grant is None
            return described

    async with running(Describing(info=told), count) as broker:
        assert await broker.usage() == UsageView(1.0, 0.0)
        ((budget, info),) = seen
        assert info == described
        assert [(p.scope, p.limit, p.hard) for p in budget.purses] == [(Scope.VENDOR, 60.0, False)]
        assert broker.gateway_info == described


async def test_where_no_ledger_is_kept_usage_is_unknown_and_not_zero() -> None:
    view = await bench().asked.usage()
    assert (view.whole, view.problem) == (None, "no ledger is kept")


async def test_a_message_reaches_the_gateway_and_a_soft_limit_needs_no_rule() -> None:
    one = bench()
    one.gateway.feedback_ends = Sent()
    assert await one.asked.feedback(Subject.EXCEPTION, "us_ssn", TRACE, CALM) == Sent()
    assert await one.asked.feedback(Subject.SOFT_LIMIT, "", "", CALM) == Sent()
    assert [said.subject for said in one.gateway.messages] == [
        Subject.EXCEPTION,
        Subject.SOFT_LIMIT,
    ]


async def test_where_the_gateway_takes_no_messages_the_rules_form_is_named() -> None:
    form = "https://forms.example/appeal"
    ended = await bench().asked.feedback(Subject.NOT_PII, "us_ssn", TRACE, CALM, form)
    assert ended == NoEndpoint(form)


@pytest.mark.parametrize("takes_messages", [True, False])
async def test_a_limit_has_the_form_its_gateway_names(takes_messages: bool) -> None:
    one = bench()
    form = "https://forms.example/limits"
    one.facts.info = GatewayInfo(
        *("Fake", "https://gateway.example", "litellm"),
        takes_messages=takes_messages,
        limits_form=form,
    )
    ended = await one.asked.feedback(Subject.LIMIT_REACHED, "team:requests", "", CALM)
    assert ended == NoEndpoint(f"{form}?rule=team%3Arequests")
    assert await one.asked.feedback(Subject.EXCEPTION, "us_ssn", TRACE, CALM) == NoEndpoint()
    shown = snapshot_of(one.facts, Settings(), SessionView(Phase.FRESH), (), 1.0).gateway
    assert (shown.takes_messages, shown.hears_of_limits) == (takes_messages, True)
    one.facts.info = replace(one.facts.info, limits_form="")
    shown = snapshot_of(one.facts, Settings(), SessionView(Phase.FRESH), (), 1.0).gateway
    assert shown.hears_of_limits is takes_messages


async def test_words_in_which_a_rule_finds_something_are_not_sent() -> None:
    card = ContentRule("card", "Card number", "re2", r"\b\d{16}\b", "luhn")
    preview = content_preview([card], None, b"salt" * 4)
    one = bench(preview=lambda: preview)
    # A valid card number that no manual prints; the second fails its check digit, so it is none.
    for reason, ended in (
        ("the card 4539578763621486 is a customer's", Failed(Problem.HAS_FINDING)),
        (CALM, NoEndpoint()),
    ):
        assert await one.asked.feedback(Subject.NOT_PII, "card", TRACE, reason) == ended
    assert [said.reason for said in one.gateway.messages] == [CALM]


@pytest.mark.parametrize(("rule", "reason"), [("us_ssn", "  "), ("", CALM), ("a rule", CALM)])
async def test_what_names_no_rule_or_gives_no_reason_is_not_sent(rule: str, reason: str) -> None:
    one = bench()
    ended = await one.asked.feedback(Subject.EXCEPTION, rule, TRACE, reason)
    assert ended == Failed(Problem.INVALID)
    assert one.gateway.messages == []


async def test_without_a_session_nothing_is_sent() -> None:
    keeper = SessionKeeper(clock=FakeClock(), provider=FakeIdp(), vault=FakeVault())
    await keeper.start()
    one = bench(keeper=keeper)
    ended = await one.asked.feedback(Subject.EXCEPTION, "us_ssn", TRACE, CALM)
    assert ended == Failed(Problem.SIGNED_OUT)
    assert one.gateway.messages == []
    await keeper.stop()


async def test_a_damaged_ledger_and_unusable_gateway_settings_are_shown() -> None:
    async def count(_budget: Budget, _info: GatewayInfo | None) -> UsageView:
        return UsageView(1.0, 0.0)

    async with running(FakeGateway(), count) as broker:
        broker.process.ledger_damaged("/state/usage.damaged.db")
        broker.process.gateway_settings("gateway_headers: apikey holds a key")
        held = {c.code: c.facts for c in broker.snapshot().conditions}
        assert held["ledger.damaged"] == {"path": "/state/usage.damaged.db"}
        assert held["gateway.settings"] == {"problem": "gateway_headers: apikey holds a key"}
        broker.process.gateway_settings("")
        codes = {c.code for c in broker.snapshot().conditions}
        assert "gateway.settings" not in codes
        assert "ledger.damaged" in codes
