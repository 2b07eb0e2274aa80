"""The broker: one completion from refusal to record, and what others are told meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from sidelight_client.adapters.place_facts import WorkspacePlaces
from sidelight_client.broker import Broker
from sidelight_client.domain.answers.filters import FilterReason
from sidelight_client.domain.completion import (
    Blocked,
    Completed,
    CompletionRequest,
    Limited,
    Source,
    SourceKind,
    Tier,
    TierReason,
    TokenUse,
    Trigger,
    Unauthorized,
    UnauthorizedReason,
    Unavailable,
    UnavailableReason,
)
from sidelight_client.domain.failure import Failure, FailureKind, RuleHit
from sidelight_client.domain.pauses import LanguagePause, Pauses
from sidelight_client.domain.place import Document, Position, Range
from sidelight_client.domain.policy.organisation import Mode, PlaceRule, Policy
from sidelight_client.domain.routing.breaker import BreakerState
from sidelight_client.domain.snapshot import Snapshot, State
from sidelight_client.domain.spending.budget import Reading, Scope, Unit
from sidelight_client.domain.window import CutReason, Part, PartKind, Window, take
from sidelight_client.keeper import SessionKeeper
from sidelight_client.ports import Delta, Finish, GatewayEvent, Slept
from sidelight_client.settings import Layer, Settings, resolve
from sidelight_client.testing.fakes import (
    FakeClock,
    FakeGateway,
    FakeIdp,
    FakeVault,
    grant,
    settle,
)

pytestmark = pytest.mark.anyio

URI = "file:///work/pay.py"
SOURCE = Source(SourceKind.MODEL, "fake model")


def question(trigger: Trigger = Trigger.AUTOMATIC, language: str = "python") -> CompletionRequest:
    window = take(["ssn = '078-05-1120'\n", "pay(\n"], Position(1, 4), URI)
    return CompletionRequest("a" * 32, Document(URI, language), window, trigger=trigger)


class Bench:
    """A broker with fakes around it."""

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        signed_in: bool = True,
        pauses: Pauses | None = None,
    ) -> None:
        self.kept: list[Pauses] = []
        self.clock = FakeClock()
        self.gateway = FakeGateway()
        self.idp = FakeIdp(signs_in=grant(self.clock.now()))
        self.keeper = SessionKeeper(
            clock=self.clock, provider=self.idp, vault=FakeVault(), spread=lambda: 0.0
        )
        self.signed_in = signed_in
        self.broker = Broker(
            clock=self.clock,
            settings=settings or Settings(),
            gateway=self.gateway,
            keeper=self.keeper,
            repositories=WorkspacePlaces(),
            version="0.1.0",
            pauses=pauses or Pauses(),
            keep_pauses=self.kept.append,
        )
        self.told: list[Snapshot] = []

    def answers(self, *events: GatewayEvent) -> None:
        self.gateway.script = lambda _request: events

    def state(self) -> State:
        return self.broker.snapshot().state(self.clock.now())

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Bench]:
        await self.broker.start()
        if self.signed_in:
            assert await self.broker.sign_in(lambda _prompt: None) is None
        await settle()
        self.broker.subscribe(self.told.append)
        try:
            yield self
        finally:
            await self.broker.stop()


async def test_an_answer_comes_back_with_its_source_and_is_remembered_without_its_text() -> None:
    async with Bench().running() as bench:
        bench.answers(Delta("amount"), Delta(")\n"), Finish(SOURCE))
        outcome = await bench.broker.complete(question())
        assert isinstance(outcome, Completed)
        assert (outcome.texts, outcome.source, outcome.trace_id) == (("amount)",), SOURCE, "a" * 32)
        snapshot = bench.broker.snapshot()
        assert snapshot.decisions[0].outcome == "completed"
        assert "amount" not in repr(snapshot)
        assert snapshot.counts.completed == 1


async def test_a_paused_language_is_refused_with_its_end_kept_and_goes_on_by_itself() -> None:
    async with Bench().running() as bench:
        bench.answers(Delta("amount"), Finish(SOURCE))
        until = bench.clock.now() + 60
        bench.broker.pause(until, "python")
        outcome = await bench.broker.complete(question())
        assert isinstance(outcome, Unavailable)
        assert (outcome.reason, outcome.retry_at) == (UnavailableReason.LANGUAGE_PAUSED, until)
        assert bench.gateway.asked == []
        assert bench.broker.snapshot().languages_paused == (LanguagePause("python", until),)
        assert bench.state() is State.READY
        assert bench.kept[-1] == Pauses(None, (LanguagePause("python", until),))
        await bench.clock.advance(61)
        assert bench.told[-1].languages_paused == ()
        assert isinstance(await bench.broker.complete(question()), Completed)


async def test_what_was_paused_before_holds_from_the_start() -> None:
    async with Bench(pauses=Pauses(FakeClock().now() + 60)).running() as bench:
        assert bench.state() is State.PAUSED


async def test_nobody_signed_in_means_no_request_and_a_reason() -> None:
    async with Bench(signed_in=False).running() as bench:
        outcome = await bench.broker.complete(question())
        assert outcome == Unauthorized("a" * 32, UnauthorizedReason.SIGNED_OUT)
        assert bench.gateway.asked == []
        assert bench.state() is State.SIGNED_OUT


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        ({"completions.enabled": False}, UnavailableReason.SWITCHED_OFF),
        ({"completions.languages_off": ["python"]}, UnavailableReason.LANGUAGE_OFF),
    ],
)
async def test_what_the_person_switched_off_is_not_sent(
    layer: dict[str, object], reason: UnavailableReason
) -> None:
    async with Bench(resolve([(Layer.FILE, layer)])).running() as bench:
        assert await bench.broker.complete(question()) == Unavailable("a" * 32, reason)
        assert bench.gateway.asked == []


async def test_a_pause_ends_by_itself_and_is_told_at_its_end() -> None:
    async with Bench().running() as bench:
        until = bench.clock.now() + 1800
        bench.broker.pause(until)
        outcome = await bench.broker.complete(question())
        assert outcome == Unavailable("a" * 32, UnavailableReason.PAUSED, until)
        await settle()
        assert bench.told[-1].state(bench.clock.now()) is State.PAUSED
        await bench.clock.advance(1801)
        assert bench.told[-1].state(bench.clock.now()) is State.READY
        assert isinstance(await bench.broker.complete(question()), Completed)


async def test_a_place_where_ai_is_off_sends_nothing_and_says_whose_rule_it_is() -> None:
    bench = Bench()
    rule = PlaceRule("pci", Mode.OFF, path="*.py", reason="PCI scope.", owner="security@x")
    bench.gateway.rules = Policy("1", place_rules=(rule,))
    async with bench.running():
        outcome = await bench.broker.complete(question())
        assert isinstance(outcome, Blocked)
        assert (outcome.rule, outcome.why, outcome.owner) == ("pci", "PCI scope.", "security@x")
        assert not outcome.by_gateway
        assert bench.gateway.asked == []


async def test_the_repository_is_what_the_disk_says_and_not_what_a_client_says(
    tmp_path: Path,
) -> None:
    git = tmp_path / ".git"
    git.mkdir()
    remote = '[remote "origin"]\n\turl = https://me:secret@git.example/pay/ledger.git\n'
    (git / "config").write_text(remote, "utf-8")
    bench = Bench()
    rule = PlaceRule("pci", Mode.OFF, remote="git.example/pay/*", reason="PCI scope.")
    bench.gateway.rules = Policy("1", place_rules=(rule,))
    async with bench.running():
        lying = Document((tmp_path / "a.py").as_uri(), "python", "git.example/web/shop")
        outcome = await bench.broker.complete(replace(question(), document=lying))
        assert isinstance(outcome, Blocked)
        assert outcome.rule == "pci"
        assert bench.gateway.asked == []


async def test_text_of_a_forbidden_place_does_not_go_as_context_of_another_file(
    tmp_path: Path,
) -> None:
    (tmp_path / ".git").mkdir()
    here, there = (tmp_path / name for name in ("pay.py", "keys.tf"))
    part = Part(
        PartKind.TAB, there.as_uri(), Range(Position(0, 0), Position(1, 0)), "key = 1\n", "similar"
    )
    bench = Bench()
    rule = PlaceRule("iac", Mode.OFF, path="*.tf", reason="Infrastructure.")
    bench.gateway.rules = Policy("1", place_rules=(rule,))
    async with bench.running():
        around = take(["pay(\n"], Position(0, 4), here.as_uri())
        window = Window((part, *around.parts), around.cuts)
        asked = replace(question(), document=Document(here.as_uri(), "python"), window=window)
        assert isinstance(await bench.broker.complete(asked), Completed)
        (sent,) = bench.gateway.asked
        assert "key" not in "".join(one.text for one in sent.window.parts)
        (cut,) = (one for one in sent.window.cuts if one.uri == there.as_uri())
        assert (cut.lines, cut.why) == (1, CutReason.POLICY)


async def test_an_answer_that_cannot_be_right_is_asked_of_the_next_tier_once() -> None:
    async with Bench().running() as bench:
        good = (Delta("amount)"), Finish(SOURCE, TokenUse(prompt=40, cost=0.5)))
        prose = (Delta("Here is the completion:"), Finish(SOURCE, TokenUse(prompt=30, cost=0.25)))
        bench.gateway.script = lambda request: prose if request.tier is Tier.FAST else good
        outcome = await bench.broker.complete(question(Trigger.INVOKED))
        assert isinstance(outcome, Completed)
        assert (outcome.texts, outcome.tier) == (("amount)",), Tier.STANDARD)
        assert outcome.tier_reasons[0] is TierReason.ESCALATED
        assert outcome.tokens == TokenUse(prompt=70, cost=0.75)
        decision = bench.broker.snapshot().decisions[0]
        assert (decision.tier, decision.sends) == ("standard", 2)


async def test_nothing_is_asked_twice_when_the_better_model_fails_as_well() -> None:
    async with Bench().running() as bench:
        bench.answers(Delta("Here is the completion:"), Finish(SOURCE))
        outcome = await bench.broker.complete(question(Trigger.INVOKED))
        assert isinstance(outcome, Completed)
        assert (outcome.texts, outcome.filtered) == ((), FilterReason.PROSE)
        assert [one.tier for one in bench.gateway.asked] == [Tier.FAST, Tier.STANDARD]


async def test_a_model_that_is_always_wrong_cannot_double_every_request() -> None:
    async with Bench().running() as bench:
        bench.answers(Delta("Here is the completion:"), Finish(SOURCE))
        for _ in range(40):
            await bench.broker.complete(question(Trigger.INVOKED))
        counts = bench.broker.snapshot().counts
        # Three to begin with, and a tenth of what was asked since.
        assert 3 <= counts.resent <= 8
        assert counts.requests == 40 + counts.resent


async def test_typing_on_a_short_budget_buys_no_second_answer() -> None:
    async with Bench().running() as bench:
        bench.gateway.readings = ()
        told = (Reading(Scope.USER, Unit.REQUESTS, 120, 100, 3_600, bench.clock.now() + 60),)
        bench.answers(Delta("x"), Finish(SOURCE, readings=told))
        await bench.broker.complete(question())
        bench.answers(Delta("Here is the completion:"), Finish(SOURCE))
        await bench.broker.complete(question())
        assert [one.tier for one in bench.gateway.asked] == [Tier.FAST, Tier.FAST]


async def test_a_block_is_found_again_in_the_file() -> None:
    async with Bench().running() as bench:
        hit = RuleHit("us_ssn", "prefix", 7, 18)
        bench.answers(Failure(FailureKind.POLICY_BLOCKED, 400, hits=(hit,)))
        outcome = await bench.broker.complete(question())
        assert isinstance(outcome, Blocked)
        assert outcome.findings[0].range.start == Position(0, 7)
        assert "078" not in repr(outcome) + repr(bench.broker.snapshot())


async def test_a_401_renews_once_and_the_same_request_is_answered() -> None:
    async with Bench().running() as bench:
        bench.idp.renewals = [grant(bench.clock.now(), generation=2, token="access-2")]
        expired = (Failure(FailureKind.AUTH_EXPIRED, 401),)
        good = (Delta("x"), Finish(SOURCE))
        bench.gateway.script = lambda _request: expired if len(bench.gateway.asked) == 1 else good
        assert isinstance(await bench.broker.complete(question()), Completed)
        assert bench.idp.renewed == 1
        tokens = [held.access_token.reveal() for held in bench.gateway.grants if held is not None]
        assert tokens == ["access-1", "access-2"]


async def test_a_gateway_that_says_401_for_ever_is_asked_twice_and_no_more() -> None:
    async with Bench().running() as bench:
        bench.idp.renewals = [grant(bench.clock.now(), generation=2, token="access-2")]
        bench.answers(Failure(FailureKind.AUTH_EXPIRED, 401))
        outcome = await bench.broker.complete(question())
        assert outcome == Unauthorized("a" * 32, UnauthorizedReason.RENEWING)
        assert len(bench.gateway.asked) == 2


async def test_a_claims_challenge_is_met_in_silence_by_the_same_request() -> None:
    async with Bench().running() as bench:
        bench.idp.renewals = [grant(bench.clock.now(), generation=2, token="access-2")]
        challenge = (Failure(FailureKind.AUTH_EXPIRED, 401, facts={"claims": "{}"}),)
        good = (Delta("x"), Finish(SOURCE))
        bench.gateway.script = lambda _: challenge if len(bench.gateway.asked) == 1 else good
        assert isinstance(await bench.broker.complete(question()), Completed)
        assert bench.idp.claims == ["{}"]


async def test_a_challenge_that_the_provider_cannot_meet_asks_for_the_person_at_once() -> None:
    async with Bench().running() as bench:
        bench.idp.renewals = [grant(bench.clock.now(), generation=2, token="access-2")]
        bench.answers(Failure(FailureKind.AUTH_EXPIRED, 401, facts={"claims": "{}"}))
        outcome = await bench.broker.complete(question())
        assert outcome == Unauthorized("a" * 32, UnauthorizedReason.NEEDS_PERSON)
        assert (len(bench.gateway.asked), bench.idp.renewed) == (2, 1)


async def test_three_dead_answers_open_the_breaker_and_a_probe_closes_it() -> None:
    async with Bench().running() as bench:
        bench.answers(Failure(FailureKind.UPSTREAM_DOWN, 503))
        for _ in range(3):
            await bench.broker.complete(question())
        assert len(bench.gateway.asked) == 3
        refused = await bench.broker.complete(question())
        assert isinstance(refused, Unavailable)
        assert refused.reason is UnavailableReason.BREAKER_OPEN
        assert refused.retry_at == bench.clock.now() + 10
        assert len(bench.gateway.asked) == 3
        assert bench.broker.snapshot().gateway.breaker is BreakerState.OPEN
        assert bench.state() is State.DEGRADED
        bench.answers(Delta("x"), Finish(SOURCE))
        await bench.clock.advance(11)
        assert isinstance(await bench.broker.complete(question()), Completed)
        assert bench.state() is State.READY


async def test_retry_now_does_not_wait_for_the_breaker() -> None:
    async with Bench().running() as bench:
        bench.answers(Failure(FailureKind.UPSTREAM_DOWN, 503))
        for _ in range(3):
            await bench.broker.complete(question())
        bench.answers(Delta("x"), Finish(SOURCE))
        bench.broker.retry_now()
        assert isinstance(await bench.broker.complete(question()), Completed)


async def test_a_used_up_limit_stops_requests_until_it_resets_even_explicit_ones() -> None:
    async with Bench().running() as bench:
        resets_at = bench.clock.now() + 60
        facts: dict[str, str | float] = {"limit": 120, "used": 120, "resets_at": resets_at}
        facts["unit"] = "requests"
        bench.answers(Failure(FailureKind.LIMIT_USER, 429, 60.0, facts=facts))
        first = await bench.broker.complete(question())
        assert isinstance(first, Limited)
        again = await bench.broker.complete(question(Trigger.INVOKED))
        assert again == Limited("a" * 32, Scope.USER, "requests", 120, 120, resets_at)
        assert len(bench.gateway.asked) == 1
        assert bench.state() is State.THROTTLED
        bench.answers(Delta("x"), Finish(SOURCE))
        await bench.clock.advance(61)
        assert isinstance(await bench.broker.complete(question()), Completed)


async def test_the_gateways_numbers_are_shown_as_the_gateways() -> None:
    async with Bench().running() as bench:
        said = Reading(Scope.USER, Unit.REQUESTS, 120, 42, 3600, bench.clock.now() + 900)
        bench.answers(Delta("x"), Finish(SOURCE, readings=(said,)))
        await bench.broker.complete(question())
        purse = bench.broker.snapshot().budget.purses[0]
        assert (purse.used, purse.limit, purse.source) == (42, 120, "gateway")


async def test_a_cancelled_request_reaches_the_gateway_and_blames_nobody() -> None:
    async with Bench().running() as bench:
        bench.gateway.gate = asyncio.Event()
        task = asyncio.create_task(bench.broker.complete(question()))
        await settle()
        assert bench.broker.snapshot().gateway.in_flight == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert bench.gateway.aborted == 1
        assert bench.broker.snapshot().gateway.in_flight == 0
        assert bench.broker.snapshot().gateway.breaker is BreakerState.CLOSED


async def test_missed_deadlines_mean_slow_and_for_twelve_seconds_mean_down() -> None:
    async with Bench().running() as bench:
        bench.answers(Failure(FailureKind.UPSTREAM_TIMEOUT))
        outcome = await bench.broker.complete(question())
        assert outcome == Unavailable("a" * 32, UnavailableReason.DEADLINE)
        assert bench.state() is State.SLOW
        await bench.clock.advance(12)
        await bench.broker.complete(question())
        assert bench.broker.snapshot().gateway.breaker is BreakerState.OPEN


async def test_after_a_sleep_the_connections_are_new_and_an_old_breaker_is_forgotten() -> None:
    async with Bench().running() as bench:
        bench.answers(Failure(FailureKind.OFFLINE))
        for _ in range(3):
            await bench.broker.complete(question())
        assert bench.state() is State.OFFLINE
        await bench.clock.close_lid(8 * 3600)
        bench.idp.renewals = [grant(bench.clock.now(), generation=2, token="access-2")]
        await bench.broker.power(Slept(8 * 3600))
        bench.answers(Delta("x"), Finish(SOURCE))
        assert isinstance(await bench.broker.complete(question()), Completed)
        assert bench.gateway.pools_dropped == 1
        assert bench.state() is State.READY


async def test_an_editor_is_seen_while_it_is_there() -> None:
    async with Bench().running() as bench:
        gone = bench.broker.editor_connected("Neovim 0.11")
        assert [e.name for e in bench.broker.snapshot().editors] == ["Neovim 0.11"]
        gone()
        assert bench.broker.snapshot().editors == ()


async def test_many_changes_in_one_turn_are_told_once() -> None:
    async with Bench().running() as bench:
        before = len(bench.told)
        for _ in range(50):
            bench.broker.accepted("a" * 32)
        await settle()
        assert len(bench.told) == before + 1
        assert bench.told[-1].counts.accepted == 50


@pytest.mark.expects_log("listener of the broker failed")
async def test_one_listener_that_fails_does_not_keep_the_others_from_hearing() -> None:
    async with Bench().running() as bench:

        def fails(_snapshot: Snapshot) -> None:
            raise RuntimeError

        bench.broker.subscribe(fails)
        heard: list[Snapshot] = []
        bench.broker.subscribe(heard.append)
        bench.broker.accepted("a" * 32)
        await settle()
        assert heard


async def test_without_anything_to_wait_for_there_is_no_timer() -> None:
    async with Bench().running() as bench:
        bench.answers(Delta("x"), Finish(SOURCE))
        await bench.broker.complete(question())
        await settle()
        assert bench.broker._telling._alarm is None


async def test_settings_changed_while_running_count_for_the_next_request() -> None:
    async with Bench().running() as bench:
        bench.broker.update_settings(resolve([(Layer.FILE, {"completions.enabled": False})]))
        assert isinstance(await bench.broker.complete(question()), Unavailable)


async def test_a_setting_that_is_not_valid_is_told_as_a_condition() -> None:
    settings = resolve([(Layer.FILE, {"vault": "cloud"})])
    async with Bench(settings).running() as bench:
        codes = {c.code for c in bench.broker.snapshot().conditions}
        assert "settings.invalid" in codes


async def test_editors_started_elsewhere_are_told_of_until_they_leave() -> None:
    async with Bench().running() as bench:
        gone = bench.broker.process.environment_differs("VS Code", ("HTTPS_PROXY",))
        codes = {c.code for c in bench.broker.snapshot().conditions}
        assert "broker.environment_differs" in codes
        gone()
        assert bench.broker.snapshot().conditions == ()


async def test_discovery_that_fails_is_tried_again_with_a_later_request() -> None:
    bench = Bench()
    good = bench.gateway.info
    bench.gateway.info = Failure(FailureKind.OFFLINE)
    async with bench.running():
        assert bench.broker.snapshot().gateway.name == ""
        bench.gateway.info = replace(good) if not isinstance(good, Failure) else good
        await bench.clock.advance(31)
        await bench.broker.complete(question())
        await settle()
        assert bench.broker.snapshot().gateway.name == "Fake"


async def test_while_the_embedded_gateway_signs_its_person_in_nobody_reads_signed_out() -> None:
    async with Bench(signed_in=False).running() as bench:
        bench.idp.gate = asyncio.Event()
        signing_in = asyncio.ensure_future(bench.keeper.sign_in(lambda _prompt: None))

        async def opening() -> None:
            await signing_in

        bench.broker.opens_with(asyncio.ensure_future(opening()), lambda _prompt: None)
        await settle()
        assert bench.state() is State.BUSY
        asked = asyncio.ensure_future(bench.broker.complete(question(Trigger.INVOKED)))
        await settle()
        bench.idp.gate.set()
        assert isinstance(await asked, Completed)
