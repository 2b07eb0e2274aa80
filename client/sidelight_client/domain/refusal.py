"""Why a request is refused before anything is sent: the first reason that applies."""

from __future__ import annotations

from dataclasses import dataclass

from .completion import (
    Blocked,
    CompletionRequest,
    Limited,
    Outcome,
    Unavailable,
    UnavailableReason,
)
from .pauses import Pauses
from .policy.organisation import Mode, Verdict
from .routing.endpoints import Endpoints
from .spending.budget import Budget


@dataclass(frozen=True, slots=True)
class Admission:
    """What must be known to let a request pass.

    Attributes:
        verdict: of the rules, on where the document lies.
        local: whether the gateway runs on this machine, so that nothing leaves it.
    """

    enabled: bool
    languages_off: tuple[str, ...]
    pauses: Pauses
    verdict: Verdict
    local: bool
    endpoints: Endpoints
    budget: Budget


def refuse(known: Admission, request: CompletionRequest, now: float) -> Outcome | None:
    """The outcome of a request that must not be sent, or None when it may be.

    What the person decided comes first, then what the organisation decided, then what the
    gateway's state allows: the most lasting reason is the one that is told.
    """
    trace_id = request.trace_id
    if not known.enabled:
        return Unavailable(trace_id, UnavailableReason.SWITCHED_OFF)
    if request.document.language in known.languages_off:
        return Unavailable(trace_id, UnavailableReason.LANGUAGE_OFF)
    pauses = known.pauses.at(now)
    if pauses.everything_until is not None:
        return Unavailable(trace_id, UnavailableReason.PAUSED, pauses.everything_until)
    paused_until = pauses.language_until(request.document.language)
    if paused_until is not None:
        return Unavailable(trace_id, UnavailableReason.LANGUAGE_PAUSED, paused_until)
    if not known.verdict.allows(local=known.local):
        return _blocked(trace_id, known.verdict)
    if known.endpoints.urls and known.endpoints.choose(request.tier, now) is None:
        retry_at = known.endpoints.retry_at(request.tier)
        return Unavailable(trace_id, UnavailableReason.BREAKER_OPEN, retry_at)
    spent = known.budget.exhausted(now)
    if spent is not None:
        return Limited(
            trace_id,
            spent.scope,
            spent.unit.value,
            # What is exhausted by the gateway's word alone has no number anybody told.
            spent.limit or None,
            spent.used if spent.limit else None,
            spent.resets_at,
        )
    return None


def _blocked(trace_id: str, verdict: Verdict) -> Blocked:
    rule = verdict.rule
    assert rule is not None, "without a rule AI is on"
    return Blocked(
        trace_id,
        rule=rule.id,
        title="AI is off here",
        why=rule.reason,
        owner=rule.owner,
        appeal_url=rule.url,
        by_gateway=False,
        local_only=rule.mode is Mode.LOCAL_ONLY,
    )
