"""From an outcome to the paragraph a person reads about it."""

from __future__ import annotations

from typing import assert_never

from .completion import (
    Blocked,
    Completed,
    Limited,
    Outcome,
    Unauthorized,
    UnauthorizedReason,
    Unavailable,
    UnavailableReason,
)
from .words import Message, say

_UNAVAILABLE = {
    UnavailableReason.OFFLINE: "network.offline",
    UnavailableReason.GATEWAY_DOWN: "gateway.unreachable",
    UnavailableReason.BREAKER_OPEN: "gateway.unreachable",
    UnavailableReason.DEADLINE: "completion.deadline",
    UnavailableReason.PAUSED: "completions.paused",
    UnavailableReason.SWITCHED_OFF: "completion.switched_off",
    UnavailableReason.LANGUAGE_OFF: "completion.language_off",
    UnavailableReason.CONTEXT_TOO_LARGE: "completion.context_too_large",
    UnavailableReason.SCANNER_DOWN: "gateway.scanner_down",
    UnavailableReason.REFUSED: "gateway.unreadable",
}

_UNAUTHORIZED = {
    UnauthorizedReason.SIGNED_OUT: "session.signed_out",
    UnauthorizedReason.RENEWING: "session.renewing",
    UnauthorizedReason.NEEDS_PERSON: "session.needs_person",
    UnauthorizedReason.KEY_UNKNOWN: "gateway.key_unknown",
    UnauthorizedReason.MODEL_DENIED: "gateway.model_denied",
}


def explain(outcome: Outcome, facts: dict[str, str | float | None] | None = None) -> Message | None:
    """The message for `outcome`, or None when there is nothing to explain.

    Args:
        outcome: how the request ended.
        facts: what the caller knows besides (the gateway's `name`, the `language`, `deadline_ms`).
    """
    known: dict[str, str | float | None] = {"trace_id": outcome.trace_id, **(facts or {})}
    match outcome:
        case Completed():
            if outcome.texts or outcome.filtered is None:
                return None
            return say(f"filtered.{outcome.filtered.value}", known)
        case Blocked():
            code = "policy.blocked" if outcome.by_gateway else "policy.place"
            known |= {
                "rule": outcome.rule,
                "title": outcome.title,
                "why": outcome.why,
                "contact": outcome.owner or "whoever runs the gateway",
            }
            return say(code, known)
        case Limited():
            known |= {
                "scope": outcome.scope.value,
                "unit": outcome.unit,
                "limit": outcome.limit,
                "resets_at": outcome.resets_at,
            }
            return say("limit.reached", known)
        case Unavailable():
            known |= {
                "retry_at": outcome.retry_at,
                "until": outcome.retry_at,
                "status": outcome.status,
            }
            return say(_UNAVAILABLE[outcome.reason], known)
        case Unauthorized():
            known |= {"reason": outcome.detail, "model": outcome.detail}
            return say(_UNAUTHORIZED[outcome.reason], known)
        case _:
            assert_never(outcome)
