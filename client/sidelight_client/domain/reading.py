"""From a gateway failure to the outcome of the request: the one place that decides what it means."""

from __future__ import annotations

from typing import assert_never

from .completion import (
    Blocked,
    CompletionRequest,
    Finding,
    Limited,
    Outcome,
    Unauthorized,
    UnauthorizedReason,
    Unavailable,
    UnavailableReason,
)
from .failure import Failure, FailureKind, RuleHit
from .spending.budget import Scope
from .window import PartKind, Window

_SCOPES = {
    FailureKind.LIMIT_USER: Scope.USER,
    FailureKind.LIMIT_TEAM: Scope.TEAM,
    FailureKind.LIMIT_ORG: Scope.ORG,
    FailureKind.LIMIT_VENDOR: Scope.VENDOR,
}


def outcome_of(failure: Failure, request: CompletionRequest, now: float) -> Outcome:
    """What a failed request means for the person."""
    kind = failure.kind
    trace_id = request.trace_id
    retry_at = None if failure.retry_delay_s is None else now + failure.retry_delay_s
    match kind:
        case FailureKind.POLICY_BLOCKED:
            return _blocked(failure, request)
        case FailureKind.REPO_PROHIBITED:
            return Blocked(
                trace_id,
                rule=_text(failure, "rule"),
                title=_text(failure, "title"),
                why=_text(failure, "why"),
                owner=_text(failure, "contact"),
                by_gateway=False,
            )
        case (
            FailureKind.LIMIT_USER
            | FailureKind.LIMIT_TEAM
            | FailureKind.LIMIT_ORG
            | FailureKind.LIMIT_VENDOR
            | FailureKind.BUDGET_EXCEEDED
        ):
            said = failure.facts.get("scope")
            scope = _SCOPES.get(kind) or (Scope(said) if said in set(Scope) else Scope.USER)
            return Limited(
                trace_id,
                scope,
                unit=_text(failure, "unit") or "requests",
                limit=_number(failure, "limit"),
                used=_number(failure, "used"),
                resets_at=_number(failure, "resets_at") or retry_at,
            )
        case FailureKind.AUTH_EXPIRED:
            return Unauthorized(trace_id, UnauthorizedReason.RENEWING)
        case FailureKind.AUTH_INVALID:
            return Unauthorized(trace_id, UnauthorizedReason.KEY_UNKNOWN)
        case FailureKind.AUTH_MODEL_DENIED:
            return Unauthorized(trace_id, UnauthorizedReason.MODEL_DENIED, _text(failure, "model"))
        case FailureKind.POLICY_UNAVAILABLE:
            return Unavailable(trace_id, UnavailableReason.SCANNER_DOWN, retry_at, failure.status)
        case FailureKind.CONTEXT_EXCEEDED:
            return Unavailable(trace_id, UnavailableReason.CONTEXT_TOO_LARGE, None, failure.status)
        case FailureKind.OFFLINE:
            return Unavailable(trace_id, UnavailableReason.OFFLINE, retry_at)
        case FailureKind.UPSTREAM_TIMEOUT:
            return Unavailable(trace_id, UnavailableReason.DEADLINE, retry_at, failure.status)
        case FailureKind.UPSTREAM_DOWN:
            return Unavailable(trace_id, UnavailableReason.GATEWAY_DOWN, retry_at, failure.status)
        case FailureKind.CAPABILITY_MISSING | FailureKind.UNKNOWN:
            return Unavailable(trace_id, UnavailableReason.REFUSED, retry_at, failure.status)
        case _:
            assert_never(kind)


def _blocked(failure: Failure, request: CompletionRequest) -> Blocked:
    findings = tuple(
        finding for hit in failure.hits if (finding := _finding(hit, request.window)) is not None
    )
    return Blocked(
        request.trace_id,
        rule=_text(failure, "rule") or (failure.hits[0].rule if failure.hits else ""),
        title=_text(failure, "title"),
        why=_text(failure, "why"),
        findings=findings,
        owner=_text(failure, "contact"),
        appeal_url=_text(failure, "appeal_url"),
    )


def _finding(hit: RuleHit, window: Window) -> Finding | None:
    if hit.part not in set(PartKind):
        return None
    kind = PartKind(hit.part)
    place = window.locate(kind, hit.start, hit.end)
    if place is None:
        return None
    uri, where = place
    return Finding(hit.rule, uri, where, mask(window.text(kind)[hit.start : hit.end]))


SHORTEST_SAMPLE = 5
"""A match shorter than this is hidden whole."""


def mask(text: str) -> str:
    """`text` with every letter and digit hidden but the last two: shape without content."""
    shown = (
        [i for i, c in enumerate(text) if c.isalnum()][-2:] if len(text) >= SHORTEST_SAMPLE else []
    )
    return "".join(c if i in shown or not c.isalnum() else "•" for i, c in enumerate(text))


def _text(failure: Failure, name: str) -> str:
    value = failure.facts.get(name)
    return "" if value is None else str(value)


def _number(failure: Failure, name: str) -> float | None:
    value = failure.facts.get(name)
    return float(value) if isinstance(value, (int, float)) else None
