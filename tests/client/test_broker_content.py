"""What the broker lets leave: stopped here, redacted and restored, or sent; and what it remembers of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest

from sidelight_client.adapters.content_previews import content_preview
from sidelight_client.adapters.place_facts import WorkspacePlaces
from sidelight_client.broker import Broker
from sidelight_client.broker.content import SENT_KEPT, Compile
from sidelight_client.domain.completion import (
    Blocked,
    Completed,
    CompletionRequest,
    Source,
    SourceKind,
    Trigger,
    Unavailable,
    UnavailableReason,
)
from sidelight_client.domain.content.preview import ContentPreview
from sidelight_client.domain.content.sources import RuleChoice
from sidelight_client.domain.explaining.explain import NOT_REDACTABLE, explain
from sidelight_client.domain.explaining.sent_words import sent_document
from sidelight_client.domain.failure import Failure, FailureKind, RuleHit
from sidelight_client.domain.place import Document, Position, Range
from sidelight_client.domain.policy.organisation import ContentRule, Policy, RedactionMode
from sidelight_client.domain.window import take
from sidelight_client.ports import Delta, Finish, GatewayEvent
from sidelight_client.settings import Settings
from sidelight_client.testing.fakes import FakeClock, FakeGateway

pytestmark = pytest.mark.anyio

URI = "file:///work/pay.py"
SSN = "536-22-8765"
RULE = ContentRule("us_ssn", "SSN", "re2", r"\b\d{3}-\d{2}-\d{4}\b", explain="It stays inside.")
DONE = Finish(Source(SourceKind.MODEL, "fake model"))


def question(*, redact: bool = False) -> CompletionRequest:
    lines = [f"ssn = '{SSN}'\n", "pay(\n"]
    window = take(lines, Position(1, 4), URI)
    return CompletionRequest(
        "a" * 32,
        Document(URI, "python"),
        window,
        trigger=Trigger.INVOKED,
        redact=redact,
        file="".join(lines),
    )


def compiled(
    stated: Sequence[ContentRule], listed: RuleChoice | None, mode: RedactionMode
) -> ContentPreview:
    return content_preview(stated, listed, b"salt", mode)


@dataclass
class Bench:
    broker: Broker
    gateway: FakeGateway


@asynccontextmanager
async def running(
    policy: Policy, clock: FakeClock | None = None, compile_rules: Compile = compiled
) -> AsyncGenerator[Bench]:
    gateway = FakeGateway(rules=policy)
    broker = Broker(
        clock=clock or FakeClock(),
        settings=Settings(),
        gateway=gateway,
        keeper=None,
        repositories=WorkspacePlaces(),
        version="0.1.0",
        compile_rules=compile_rules,
    )
    wanted = {rule.id for rule in policy.content_rules}
    await broker.start()
    try:
        for _ in range(2_000):
            rules = broker.preview.matcher.rules if broker.preview is not None else ()
            if compile_rules is not compiled or {rule.id for rule in rules} == wanted:
                break
            await asyncio.sleep(0.005)  # A thread compiles; no event of ours tells when it is done.
        yield Bench(broker, gateway)
    finally:
        await broker.stop()


async def test_what_the_gateway_would_refuse_is_stopped_with_its_place_and_costs_no_request() -> (
    None
):
    async with running(Policy("1", (RULE,))) as bench:
        outcome = await bench.broker.complete(question())
        assert isinstance(outcome, Blocked)
        assert not outcome.by_gateway
        assert (outcome.rule, outcome.why) == ("us_ssn", "It stays inside.")
        (finding,) = outcome.findings
        assert finding.range == Range(Position(0, 7), Position(0, 18))
        assert bench.gateway.asked == []
        assert bench.broker.sent("a" * 32) is None
        message = explain(outcome)
        assert message is not None
        assert message.code == "content.stopped"
        weighed = bench.broker.weighed(question())
        assert isinstance(weighed, Blocked)


@pytest.mark.parametrize(
    ("mode", "redact"), [(RedactionMode.ALLOW, True), (RedactionMode.FORCE, False)]
)
async def test_a_replaced_value_never_leaves_and_comes_back_in_the_answer(
    mode: RedactionMode, redact: bool
) -> None:
    async with running(Policy("1", (RULE,), redaction=mode)) as bench:

        def echoes(request: CompletionRequest) -> tuple[GatewayEvent, ...]:
            start = request.window.prefix.index("'") + 1
            value = request.window.prefix[start : start + len(SSN)]
            return Delta(f"'{value[:4]}"), Delta(f"{value[4:]}')"), DONE

        bench.gateway.script = echoes
        outcome = await bench.broker.complete(question(redact=redact))
        assert isinstance(outcome, Completed)
        assert outcome.texts == (f"'{SSN}')",)
        assert "content.redacted" in outcome.notes
        (asked,) = bench.gateway.asked
        assert SSN not in repr(asked)
        assert SSN not in asked.window.prefix + asked.file
        sent = bench.broker.sent("a" * 32)
        assert sent is not None
        assert SSN not in repr(sent) + sent_document(sent)
        assert "1 value did not leave" in sent_document(sent)


async def test_redaction_that_is_forbidden_stops_the_text_as_before() -> None:
    policy = Policy("1", (RULE,), redaction=RedactionMode.FORBID)
    async with running(policy) as bench:
        assert isinstance(await bench.broker.complete(question(redact=True)), Blocked)
        assert bench.gateway.asked == []


async def test_a_rule_that_objects_to_every_placeholder_sends_nothing_and_says_so() -> None:
    everything = ContentRule("all", "Everything", "re2", r"\S+")
    policy = Policy("1", (RULE, everything), redaction=RedactionMode.FORCE)
    async with running(policy) as bench:
        outcome = await bench.broker.complete(question())
        assert isinstance(outcome, Blocked)
        assert outcome.rule == NOT_REDACTABLE
        assert bench.gateway.asked == []
        message = explain(outcome)
        assert message is not None
        assert message.code == "content.not_redactable"


async def test_what_the_gateway_objects_to_in_redacted_text_is_shown_in_the_persons_own() -> None:
    async with running(Policy("1", (RULE,), redaction=RedactionMode.FORCE)) as bench:

        def refuses(request: CompletionRequest) -> tuple[GatewayEvent, ...]:
            start = request.window.prefix.index("pay(")
            hit = RuleHit("no_pay", "prefix", start, start + 3)
            return (Failure(FailureKind.POLICY_BLOCKED, 403, hits=(hit,)),)

        bench.gateway.script = refuses
        outcome = await bench.broker.complete(question())
        assert isinstance(outcome, Blocked)
        assert outcome.findings[0].range == Range(Position(1, 0), Position(1, 3))


async def test_where_everything_must_be_looked_at_nothing_leaves_before_the_rules_are_ready() -> (
    None
):
    gate = threading.Event()
    clock = FakeClock()

    def slowly(
        stated: Sequence[ContentRule], listed: RuleChoice | None, mode: RedactionMode
    ) -> ContentPreview:
        if mode is RedactionMode.FORCE:
            gate.wait(20)
        return compiled(stated, listed, mode)

    policy = Policy("1", (RULE,), redaction=RedactionMode.FORCE)
    async with running(policy, clock, slowly) as bench:
        asked = asyncio.create_task(bench.broker.complete(question()))
        try:
            await clock.advance(5)
            assert await asked == Unavailable("a" * 32, UnavailableReason.RULES_NOT_READY)
            assert bench.gateway.asked == []
        finally:
            gate.set()


async def test_only_the_latest_texts_are_kept() -> None:
    harmless = ContentRule("us_ssn", "SSN", "re2", "nothing here")
    ids = [f"{number:032x}" for number in range(SENT_KEPT + 5)]
    async with running(Policy("1", (harmless,))) as bench:
        for trace_id in ids:
            await bench.broker.complete(replace(question(), trace_id=trace_id))
        kept = [trace_id for trace_id in ids if bench.broker.sent(trace_id) is not None]
        assert kept == ids[5:]
