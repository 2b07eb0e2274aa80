"""The session with the identity provider: what phase it is in, and what to do about it.

`reduce(session, event) -> (session, effects)` holds every rule about renewal. "Signed out" has
exactly one cause here: the provider rejected the grant that is still the current one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

from .grant import Grant
from .session_events import (
    AskPerson,
    DropPool,
    Effect,
    Event,
    Forget,
    Leaving,
    NetworkUp,
    Persist,
    Refused,
    Renew,
    RenewalFailed,
    RenewalFailure,
    Renewed,
    SignedIn,
    SignedOut,
    Tick,
    Woke,
)

RETRY_FIRST_S = 0.25
RETRY_MAX_S = 15.0
RETRY_URGENT_MAX_S = 3.0
RETRIES_URGENT = 20
"""While somebody may be waiting for a token, the first tries of an outage come this close together."""
CLAIMS_NOT_MET = "insufficient_claims"
"""The gateway's own word for a token that lacks what it wants (its `WWW-Authenticate`)."""


class Phase(StrEnum):
    """What the session is good for at a moment; computed, never stored."""

    SIGNED_OUT = "signed_out"
    FRESH = "fresh"
    STALE = "stale"
    """Usable; a renewal is due and runs in the background."""
    EXPIRED = "expired"
    """Not usable; a renewal is being tried for as long as it takes."""
    NEEDS_PERSON = "needs_person"
    """The provider rejected the current grant. A live access token is still served to its end."""


@dataclass(frozen=True, slots=True)
class Session:
    """The facts. `generation` counts renewals started, so that a late answer is dropped.

    Attributes:
        grant: the current grant, or None before sign-in.
        renewing: the generation of the renewal in flight, or None.
        attempts: failed attempts since the last success.
        retry_at: when the next attempt is due after a failure.
        rejected: why the provider rejected the current grant; empty while it did not.
        claims_wanted: what the gateway asks of the next token, as claims (OpenID Connect Core §5.5).
        claims_met: what was asked of the provider for the current one.
        in_doubt: an answer was lost, so the provider may have used up the refresh token. Only asking
            again within its grace mends that.
        jitter: this process's place (0..1) in the spread of renewals.
    """

    grant: Grant | None = None
    generation: int = 0
    renewing: int | None = None
    attempts: int = 0
    retry_at: float | None = None
    rejected: str = ""
    claims_wanted: str = ""
    claims_met: str = ""
    in_doubt: bool = False
    jitter: float = 0.0

    def phase(self, now: float) -> Phase:
        if self.grant is None:
            return Phase.NEEDS_PERSON if self.rejected else Phase.SIGNED_OUT
        if self.rejected:
            return Phase.NEEDS_PERSON
        if not self.grant.usable(now):
            return Phase.EXPIRED
        if now >= self.grant.renewal_due_at(self.jitter):
            return Phase.STALE
        return Phase.FRESH

    def peek(self, now: float) -> Grant | None:
        """The grant if a request may use it at `now`. No I/O: safe on the request path."""
        return self.grant if self.grant is not None and self.grant.usable(now) else None

    def wakes_at(self, now: float) -> float | None:
        """When time alone makes the next `Tick` worth sending."""
        if self.grant is None or self.rejected or self.renewing is not None:
            return None
        if self.grant.refresh_token is None:
            return None
        due = self.grant.renewal_due_at(self.jitter)
        return max(self.retry_at if self.retry_at is not None else due, now)


def reduce(session: Session, event: Event) -> tuple[Session, tuple[Effect, ...]]:
    """What the session becomes, and what must be done."""
    match event:
        case SignedIn(grant, rejected):
            number, jitter = session.generation, session.jitter
            return Session(grant, number, rejected=rejected, jitter=jitter), (Persist(grant),)
        case Tick(now):
            return _renew_if_due(session, now, "half of the token's life is over")
        case Woke(now, slept_s):
            return _woke(session, now, slept_s)
        case Leaving():
            return _leaving(session)
        case NetworkUp(now):
            return _network_up(session, now)
        case Refused(now, generation, claims):
            return _refused(session, now, generation, claims)
        case Renewed(renewal, grant, claims):
            if session.renewing != renewal:
                return session, ()
            fresh = Session(grant, session.generation, jitter=session.jitter, claims_met=claims)
            return fresh, (Persist(grant),)
        case RenewalFailed():
            return _renewal_failed(session, event)
        case SignedOut():
            return Session(generation=session.generation + 1, jitter=session.jitter), (Forget(),)
        case _:
            assert_never(event)


def _can_renew(session: Session) -> bool:
    return (
        session.grant is not None
        and session.grant.refresh_token is not None
        and not session.rejected
        and session.renewing is None
    )


def _start(session: Session, cause: str) -> tuple[Session, tuple[Effect, ...]]:
    if not _can_renew(session):
        return session, ()
    number = session.generation + 1
    return replace(session, generation=number, renewing=number, retry_at=None), (
        Renew(number, cause, session.claims_wanted),
    )


def _renew_if_due(session: Session, now: float, cause: str) -> tuple[Session, tuple[Effect, ...]]:
    wakes_at = session.wakes_at(now)
    if wakes_at is None or now < wakes_at:
        return session, ()
    if session.attempts:
        cause = f"retry {session.attempts}"
    elif session.phase(now) is Phase.EXPIRED:
        cause = "the token has ended"
    return _start(session, cause)


def _woke(session: Session, now: float, slept_s: float) -> tuple[Session, tuple[Effect, ...]]:
    cause = f"woke after {slept_s / 3600:.1f} h"
    if session.phase(now) in (Phase.STALE, Phase.EXPIRED):
        session, effects = _start(replace(session, attempts=0), cause)
        return session, (DropPool(), *effects)
    return session, (DropPool(),)


def _leaving(session: Session) -> tuple[Session, tuple[Effect, ...]]:
    """Ask again now for an answer that was lost: after the sleep the provider's grace is over."""
    if not session.in_doubt:
        return session, ()
    session, effects = _start(session, "an answer was lost, and a sleep is near")
    return session, tuple(replace(e, last_chance=True) for e in effects if isinstance(e, Renew))


def _network_up(session: Session, now: float) -> tuple[Session, tuple[Effect, ...]]:
    if session.renewing is not None:
        # The attempt in flight began without the network; should it fail, the next one comes soon.
        return replace(session, attempts=0), ()
    if session.attempts and session.phase(now) in (Phase.STALE, Phase.EXPIRED):
        return _start(session, "the network is back")
    return session, ()


def _refused(
    session: Session, now: float, generation: int, claims: str
) -> tuple[Session, tuple[Effect, ...]]:
    # A late 401 for a grant that was renewed meanwhile must not cause a second renewal.
    if session.grant is None or session.grant.generation != generation or session.rejected:
        return session, ()
    ended = replace(session.grant, expires_at=min(session.grant.expires_at, now))
    session = replace(session, grant=ended)
    if not claims or session.renewing is not None:
        return _start(session, f"401 at generation {generation}")
    if claims == session.claims_met:
        # The provider was asked for just this, and the gateway is not content: only a person
        # can do more. Asking again would go on for ever.
        rejected = replace(session, attempts=0, retry_at=None, rejected=CLAIMS_NOT_MET)
        return rejected, (AskPerson(rejected.rejected),)
    wanted = replace(session, claims_wanted=claims)
    return _start(wanted, f"claims challenge at generation {generation}")


def _renewal_failed(session: Session, event: RenewalFailed) -> tuple[Session, tuple[Effect, ...]]:
    if session.renewing != event.renewal:
        return session, ()
    if event.failure is RenewalFailure.REJECTED:
        rejected = replace(
            session, renewing=None, attempts=0, retry_at=None, rejected=event.reason or "rejected"
        )
        return rejected, (AskPerson(rejected.rejected),)
    attempts = session.attempts + 1
    lost = event.failure is RenewalFailure.AMBIGUOUS
    if lost and attempts == 1:
        pause = RETRY_FIRST_S
    else:
        usable = session.grant is not None and session.grant.usable(event.now)
        urgent = attempts <= RETRIES_URGENT and not usable
        longest = RETRY_URGENT_MAX_S if urgent else RETRY_MAX_S
        ceiling = min(RETRY_FIRST_S * 2 ** min(attempts, 10), longest)
        pause = max(ceiling * event.spread, RETRY_FIRST_S)
    if event.retry_delay_s is not None:
        pause = max(pause, min(event.retry_delay_s, 300.0))
    session = replace(session, in_doubt=session.in_doubt or lost)
    return replace(session, renewing=None, attempts=attempts, retry_at=event.now + pause), ()
