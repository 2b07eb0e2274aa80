"""What a broker says about its session for `sidelight doctor`, and what of it will sign people out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

GRACE_S = 30.0
"""A provider that rotates refresh tokens should accept the last one again for this long: the
answer to a renewal can be lost, and the one retry then comes within seconds."""
SHORT_LIFE_S = 600.0
"""An access token that lives shorter is renewed more often than every five minutes."""
FAILING_MIN = 3
"""One failed renewal is a moment without a network; as many in a row are worth a word."""

_GOOD = ("renewed", "adopted")
_REJECTED = "rejected"
_AMBIGUOUS = "ambiguous"
_FAILED = ("not_processed", _AMBIGUOUS, _REJECTED)
_BUSY = "not_processed: vault.busy"


@dataclass(frozen=True, slots=True)
class RenewalSeen:
    """One renewal: when it began (wall-clock seconds), why, what came of it, how long it took."""

    at: float
    cause: str
    outcome: str
    took_s: float


@dataclass(frozen=True, slots=True)
class SessionSeen:
    """The session as its broker describes it. No token, ever.

    Attributes:
        phase: `domain.identity.session.Phase` as a word.
        vault: `keyring`, `memory` or `file`.
        vault_state: `ready`, `locked`, `absent` or `unwritable`, from its last use.
        issuer: who issued the grant; empty while there is none.
        can_renew: a refresh token came with the grant; None while there is none.
        access_life_s: how long the access token lives from its receipt.
        renewals: the last ones, the latest last.
    """

    phase: str
    vault: str = ""
    vault_state: str = ""
    issuer: str = ""
    can_renew: bool | None = None
    access_life_s: float | None = None
    renewals: tuple[RenewalSeen, ...] = ()


def session_findings(
    session: SessionSeen, lock_holder: int | None
) -> list[tuple[str, dict[str, str | float | None]]]:
    """The codes of what is wrong, or will be, with what their sentences need."""
    found: list[tuple[str, dict[str, str | float | None]]] = []
    issuer: dict[str, str | float | None] = {"issuer": session.issuer}
    if session.can_renew is False:
        found.append(("doctor.no_refresh_token", issuer))
    life_s = session.access_life_s
    if life_s is not None and life_s < SHORT_LIFE_S:
        found.append(("doctor.short_life", {**issuer, "minutes": round(life_s / 60, 1)}))
    retry_s = rejected_retry_s(session.renewals)
    if retry_s is not None:
        found.append(("doctor.rotation_grace", {**issuer, "seconds": round(retry_s, 1)}))
    last = session.renewals[-1].outcome if session.renewals else ""
    failed = failing(session.renewals)
    if last == _BUSY:
        holder = str(lock_holder) if lock_holder is not None else None
        found.append(("doctor.lock_held", {"pid": holder}))
    elif failed and not last.startswith(_REJECTED):
        found.append(("doctor.renewals_fail", {"count": len(failed), "problem": last}))
    return found


def rejected_retry_s(renewals: Sequence[RenewalSeen]) -> float | None:
    """How soon after a lost answer a retry was rejected, if that was within a good grace time.

    That is the only trace a grace time leaves: no discovery document states one.
    """
    for lost, retry in pairwise(renewals):
        pause_s = retry.at - lost.at
        if (
            lost.outcome.startswith(_AMBIGUOUS)
            and retry.outcome.startswith(_REJECTED)
            and 0 <= pause_s < GRACE_S
        ):
            return pause_s
    return None


def failing(renewals: Sequence[RenewalSeen]) -> tuple[RenewalSeen, ...]:
    """The renewals that failed in a row up to now; empty when they are too few to mention."""
    failed: list[RenewalSeen] = []
    for renewal in reversed(renewals):
        if renewal.outcome in _GOOD:
            break
        # What was held back before a sleep, or not wanted any more, did not fail.
        if renewal.outcome.startswith(_FAILED):
            failed.append(renewal)
    return tuple(reversed(failed)) if len(failed) >= FAILING_MIN else ()
