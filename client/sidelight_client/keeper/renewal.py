"""One renewal under the vault's lock: adopt what another process renewed, or ask the provider.

Architecture invariant: a refresh token is sent only inside `vault.exclusive`, after the record was
read there. That, and not there being one broker, is why there is one renewal for each expiry.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import assert_never

from ..domain.identity.grant import Grant
from ..domain.identity.session import Phase, Session
from ..domain.identity.session_events import (
    Event,
    RenewalFailed,
    RenewalFailure,
    Renewed,
    SignedOut,
)
from ..ports import Clock, HalfRenewed, IdentityProvider, Record, RenewalRefused, Vault

LATER_STAGES = 1
"""How often a provider may say within one renewal that there is more to do."""
LOCK_WAIT_S = 20.0
"""Longer than any exchange may take, so that the winner's tokens are adopted and not waited out."""


@dataclass(frozen=True, slots=True)
class Renewal:
    """There is a newer grant, and the vault holds it."""

    grant: Grant
    adopted: bool
    """Another process renewed it; the provider was not asked."""


@dataclass(frozen=True, slots=True)
class NoRenewal:
    """There is none. `learned` when it was another process that the provider rejected."""

    refused: RenewalRefused
    learned: bool = False


@dataclass(frozen=True, slots=True)
class SignedOutElsewhere:
    """The person signed out in another process."""


@dataclass(frozen=True, slots=True)
class NotWanted:
    """The session changed while this waited for the lock; nothing was done."""


@dataclass(frozen=True, slots=True)
class HeldBack:
    """The machine is about to sleep, so nothing was sent."""


RenewalResult = Renewal | NoRenewal | SignedOutElsewhere | NotWanted | HeldBack


@dataclass(frozen=True, slots=True)
class RenewalView:
    """One renewal as `sidelight doctor` shows it: never a token."""

    at: float
    cause: str
    outcome: str
    took_s: float


async def renew_once(
    session_now: Callable[[], Session],
    renewal: int,
    *,
    clock: Clock,
    provider: IdentityProvider,
    vault: Vault,
    may_send: Callable[[], bool],
    claims: str = "",
) -> RenewalResult:
    """Carry out the renewal that the session knows as `renewal`.

    It must not be cancelled while the provider is asked: the answer may hold the only copy of
    the next refresh token.
    """
    try:
        async with vault.exclusive(LOCK_WAIT_S):
            session = session_now()
            if session.grant is None or session.renewing != renewal:
                return NotWanted()
            record = await vault.load()
            known = _known_already(session, session.grant, record, clock.now())
            if not isinstance(known, Grant):
                return known
            if not may_send():
                return HeldBack()
            return await _ask(known, claims, clock=clock, provider=provider, vault=vault)
    except TimeoutError:
        # A stopped process can hold the lock for as long as it likes; `sidelight doctor` names it.
        return NoRenewal(RenewalRefused(RenewalFailure.NOT_PROCESSED, "vault.busy"))


def _known_already(
    session: Session, own: Grant, record: Record | None, now: float
) -> RenewalResult | Grant:
    """What the record answers without the provider; else the grant to renew.

    A record that is absent ends nothing: it may have been lost, and only the provider can say
    that a grant is over.
    """
    if record is None or record.generation < own.generation:
        return own
    if record.grant is None:
        return SignedOutElsewhere()
    if record.rejected:
        refused = RenewalRefused(RenewalFailure.REJECTED, record.rejected)
        return NoRenewal(refused, learned=True)
    if record.generation == own.generation:
        return own
    if replace(session, grant=record.grant).phase(now) is Phase.FRESH:
        return Renewal(record.grant, adopted=True)
    return record.grant


def event_of(
    result: RenewalResult, renewal: int, now: float, spread: float
) -> tuple[Event | None, str]:
    """What the session is told of a result, and its word for the trace."""
    match result:
        case Renewal(grant, adopted):
            return Renewed(renewal, grant), "adopted" if adopted else "renewed"
        case NoRenewal(RenewalRefused(failure, reason, retry_delay_s)):
            event = RenewalFailed(renewal, now, failure, spread, reason, retry_delay_s)
            return event, f"{failure}: {reason}"
        case HeldBack():
            failure = RenewalFailure.NOT_PROCESSED
            return RenewalFailed(renewal, now, failure, spread), "held back: going to sleep"
        case SignedOutElsewhere():
            return SignedOut(), "signed out elsewhere"
        case NotWanted():
            return None, "not wanted any more"
        case _:
            assert_never(result)


async def _ask(
    grant: Grant, claims: str, *, clock: Clock, provider: IdentityProvider, vault: Vault
) -> RenewalResult:
    if claims:
        answer = await provider.renew_with_claims(grant, claims)
    else:
        answer = await provider.renew(grant)
    for _ in range(LATER_STAGES):
        if not isinstance(answer, HalfRenewed):
            break
        # What one stage brought is durable before the next one may fail.
        grant = replace(answer.grant, generation=grant.generation + 1)
        await vault.save(Record(grant.generation, clock.now(), grant))
        answer = await provider.renew(grant)
    match answer:
        case Grant():
            renewed = replace(answer, generation=grant.generation + 1)
            await vault.save(Record(renewed.generation, clock.now(), renewed))
            return Renewal(renewed, adopted=False)
        case RenewalRefused(RenewalFailure.REJECTED, reason):
            record = await vault.load()
            if record is not None and record.generation > grant.generation and record.grant:
                # Somebody renewed without the lock; what was rejected is no longer the current grant.
                return Renewal(record.grant, adopted=True)
            dead = Record(grant.generation, clock.now(), grant, rejected=reason or "rejected")
            await vault.save(dead)
            return NoRenewal(answer)
        case RenewalRefused():
            return NoRenewal(answer)
        case HalfRenewed(half):
            half = replace(half, generation=grant.generation + 1)
            await vault.save(Record(half.generation, clock.now(), half))
            return NoRenewal(RenewalRefused(RenewalFailure.NOT_PROCESSED, "exchange.unfinished"))
        case _:
            assert_never(answer)
