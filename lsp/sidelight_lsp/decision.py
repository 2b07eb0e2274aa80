"""`$/sidelight/decision`: how one request ended, for clients that opted in; numbers, never content."""

from __future__ import annotations

from typing import Any, assert_never

from sidelight_client.api import (
    Blocked,
    Completed,
    Finding,
    Limited,
    Outcome,
    Part,
    Tier,
    TierReason,
    Unauthorized,
    Unavailable,
    UnavailableReason,
)

from .asks import Landing
from .document import TextDocument

METHOD = "$/sidelight/decision"
VERSION = 1


def decision_payload(landing: Landing, document: TextDocument | None) -> dict[str, Any]:
    """The decision about one request.

    Args:
        landing: how the request ended.
        document: the live document, for ranges in the editor's units; without it they are left out.
    """
    outcome, request = landing.outcome, landing.request
    message = landing.explanation()
    return {
        "v": VERSION,
        "id": request.trace_id,
        "traceId": outcome.trace_id,
        "uri": landing.uri,
        "outcome": outcome_word(outcome, offered=landing.offered),
        "reason": _reason(outcome),
        "code": message.code if message is not None else None,
        "title": message.title if message is not None else None,
        "detail": message.text if message is not None else None,
        "tier": _tier(landing).value,
        "tierWhy": [reason.value for reason in _reasons(landing)],
        "trigger": request.trigger.value,
        "cache": "miss",
        **_completed(outcome),
        "context": {
            "included": [_included(part, document) for part in request.window.parts],
            "cut": [
                {"uri": cut.uri, "lines": cut.lines, "why": cut.why.value}
                for cut in request.window.cuts
            ],
        },
        "policy": _policy(outcome, document),
    }


def reused_payload(uri: str, trace_id: str) -> dict[str, Any]:
    """The decision to answer from what is left of an earlier suggestion: nothing was sent."""
    return {
        "v": VERSION,
        "id": trace_id,
        "traceId": trace_id,
        "uri": uri,
        "outcome": "shown",
        "reason": "",
        "cache": "typed",
    }


def outcome_word(outcome: Outcome, *, offered: bool) -> str:
    """The one word for an ending; `stale` is a text that came when nobody could use it any more."""
    match outcome:
        case Completed():
            if offered:
                return "shown"
            return "stale" if any(outcome.texts) else "empty"
        case Blocked():
            return "blocked"
        case Limited():
            return "throttled"
        case Unavailable():
            late = outcome.reason is UnavailableReason.DEADLINE
            return "timeout" if late else "unavailable"
        case Unauthorized():
            return "unauthorized"
        case _:
            assert_never(outcome)


def _tier(landing: Landing) -> Tier:
    """The tier that answered, or that was asked where none did."""
    outcome = landing.outcome
    return outcome.tier if isinstance(outcome, Completed) else landing.request.tier


def _reasons(landing: Landing) -> tuple[TierReason, ...]:
    outcome = landing.outcome
    told = outcome.tier_reasons if isinstance(outcome, Completed) else ()
    return told or landing.request.tier_reasons


def _reason(outcome: Outcome) -> str:
    match outcome:
        case Completed():
            return outcome.filtered.value if outcome.filtered is not None else ""
        case Blocked():
            return outcome.rule
        case Limited():
            return outcome.scope.value
        case Unavailable() | Unauthorized():
            return outcome.reason.value
        case _:
            assert_never(outcome)


def _completed(outcome: Outcome) -> dict[str, Any]:
    if not isinstance(outcome, Completed):
        return {"source": None, "ms": None, "tokens": None}
    timings, tokens = outcome.timings, outcome.tokens
    return {
        "source": {"kind": outcome.source.kind.value, "label": outcome.source.label},
        "ms": {
            "queue": _ms(timings.queue_s),
            "gateway": _ms(timings.gateway_s),
            "first": None if timings.first_s is None else _ms(timings.first_s),
            "total": _ms(timings.total_s),
        },
        "tokens": {"prompt": tokens.prompt, "cached": tokens.cached, "output": tokens.output},
    }


def _included(part: Part, document: TextDocument | None) -> dict[str, Any]:
    here = document is not None and document.uri == part.uri
    return {
        "kind": part.kind.value,
        "uri": part.uri,
        "range": document.lsp_range(part.range) if document is not None and here else None,
        "chars": len(part.text),
        "why": part.why,
    }


def _policy(outcome: Outcome, document: TextDocument | None) -> dict[str, Any] | None:
    if not isinstance(outcome, Blocked):
        return None
    return {
        "ruleId": outcome.rule,
        "title": outcome.title,
        "byGateway": outcome.by_gateway,
        "owner": outcome.owner or None,
        "appealUrl": outcome.appeal_url or None,
        "findings": [_finding(finding, document) for finding in outcome.findings],
    }


def _finding(finding: Finding, document: TextDocument | None) -> dict[str, Any]:
    here = document is not None and document.uri == finding.uri
    return {
        "ruleId": finding.rule,
        "uri": finding.uri,
        "range": document.lsp_range(finding.range) if document is not None and here else None,
        "masked": finding.masked,
    }


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
