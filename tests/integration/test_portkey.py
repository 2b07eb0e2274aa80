"""What Portkey's gateway says on each bad day ends in the right kind and sentence."""

from __future__ import annotations

import pytest

from sidelight_client.domain.completion import Blocked, Completed, Unavailable, UnavailableReason
from sidelight_client.domain.explaining.explain import explain
from sidelight_client.domain.failure import FailureKind
from sidelight_client.domain.identity.session import Phase
from sidelight_client.ports import GatewayInfo
from sidelight_client.testing.fakes import FakeIdp

from .client import CODE, CODE_WITH_SSN, SSN, Refusal, broker_with, key_of, request
from .conftest import Open
from .upstream import Upstream

pytestmark = [pytest.mark.anyio, pytest.mark.integration, pytest.mark.timeout(150)]


async def test_it_is_recognised_without_a_key(portkey_url: str, client_at: Open) -> None:
    info = await client_at(portkey_url, "").gateway.discover()
    assert isinstance(info, GatewayInfo)
    assert info.profile == "portkey"


async def test_a_completion_streams_through_with_the_text_after_the_cursor(
    portkey_url: str, upstream: Upstream, client_at: Open
) -> None:
    asked = await client_at(portkey_url, "pk-good").ask()
    assert asked.text.startswith("result")
    assert asked.finish


REFUSALS = (
    Refusal("pk-unheard-of", FailureKind.AUTH_INVALID, "gateway.key_unknown"),
    Refusal("pk-vendor-key-wrong", FailureKind.AUTH_INVALID, "gateway.key_unknown"),
    Refusal("pk-good", FailureKind.AUTH_EXPIRED, "session.renewing", (("expire_tokens", True),)),
    Refusal(
        "pk-good",
        FailureKind.CONTEXT_EXCEEDED,
        "completion.context_too_large",
        (("context_limit", 3),),
    ),
    Refusal("pk-good", FailureKind.LIMIT_VENDOR, "limit.vendor", (("throttle", "openai"),)),
    Refusal("pk-good", FailureKind.UPSTREAM_DOWN, "upstream.broken", (("outage", True),)),
    Refusal("pk-good", FailureKind.UPSTREAM_DOWN, "upstream.broken", (("bad_gateway_html", True),)),
    Refusal("pk-good", FailureKind.UPSTREAM_DOWN, "upstream.broken", (("stream_error", True),)),
    Refusal("pk-to-the-dead-vendor", FailureKind.UPSTREAM_DOWN, "upstream.broken"),
)


async def test_where_it_cannot_stream_the_answer_comes_in_one_piece(
    portkey_without_streams: str, upstream: Upstream
) -> None:
    idp = FakeIdp(signs_in=key_of("pk-good"))
    async with broker_with(portkey_without_streams, idp) as broker:
        outcome = await broker.complete(request(CODE))
    assert isinstance(outcome, Completed), outcome
    assert outcome.texts[0].startswith("result")


@pytest.mark.parametrize("refusal", REFUSALS, ids=str)
async def test_each_refusal_ends_in_its_kind_and_its_sentence(
    portkey_url: str, upstream: Upstream, client_at: Open, refusal: Refusal
) -> None:
    upstream.fault(**dict(refusal.switches))
    asked = await client_at(portkey_url, refusal.key).ask()
    assert (asked.failure.kind, asked.message.code) == (refusal.kind, refusal.code), asked.failure
    assert refusal.key not in repr(asked)


async def test_its_guardrail_is_a_block_and_the_number_it_echoes_is_not_kept(
    portkey_url: str, upstream: Upstream, client_at: Open
) -> None:
    asked = await client_at(portkey_url, "pk-good").ask(CODE_WITH_SSN)
    assert asked.failure.kind is FailureKind.POLICY_BLOCKED
    assert asked.message.code == "policy.blocked"
    assert SSN not in repr(asked) + asked.message.text


async def test_a_block_reaches_the_person_and_nobody_is_signed_out(
    portkey_url: str, upstream: Upstream
) -> None:
    idp = FakeIdp(signs_in=key_of("pk-good"))
    async with broker_with(portkey_url, idp) as broker:
        outcome = await broker.complete(request(CODE_WITH_SSN))
        assert broker.snapshot().session.phase is Phase.FRESH
    assert isinstance(outcome, Blocked), outcome
    message = explain(outcome)
    assert message is not None
    assert SSN not in message.text


async def test_a_dead_vendor_is_a_gateway_that_is_down_and_nobody_is_signed_out(
    portkey_url: str, upstream: Upstream
) -> None:
    idp = FakeIdp(signs_in=key_of("pk-to-the-dead-vendor"))
    async with broker_with(portkey_url, idp) as broker:
        outcome = await broker.complete(request(CODE))
        assert broker.snapshot().session.phase is Phase.FRESH
    assert isinstance(outcome, Unavailable), outcome
    assert outcome.reason is UnavailableReason.GATEWAY_DOWN
    assert idp.renewed == 0
