"""What a LiteLLM proxy says on each bad day ends in the right kind and sentence."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from sidelight_client.domain.completion import Blocked, Completed
from sidelight_client.domain.explaining.explain import explain
from sidelight_client.domain.failure import FailureKind
from sidelight_client.domain.identity.session import Phase
from sidelight_client.domain.place import Position
from sidelight_client.domain.window import take
from sidelight_client.ports import GatewayInfo
from sidelight_client.testing.fakes import FakeIdp

from .client import CODE, CODE_WITH_SSN, SSN, URI, Refusal, broker_with, key_of, request
from .conftest import Open
from .upstream import Upstream

pytestmark = [pytest.mark.anyio, pytest.mark.integration, pytest.mark.timeout(150)]


async def test_it_is_recognised_without_a_key(litellm_url: str, client_at: Open) -> None:
    info = await client_at(litellm_url, "").gateway.discover()
    assert isinstance(info, GatewayInfo)
    assert info.profile == "litellm"


async def test_a_completion_streams_through_with_the_text_after_the_cursor(
    litellm_url: str, upstream: Upstream, client_at: Open
) -> None:
    asked = await client_at(litellm_url, "sk-good").ask()
    assert asked.text.startswith("result")
    assert asked.finish


TWO_WAYS = [f"{line}\n" for line in ("a = make(one)", "n = 1", "a = make(two)", "n = 2", "a = ma")]


async def test_alternatives_for_who_asks_pass_through_in_one_request(
    litellm_url: str, upstream: Upstream
) -> None:
    window = take(TWO_WAYS, Position(4, 6), URI)
    asked = replace(request(CODE), window=window, alternatives=3)
    async with broker_with(litellm_url, FakeIdp(signs_in=key_of("sk-good"))) as broker:
        outcome = await broker.complete(asked)
        snapshot = broker.snapshot()
    assert isinstance(outcome, Completed), outcome
    assert {text.partition("\n")[0] for text in outcome.texts} == {"ke(one)", "ke(two)"}
    assert snapshot.counts.requests == 1


REFUSALS = (
    Refusal("sk-expired", FailureKind.AUTH_EXPIRED, "session.renewing"),
    Refusal("sk-unheard-of", FailureKind.AUTH_INVALID, "gateway.key_unknown"),
    Refusal(
        "sk-good",
        FailureKind.CONTEXT_EXCEEDED,
        "completion.context_too_large",
        (("context_limit", 3),),
    ),
    Refusal("sk-good", FailureKind.LIMIT_VENDOR, "limit.vendor", (("throttle", "openai"),)),
    Refusal("sk-good", FailureKind.UPSTREAM_DOWN, "upstream.broken", (("outage", True),)),
    Refusal("sk-good", FailureKind.UPSTREAM_DOWN, "upstream.broken", (("bad_gateway_html", True),)),
    Refusal("sk-good", FailureKind.UPSTREAM_DOWN, "upstream.broken", (("stream_error", True),)),
    Refusal("sk-to-the-dead-model", FailureKind.UPSTREAM_DOWN, "upstream.broken"),
)


@pytest.mark.parametrize("refusal", REFUSALS, ids=str)
async def test_each_refusal_ends_in_its_kind_and_its_sentence(
    litellm_url: str, upstream: Upstream, client_at: Open, refusal: Refusal
) -> None:
    upstream.fault(**dict(refusal.switches))
    asked = await client_at(litellm_url, refusal.key).ask()
    assert (asked.failure.kind, asked.message.code) == (refusal.kind, refusal.code), asked.failure
    assert refusal.key not in repr(asked)
    assert "litellm" not in asked.message.text.lower()


async def test_its_guardrail_is_a_block_that_names_the_rule_and_not_the_number(
    litellm_url: str, upstream: Upstream, client_at: Open
) -> None:
    asked = await client_at(litellm_url, "sk-good").ask(CODE_WITH_SSN)
    assert asked.failure.kind is FailureKind.POLICY_BLOCKED
    assert asked.failure.facts["rule"] == "us_ssn"
    assert asked.message.code == "policy.blocked"
    assert SSN not in repr(asked) + asked.message.text


async def test_the_developers_own_limit_is_theirs_and_has_its_end(
    litellm_url: str, upstream: Upstream, client_at: Open
) -> None:
    client = client_at(litellm_url, "sk-limited")
    await client.ask()
    asked = await client.ask()
    assert asked.failure.kind is FailureKind.LIMIT_USER
    assert asked.message.code == "limit.reached"
    # On this path it sends no Retry-After; the moment is in its sentence.
    assert -1 < float(asked.failure.facts["resets_at"]) - time.time() <= 75


async def test_an_expired_key_is_renewed_and_nobody_sees_it(
    litellm_url: str, upstream: Upstream
) -> None:
    idp = FakeIdp(signs_in=key_of("sk-expired"), renewals=[key_of("sk-good", 2)])
    async with broker_with(litellm_url, idp) as broker:
        outcome = await broker.complete(request(CODE))
        snapshot = broker.snapshot()
    assert isinstance(outcome, Completed), outcome
    assert outcome.texts[0].startswith("result")
    assert idp.renewed == 1
    assert snapshot.session.phase is Phase.FRESH
    assert not [c for c in snapshot.conditions if c.code.startswith(("session", "gateway"))]


async def test_a_block_reaches_the_person_with_its_rule(
    litellm_url: str, upstream: Upstream
) -> None:
    idp = FakeIdp(signs_in=key_of("sk-good"))
    async with broker_with(litellm_url, idp) as broker:
        began = time.monotonic()
        outcome = await broker.complete(request(CODE_WITH_SSN))
        assert time.monotonic() - began < 10
    assert isinstance(outcome, Blocked), outcome
    assert outcome.rule == "us_ssn"
    message = explain(outcome)
    assert message is not None
    assert "us_ssn" in message.text
    assert SSN not in message.text
