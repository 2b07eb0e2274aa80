"""A gateway's claims challenge is answered once in silence; what a provider refuses gets its words."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.adapters.discovered_identity import DiscoveredProvider
from sidelight_client.adapters.http import HttpAnswer, HttpClient
from sidelight_client.adapters.oidc_tokens import classify, error_reason
from sidelight_client.domain.failure import Failure, FailureKind
from sidelight_client.domain.health import CONDITIONS, IDENTITY_REASONS, visible
from sidelight_client.domain.identity.identity_reasons import identity_reason
from sidelight_client.domain.identity.session import CLAIMS_NOT_MET, Phase, Session, reduce
from sidelight_client.domain.identity.session_events import (
    AskPerson,
    Refused,
    Renew,
    RenewalFailed,
    RenewalFailure,
    Renewed,
    Tick,
)
from sidelight_client.domain.words.catalogue import facts_of, say
from sidelight_client.gateways.challenge import challenged_claims, with_challenge
from sidelight_client.gateways.profile import Reply
from sidelight_client.keeper import SessionKeeper
from sidelight_client.ports import GatewayInfo, Record, RenewalRefused, SignInPrompt
from sidelight_client.testing.fakes import FakeClock, FakeIdp, FakeVault, grant, settle
from support.secrets_watch import Secrets
from support.strict_idp import StrictIdp, browse, running_idp

NOW = 1_700_000_000.0
CLAIMS = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}'
OTHER = '{"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}'


# --- the challenge -------------------------------------------------------------------------------


def challenge(claims: str, error: str = "insufficient_claims") -> str:
    written = base64.b64encode(claims.encode()).decode()
    return f'Bearer realm="", error="{error}", claims="{written}"'


def unauthorized(header: str, status: int = 401) -> Reply:
    return Reply(status, {"www-authenticate": header})


CHALLENGES = [
    (unauthorized(challenge(CLAIMS)), CLAIMS),
    (unauthorized(f"Negotiate, {challenge(CLAIMS)}"), CLAIMS),
    (unauthorized(challenge(CLAIMS).replace("Bearer", "bearer")), CLAIMS),
    (unauthorized(challenge(CLAIMS), status=403), ""),
    (unauthorized('Bearer error="invalid_token"'), ""),
    (unauthorized(challenge(CLAIMS).replace("Bearer", "Basic")), ""),
    (unauthorized(challenge("[1]")), ""),
    (unauthorized(challenge("not JSON")), ""),
    (unauthorized(challenge("[" * 4000)), ""),
    (unauthorized('Bearer claims="%%%%"'), ""),
    (unauthorized(f'Bearer claims="{"A" * 7000}"'), ""),
    (Reply(401), ""),
    (Reply(None), ""),
]


@pytest.mark.parametrize(("reply", "claims"), CHALLENGES)
def test_the_claims_of_a_challenge_are_read_and_nothing_else(reply: Reply, claims: str) -> None:
    assert challenged_claims(reply) == claims


@given(st.text(max_size=300))
def test_no_header_breaks_the_reading_of_challenges(header: str) -> None:
    for written in (header, f'Bearer claims="{header}"', challenge(header)):
        claims = challenged_claims(unauthorized(written))
        assert claims == "" or isinstance(json.loads(claims), dict)


def test_a_challenge_means_a_token_to_renew_whatever_else_was_said() -> None:
    denied = Failure(FailureKind.AUTH_INVALID, 401, facts={"why": "because"})
    challenged = with_challenge(denied, unauthorized(challenge(CLAIMS)))
    assert challenged.kind is FailureKind.AUTH_EXPIRED
    assert challenged.facts == {"why": "because", "claims": CLAIMS}
    assert with_challenge(denied, Reply(401)) is denied


# --- the session ---------------------------------------------------------------------------------


def test_a_challenge_is_met_by_one_renewal_with_the_claims() -> None:
    session, effects = reduce(Session(grant()), Refused(NOW, 1, CLAIMS))
    assert effects == (Renew(1, "claims challenge at generation 1", CLAIMS),)
    assert session.peek(NOW) is None
    session, _ = reduce(session, Renewed(1, grant(NOW, generation=2), CLAIMS))
    assert session.phase(NOW) is Phase.FRESH


def test_the_same_challenge_for_the_token_that_was_to_meet_it_needs_a_person() -> None:
    met = Session(grant(NOW, generation=2), claims_met=CLAIMS)
    session, effects = reduce(met, Refused(NOW, 2, CLAIMS))
    assert effects == (AskPerson(CLAIMS_NOT_MET),)
    assert session.phase(NOW) is Phase.NEEDS_PERSON
    assert session.wakes_at(NOW) is None
    assert reduce(session, Refused(NOW, 2, CLAIMS)) == (session, ())


def test_another_challenge_is_another_attempt() -> None:
    met = Session(grant(NOW, generation=2), claims_met=CLAIMS)
    _, effects = reduce(met, Refused(NOW, 2, OTHER))
    assert effects == (Renew(1, "claims challenge at generation 2", OTHER),)


def test_an_attempt_the_network_lost_is_made_again_with_the_claims() -> None:
    session, _ = reduce(Session(grant()), Refused(NOW, 1, CLAIMS))
    session, _ = reduce(session, RenewalFailed(1, NOW, RenewalFailure.NOT_PROCESSED))
    _, effects = reduce(session, Tick(NOW + 60))
    assert effects == (Renew(2, "retry 1", CLAIMS),)


def test_a_challenge_during_a_renewal_waits_for_the_new_token_to_be_challenged() -> None:
    renewing = Session(grant(), generation=1, renewing=1)
    session, effects = reduce(renewing, Refused(NOW, 1, CLAIMS))
    assert effects == ()
    session, _ = reduce(session, Renewed(1, grant(NOW, generation=2)))
    _, effects = reduce(session, Refused(NOW, 2, CLAIMS))
    assert effects == (Renew(2, "claims challenge at generation 2", CLAIMS),)


@pytest.mark.anyio
async def test_a_gateway_that_is_never_content_asks_the_person_once_and_says_why() -> None:
    clock, vault, asked = FakeClock(), FakeVault(), list[str]()
    vault.held = Record(1, clock.now(), grant(clock.now()))
    idp = FakeIdp(renewals=[grant(clock.now())])
    keeper = SessionKeeper(clock=clock, provider=idp, vault=vault, ask=asked.append)
    await keeper.start()
    for _ in range(3):
        held = keeper.peek()
        if held is not None:
            keeper.refused(held, CLAIMS)
        await settle(50)
    assert idp.claims == [CLAIMS]
    assert idp.renewed == 1
    assert asked == [CLAIMS_NOT_MET]
    (shown,) = visible(keeper.conditions(), clock.now())
    assert (shown.code, shown.facts["reason"]) == ("identity.conditional_access", CLAIMS_NOT_MET)
    await keeper.stop()


@pytest.mark.anyio
async def test_claims_another_process_did_not_ask_for_are_asked_for_here() -> None:
    clock, vault = FakeClock(), FakeVault()
    vault.held = Record(1, clock.now(), grant(clock.now()))
    idp = FakeIdp(renewals=[grant(clock.now())])
    keeper = SessionKeeper(clock=clock, provider=idp, vault=vault)
    await keeper.start()
    newer = grant(clock.now(), generation=2, token="of-another-process")
    vault.held = Record(2, clock.now(), newer)
    first = keeper.peek()
    assert first is not None
    keeper.refused(first, CLAIMS)
    await settle(50)
    assert keeper.peek() == newer
    assert idp.renewed == 0
    keeper.refused(newer, CLAIMS)
    await settle(50)
    assert idp.claims == [CLAIMS]
    await keeper.stop()


# --- the provider --------------------------------------------------------------------------------


@pytest.fixture
async def idp(secrets_watch: Secrets) -> AsyncGenerator[StrictIdp]:
    idp = StrictIdp()
    secrets_watch.watch(idp.issued)
    async with running_idp(idp):
        yield idp


@pytest.mark.anyio
async def test_the_claims_go_to_the_token_endpoint_and_then_into_the_next_sign_in(
    idp: StrictIdp,
) -> None:
    http = HttpClient(connect_s=1, silence_s=1)
    pages: list[asyncio.Future[bytes]] = []

    async def discover() -> GatewayInfo:
        return GatewayInfo("", idp.url, "sidelight", issuer=idp.url)

    def show(prompt: SignInPrompt) -> None:
        pages.append(asyncio.ensure_future(browse(prompt.url)))

    provider = DiscoveredProvider(discover, http, FakeClock(), None)
    held = await provider.sign_in(show)
    assert not isinstance(held, RenewalRefused)
    renewed = await provider.renew_with_claims(replace(grant(), **signed_in(held)), CLAIMS)
    assert idp.token_requests[-1]["claims"] == CLAIMS
    assert not isinstance(renewed, RenewalRefused)
    await provider.sign_in(show)
    await provider.sign_in(show)
    await asyncio.gather(*pages)
    first, second, third = idp.authorizations
    assert "claims" not in first
    assert second["claims"] == CLAIMS
    assert "claims" not in third
    await provider.close()


def signed_in(held: Any) -> dict[str, Any]:
    return {"refresh_token": held.refresh_token, "issuer": held.issuer}


# --- the reasons ---------------------------------------------------------------------------------

ENTRA = "Trace ID: 00000000-0000-0000-0000-000000000000"
ANSWERS: list[tuple[dict[str, Any], str, str | None]] = [
    (
        {"error": "invalid_grant", "error_description": f"AADSTS50105: Not assigned. {ENTRA}"},
        "AADSTS50105",
        "identity.no_seat",
    ),
    (
        {"error": "invalid_grant", "error_description": f"AADSTS53003: Blocked. {ENTRA}"},
        "AADSTS53003",
        "identity.conditional_access",
    ),
    (
        {"error": "interaction_required", "error_description": "AADSTS50076: Use a second factor."},
        "AADSTS50076",
        "identity.conditional_access",
    ),
    (
        {"error": "invalid_grant", "error_description": "AADSTS50020: Account of elsewhere."},
        "AADSTS50020",
        "identity.wrong_group",
    ),
    (
        {"error": "invalid_client", "error_description": "AADSTS7000218: No secret."},
        "AADSTS7000218",
        "identity.misconfigured",
    ),
    ({"error": "access_denied"}, "access_denied", "identity.no_seat"),
    ({"error": "invalid_client"}, "invalid_client", "identity.misconfigured"),
    ({"error": "unauthorized_client"}, "unauthorized_client", "identity.misconfigured"),
    ({"error": "insufficient_claims"}, "insufficient_claims", "identity.conditional_access"),
    ({"error": "invalid_grant"}, "invalid_grant", None),
    (
        {"error": "invalid_grant", "error_description": "AADSTS700082: Expired by inactivity."},
        "AADSTS700082",
        None,
    ),
    ({"error": "temporarily_unavailable"}, "temporarily_unavailable", None),
    ({"error_description": "See AADSTS50105"}, "", None),
    ({"error": "x", "error_description": "AADSTS" + "1" * 40}, "x", None),
    ({}, "", None),
]


@pytest.mark.parametrize(("fields", "reason", "code"), ANSWERS)
def test_a_providers_error_gets_its_words(
    fields: dict[str, Any], reason: str, code: str | None
) -> None:
    assert error_reason(fields) == reason
    assert identity_reason(reason) == code


def test_the_exact_reason_reaches_the_session_and_does_not_change_what_ends_it() -> None:
    body = {"error": "invalid_grant", "error_description": "AADSTS53003: Blocked."}
    refused = classify(HttpAnswer(400, {}, json.dumps(body).encode()), NOW)
    assert refused == RenewalRefused(RenewalFailure.REJECTED, "AADSTS53003")
    body = {"error": "invalid_client", "error_description": "AADSTS7000218: No secret."}
    refused = classify(HttpAnswer(401, {}, json.dumps(body).encode()), NOW)
    assert refused == RenewalRefused(RenewalFailure.NOT_PROCESSED, "AADSTS7000218")


@pytest.mark.parametrize("code", IDENTITY_REASONS)
def test_every_reason_is_a_condition_with_words_and_silences_its_consequences(code: str) -> None:
    assert code in CONDITIONS
    assert "reason" in facts_of(code)
    assert "AADSTS1" in say(code, {"reason": "AADSTS1"}).text
    for consequence in ("session.needs_person", "session.renewing"):
        assert code in CONDITIONS[consequence].depends_on
