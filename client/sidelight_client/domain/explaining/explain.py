"""From an outcome to the paragraph a person reads about it."""

from __future__ import annotations

from typing import assert_never

from ..completion import (
    Blocked,
    Completed,
    Limited,
    Outcome,
    Unauthorized,
    UnauthorizedReason,
    Unavailable,
    UnavailableReason,
)
from ..words.catalogue import Message, say

_UNAVAILABLE = {
    UnavailableReason.OFFLINE: "network.offline",
    UnavailableReason.GATEWAY_DOWN: "gateway.unreachable",
    UnavailableReason.BREAKER_OPEN: "gateway.unreachable",
    UnavailableReason.DEADLINE: "completion.deadline",
    UnavailableReason.PAUSED: "completions.paused",
    UnavailableReason.SWITCHED_OFF: "completion.switched_off",
    UnavailableReason.LANGUAGE_OFF: "completion.language_off",
    UnavailableReason.LANGUAGE_PAUSED: "completion.language_paused",
    UnavailableReason.CONTEXT_TOO_LARGE: "completion.context_too_large",
    UnavailableReason.SCANNER_DOWN: "gateway.scanner_down",
    UnavailableReason.RULES_NOT_READY: "content.rules_not_ready",
    UnavailableReason.REFUSED: "gateway.unreadable",
}

_UNAUTHORIZED = {
    UnauthorizedReason.SIGNED_OUT: "session.signed_out",
    UnauthorizedReason.RENEWING: "session.renewing",
    UnauthorizedReason.NEEDS_PERSON: "session.needs_person",
    UnauthorizedReason.KEY_UNKNOWN: "gateway.key_unknown",
    UnauthorizedReason.MODEL_DENIED: "gateway.model_denied",
}

NOT_REDACTABLE = "redaction.impossible"
"""What stands for a rule's id where values had to be replaced and could not be."""


def blocked_code(blocked: Blocked) -> str:
    """Which sentence says who stopped it: the gateway, its rules as they are known here, the place."""
    if blocked.by_gateway:
        return "policy.blocked"
    if blocked.rule == NOT_REDACTABLE:
        return "content.not_redactable"
    if blocked.findings:
        return "content.stopped"
    return "policy.local_only" if blocked.local_only else "policy.place"


def explain(outcome: Outcome, facts: dict[str, str | float | None] | None = None) -> Message | None:
    """The message for `outcome`, or None when there is nothing to explain.

    Args:
        outcome: how the request ended.
        facts: what the caller knows besides (the gateway's `name`, the `language`, `deadline_ms`).
    """
    known: dict[str, str | float | None] = {"trace_id": outcome.trace_id, **(facts or {})}
    match outcome:
        case Completed():
            if outcome.texts and outcome.review is not None:
                review = outcome.review
                contact = review.owner or "whoever looks after the rules"
                known |= {"rule": review.rule, "why": review.why, "contact": contact}
                return say("policy.review_label", known)
            if outcome.texts or outcome.filtered is None:
                return None
            return say(f"filtered.{outcome.filtered.value}", known)
        case Blocked():
            code = blocked_code(outcome)
            known |= {
                "rule": outcome.rule,
                "title": outcome.title,
                "why": outcome.why or say("content.no_reason").what,
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
