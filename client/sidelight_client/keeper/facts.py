"""What others may know of the session: its conditions and its view, computed from the facts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import assert_never

from ..domain.health import IDENTITY_REASONS, Condition, hold, release
from ..domain.identity.diagnosis_session import RenewalSeen, SessionSeen
from ..domain.identity.identity_reasons import identity_reason
from ..domain.identity.session import Phase, Session
from ..domain.identity.session_events import RenewalFailure
from ..domain.snapshot import SessionView
from ..ports import RenewalRefused, VaultState
from .renewal import (
    HeldBack,
    NoRenewal,
    NotWanted,
    Renewal,
    RenewalResult,
    RenewalView,
    SignedOutElsewhere,
)

SOON_S = 600.0
"""A sign-in service that does not answer matters only when the token is about to end."""

_CODES = (
    "session.signed_out",
    "session.needs_person",
    "session.renewing",
    "identity.unreachable",
    *IDENTITY_REASONS,
    "vault.locked",
    "vault.memory",
    "storage.unwritable",
)


@dataclass(frozen=True, slots=True)
class KeeperFacts:
    """Everything the keeper knows beside the session itself.

    Attributes:
        loaded: the vault has answered.
        known: its record, or its absence, is known; before that nobody can say "signed out".
        vault_state: what the vault can do.
        vault_mode: where the record is kept.
        vault_place: the vault's folder.
        issuer: the sign-in service, for sentences; empty before the first sign-in.
        failing_since: when renewals began to fail without a success in between.
        failing_why: our word, or the provider's error code, for the last failure.
        renewed_at: when the last renewal succeeded.
        renewed_why: its cause.
    """

    loaded: bool = False
    known: bool = False
    vault_state: VaultState = VaultState.READY
    vault_mode: str = ""
    vault_place: str = ""
    issuer: str = ""
    failing_since: float | None = None
    failing_why: str = ""
    renewed_at: float | None = None
    renewed_why: str = ""

    def after_renewal(self, result: RenewalResult, cause: str, now: float) -> KeeperFacts:
        """The facts after a renewal that the session still wanted."""
        match result:
            case Renewal(grant):
                good = replace(self, issuer=grant.issuer, failing_since=None, failing_why="")
                return replace(good, renewed_at=now, renewed_why=cause)
            case NoRenewal(RenewalRefused(failure, reason)):
                since = self.failing_since if self.failing_since is not None else now
                rejected = failure is RenewalFailure.REJECTED
                return replace(self, failing_since=None if rejected else since, failing_why=reason)
            case HeldBack() | NotWanted() | SignedOutElsewhere():
                return self
            case _:
                assert_never(result)


def phase(session: Session, facts: KeeperFacts, now: float) -> Phase:
    """The phase to show. A session behind a locked keyring is not over: it is not usable yet."""
    if session.grant is None and not session.rejected and not facts.known:
        return Phase.EXPIRED
    return session.phase(now)


@dataclass(slots=True)
class KeeperState:
    """What the keeper knows at the moment; its parts read it and replace what they learn.

    Attributes:
        learned: that the session is dead came from another process, which asked the person already.
    """

    session: Session
    facts: KeeperFacts
    learned: bool = False


def view(session: Session, facts: KeeperFacts, now: float) -> SessionView:
    """The session without its tokens."""
    grant = session.grant
    return SessionView(
        phase=phase(session, facts, now),
        account=grant.account if grant else "",
        expires_at=grant.expires_at if grant else None,
        renews_at=session.wakes_at(now),
        renewed_at=facts.renewed_at,
        renewed_why=facts.renewed_why,
        vault=facts.vault_mode,
    )


def session_seen(
    session: Session, facts: KeeperFacts, renewals: Iterable[RenewalView], now: float
) -> SessionSeen:
    """The session as `sidelight doctor` is told of it, without its tokens."""
    grant = session.grant
    return SessionSeen(
        phase=phase(session, facts, now),
        vault=facts.vault_mode,
        vault_state=facts.vault_state,
        issuer=facts.issuer,
        can_renew=None if grant is None else grant.refresh_token is not None,
        access_life_s=None if grant is None else grant.expires_at - grant.received_at,
        renewals=tuple(RenewalSeen(r.at, r.cause, r.outcome, r.took_s) for r in renewals),
    )


def conditions(
    before: tuple[Condition, ...], session: Session, facts: KeeperFacts, now: float
) -> tuple[Condition, ...]:
    """What holds at `now`; a condition of `before` that still holds keeps its `since`."""
    held = release(before, *_CODES)
    for condition in _session_conditions(session, facts, now) + _vault_conditions(facts, now):
        since = next((c.since for c in before if c.code == condition.code), condition.since)
        held = (*held, replace(condition, since=since))
    return held


def _session_conditions(session: Session, facts: KeeperFacts, now: float) -> tuple[Condition, ...]:
    held: tuple[Condition, ...] = ()
    shown = phase(session, facts, now)
    grant = session.grant
    if shown is Phase.SIGNED_OUT:
        return hold(held, "session.signed_out", now)
    if shown is Phase.NEEDS_PERSON:
        held = hold(held, "session.needs_person", now, reason=session.rejected)
        known = identity_reason(session.rejected)
        if known is not None:
            held = hold(held, known, now, issuer=facts.issuer, reason=session.rejected)
        return held
    if grant is None:
        return held
    if shown is Phase.EXPIRED and grant.refresh_token is None:
        # Nothing can renew it, and nobody rejected it: the phase stays EXPIRED.
        return hold(held, "session.needs_person", grant.expires_at, reason="no_refresh_token")
    if facts.failing_since is not None and not grant.usable(now + SOON_S):
        held = hold(
            held,
            identity_reason(facts.failing_why) or "identity.unreachable",
            facts.failing_since,
            session.retry_at,
            issuer=facts.issuer,
            reason=facts.failing_why,
        )
    if shown is Phase.EXPIRED:
        held = hold(held, "session.renewing", now)
    return held


def _vault_conditions(facts: KeeperFacts, now: float) -> tuple[Condition, ...]:
    match facts.vault_state:
        case VaultState.READY:
            return ()
        case VaultState.LOCKED:
            return (Condition("vault.locked", now),)
        case VaultState.ABSENT:
            return (Condition("vault.memory", now),)
        case VaultState.UNWRITABLE:
            return hold(
                (), "storage.unwritable", now, folder=facts.vault_place, problem="not writable"
            )
