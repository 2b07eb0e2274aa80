"""`$/sidelight/decision`: how one request ended, for clients that opted in; numbers, never content."""

from __future__ import annotations

from typing import Any, assert_never

from sidelight_client.api import (
    Blocked,
    Completed,
    Entry,
    Finding,
    Limited,
    Outcome,
    Tier,
    TierReason,
    Unauthorized,
    Unavailable,
    UnavailableReason,
    mostly_cut,
    say,
    slow_stage,
)

from ..completing.asks import Landing
from ..documents.document import TextDocument
from .silences import Story

METHOD = "$/sidelight/decision"
VERSION = 1


def decision_payload(
    landing: Landing, document: TextDocument | None, story: Story
) -> dict[str, Any]:
    """The decision about one request.

    Args:
        landing: how the request ended.
        document: the live document, for ranges in the editor's units; without it they are left out.
        story: what is kept of it: tokens, times, and what was slow.
    """
    outcome, request = landing.outcome, landing.request
    slow = None
    if story.timings is not None:
        slow = slow_stage(story.timings, story.context_s, story.target_ms, story.tier)
    cut = mostly_cut(story.ledger, story.tier)
    message = landing.explanation()
    return {
        "v": VERSION,
        "id": request.trace_id,
        "traceId": outcome.trace_id,
        "uri": landing.uri,
        "outcome": outcome_word(outcome, offered=landing.offered, ahead=landing.ahead),
        "reason": _reason(outcome),
        "code": message.code if message is not None else None,
        "title": message.title if message is not None else None,
        "detail": message.text if message is not None else None,
        "tier": _tier(landing).value,
        "tierWhy": [reason.value for reason in _reasons(landing)],
        "trigger": request.trigger.value,
        "cache": "miss",
        **_completed(outcome, story.context_s),
        "notes": list(outcome.notes) if isinstance(outcome, Completed) else [],
        "targetMs": story.target_ms or None,
        "slowStage": None if slow is None else slow[0],
        "slowText": None if slow is None else slow[1].text,
        "context": {
            "budget": story.budget_tokens,
            "used": story.ledger.tokens,
            "estimated": story.ledger.estimated,
            "share": round(story.ledger.share_sent, 3),
            "hint": None if cut is None else cut.text,
            "included": [_included(entry, document) for entry in story.ledger.entries],
            "cut": [
                {"uri": one.uri, "lines": one.lines, "why": one.why.value}
                for one in story.ledger.cuts
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


def outcome_word(outcome: Outcome, *, offered: bool, ahead: bool) -> str:
    """The one word for an ending.

    `stale` is a text that came when nobody could use it any more, `prefetched` one that came before
    anybody asked for it.
    """
    match outcome:
        case Completed():
            if offered:
                return "shown"
            if not any(outcome.texts):
                return "empty"
            return "prefetched" if ahead else "stale"
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


def _completed(outcome: Outcome, context_s: float) -> dict[str, Any]:
    if not isinstance(outcome, Completed):
        return {"source": None, "ms": None, "tokens": None}
    timings, tokens = outcome.timings, outcome.tokens
    return {
        "source": {"kind": outcome.source.kind.value, "label": outcome.source.label},
        "ms": {
            "context": _ms(context_s),
            "queue": _ms(timings.queue_s),
            "gateway": _ms(timings.gateway_s),
            "first": None if timings.first_s is None else _ms(timings.first_s),
            "total": _ms(timings.total_s),
        },
        "tokens": {"prompt": tokens.prompt, "cached": tokens.cached, "output": tokens.output},
    }


def _included(entry: Entry, document: TextDocument | None) -> dict[str, Any]:
    here = document is not None and document.uri == entry.uri
    return {
        "kind": entry.kind.value,
        "uri": entry.uri,
        "range": document.lsp_range(entry.range) if document is not None and here else None,
        "lines": entry.lines,
        "tokens": entry.tokens,
        "why": entry.why,
    }


def _policy(outcome: Outcome, document: TextDocument | None) -> dict[str, Any] | None:
    if isinstance(outcome, Completed) and outcome.review is not None:
        return {
            "ruleId": outcome.review.rule,
            "title": say("policy.review_label").title,
            "byGateway": False,
            "owner": outcome.review.owner or None,
            "appealUrl": outcome.review.url or None,
            "findings": [],
        }
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
