"""What Sidelight tells a person about a gateway's failure, and what it does about it by itself."""

from __future__ import annotations

from typing import assert_never

from ..failure import Failure, FailureKind
from ..words.catalogue import Message, say

DOES: dict[FailureKind, str] = {
    FailureKind.AUTH_EXPIRED: "Renews the session silently and sends the request once more.",
    FailureKind.AUTH_INVALID: "Sends nothing more with this key; says so until you sign in again.",
    FailureKind.AUTH_MODEL_DENIED: "Names the model and sends it nothing more.",
    FailureKind.POLICY_BLOCKED: "Shows the rule, where it can at the exact characters; never resends.",
    FailureKind.POLICY_UNAVAILABLE: "Says that the scanner is down, not that your code was blocked.",
    FailureKind.CONTEXT_EXCEEDED: "Halves the context, or cuts it to 80 % of a lower limit; resends once.",
    FailureKind.LIMIT_USER: "Pauses automatic suggestions until the limit resets.",
    FailureKind.LIMIT_TEAM: "Pauses automatic suggestions until the team's limit resets.",
    FailureKind.LIMIT_ORG: "Pauses automatic suggestions until the organisation's limit resets.",
    FailureKind.LIMIT_VENDOR: "Waits as long as the vendor asks; your own limits stay untouched.",
    FailureKind.BUDGET_EXCEEDED: "Pauses suggestions; does not retry.",
    FailureKind.UPSTREAM_TIMEOUT: "Drops the suggestion and counts it; repeated, it opens the breaker.",
    FailureKind.UPSTREAM_DOWN: (
        "Asks the gateway's next address where there is one; opens the breaker and tries again by "
        "itself."
    ),
    FailureKind.CAPABILITY_MISSING: "Remembers it and asks in another way; shows nothing.",
    FailureKind.REPO_PROHIBITED: "Sends nothing from this place.",
    FailureKind.OFFLINE: "Keeps the session and goes on when the network is back.",
    FailureKind.UNKNOWN: "Drops the suggestion and keeps the status; does not sign you out.",
}
"""One sentence a kind, for whoever wants to know what happens without them."""


def about(failure: Failure, now: float, name: str = "") -> Message:
    """The sentence for a failure as such.

    Args:
        failure: what the gateway's answer meant.
        now: wall-clock seconds, from which its retry delay counts.
        name: the gateway's, where it is known.
    """
    retry_at = None if failure.retry_delay_s is None else now + failure.retry_delay_s
    facts: dict[str, str | float | None] = {
        "retry_at": retry_at,
        "resets_at": retry_at,
        "status": failure.status,
        "contact": "whoever runs the gateway",
        "name": name,
        "why": "The gateway does not say why.",
        **failure.facts,
    }
    return say(_code(failure.kind), facts)


def _code(kind: FailureKind) -> str:
    match kind:
        case FailureKind.AUTH_EXPIRED:
            return "session.renewing"
        case FailureKind.AUTH_INVALID:
            return "gateway.key_unknown"
        case FailureKind.AUTH_MODEL_DENIED:
            return "gateway.model_denied"
        case FailureKind.POLICY_BLOCKED:
            return "policy.blocked"
        case FailureKind.POLICY_UNAVAILABLE:
            return "gateway.scanner_down"
        case FailureKind.CONTEXT_EXCEEDED:
            return "completion.context_too_large"
        case FailureKind.LIMIT_USER | FailureKind.LIMIT_TEAM | FailureKind.LIMIT_ORG:
            return "limit.reached"
        case FailureKind.LIMIT_VENDOR:
            return "limit.vendor"
        case FailureKind.BUDGET_EXCEEDED:
            return "budget.spent"
        case FailureKind.UPSTREAM_TIMEOUT:
            return "upstream.late"
        case FailureKind.UPSTREAM_DOWN:
            return "upstream.broken"
        case FailureKind.CAPABILITY_MISSING:
            return "capability.absent"
        case FailureKind.REPO_PROHIBITED:
            return "policy.place"
        case FailureKind.OFFLINE:
            return "network.offline"
        case FailureKind.UNKNOWN:
            return "gateway.unreadable"
        case _:
            assert_never(kind)
