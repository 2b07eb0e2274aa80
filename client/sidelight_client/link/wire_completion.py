"""How a completion request and its outcome travel over the local socket."""

from __future__ import annotations

import string
from dataclasses import asdict
from typing import assert_never

from ..domain.answers.filters import FilterReason
from ..domain.completion import (
    Blocked,
    Completed,
    CompletionRequest,
    Finding,
    Limited,
    Outcome,
    ReviewLabel,
    Source,
    SourceKind,
    Tier,
    TierReason,
    Timings,
    TokenUse,
    Trigger,
    Unauthorized,
    UnauthorizedReason,
    Unavailable,
    UnavailableReason,
)
from ..domain.place import Document, Position, Range
from ..domain.spending.budget import Scope
from ..domain.window import Cut, CutReason, Part, PartKind, Window
from .frames import (
    Json,
    flag,
    integer,
    malformed,
    member,
    milliseconds,
    optional_integer,
    optional_number,
    optional_seconds,
    optional_text,
    seconds,
    section,
    sections,
    text,
    texts,
)

_TRACE_ID_DIGITS = 32


def trace_id_of(data: Json) -> str:
    """32 lower-case hex digits (W3C Trace Context §3.2.2.3). Raises WireError."""
    value = text(data, "trace_id")
    if len(value) != _TRACE_ID_DIGITS or not set(value) <= set(string.hexdigits.lower()):
        raise malformed("trace_id must be 32 hex digits")
    return value


def request_to_json(request: CompletionRequest) -> Json:
    """A request as it travels."""
    return {
        "trace_id": request.trace_id,
        "document": {
            "uri": request.document.uri,
            "language": request.document.language,
            "repository": request.document.repository,
        },
        "window": {
            "parts": [
                {
                    "kind": part.kind.value,
                    "uri": part.uri,
                    "range": _range_to_json(part.range),
                    "text": part.text,
                    "why": part.why,
                }
                for part in request.window.parts
            ],
            "cuts": [
                {
                    "uri": cut.uri,
                    "lines": cut.lines,
                    "why": cut.why.value,
                    "range": None if cut.range is None else _range_to_json(cut.range),
                }
                for cut in request.window.cuts
            ],
        },
        "tier": request.tier.value,
        "trigger": request.trigger.value,
        "max_tokens": request.max_tokens,
        "max_lines": request.max_lines,
        "client": request.client,
        "tier_reasons": [reason.value for reason in request.tier_reasons],
        "redact": request.redact,
    }


def request_from_json(data: Json) -> CompletionRequest:
    """The request `data` tells of. Raises WireError."""
    document = section(data, "document")
    window = section(data, "window")
    return CompletionRequest(
        trace_id=trace_id_of(data),
        document=Document(
            text(document, "uri"), text(document, "language"), optional_text(document, "repository")
        ),
        window=Window(sections(window, "parts", _part), sections(window, "cuts", _cut)),
        tier=member(data, "tier", Tier),
        trigger=member(data, "trigger", Trigger),
        max_tokens=integer(data, "max_tokens", minimum=1),
        max_lines=integer(data, "max_lines", minimum=1),
        client=text(data, "client", ""),
        tier_reasons=_tier_reasons(data),
        redact=flag(data, "redact"),
    )


def outcome_to_json(outcome: Outcome) -> Json:
    """An outcome as it travels; `outcome` names the member of the union."""
    match outcome:
        case Completed():
            return {
                "outcome": "completed",
                "trace_id": outcome.trace_id,
                "texts": list(outcome.texts),
                "source": {"kind": outcome.source.kind.value, "label": outcome.source.label},
                "tier": outcome.tier.value,
                "timings": {
                    "queue_ms": milliseconds(outcome.timings.queue_s),
                    "gateway_ms": milliseconds(outcome.timings.gateway_s),
                    "first_ms": milliseconds(outcome.timings.first_s),
                    "total_ms": milliseconds(outcome.timings.total_s),
                },
                "tokens": {
                    "prompt": outcome.tokens.prompt,
                    "cached": outcome.tokens.cached,
                    "output": outcome.tokens.output,
                },
                "model": outcome.model,
                "notes": list(outcome.notes),
                "review": None if outcome.review is None else asdict(outcome.review),
                "filtered": None if outcome.filtered is None else outcome.filtered.value,
                "tier_reasons": [reason.value for reason in outcome.tier_reasons],
            }
        case Blocked():
            return {
                "outcome": "blocked",
                "trace_id": outcome.trace_id,
                "rule": outcome.rule,
                "title": outcome.title,
                "why": outcome.why,
                "findings": [
                    {
                        "rule": finding.rule,
                        "uri": finding.uri,
                        "range": _range_to_json(finding.range),
                        "masked": finding.masked,
                    }
                    for finding in outcome.findings
                ],
                "owner": outcome.owner,
                "appeal_url": outcome.appeal_url,
                "by_gateway": outcome.by_gateway,
                "local_only": outcome.local_only,
            }
        case Limited():
            return {
                "outcome": "limited",
                "trace_id": outcome.trace_id,
                "scope": outcome.scope.value,
                "unit": outcome.unit,
                "limit": outcome.limit,
                "used": outcome.used,
                "resets_at": outcome.resets_at,
            }
        case Unavailable():
            return {
                "outcome": "unavailable",
                "trace_id": outcome.trace_id,
                "reason": outcome.reason.value,
                "retry_at": outcome.retry_at,
                "status": outcome.status,
            }
        case Unauthorized():
            return {
                "outcome": "unauthorized",
                "trace_id": outcome.trace_id,
                "reason": outcome.reason.value,
                "detail": outcome.detail,
            }
        case _:
            assert_never(outcome)


def outcome_from_json(data: Json) -> Outcome:
    """The outcome `data` tells of. Raises WireError, also for a member this version lacks."""
    trace_id = trace_id_of(data)
    match data.get("outcome"):
        case "completed":
            return _completed(data, trace_id)
        case "blocked":
            return Blocked(
                trace_id,
                rule=text(data, "rule"),
                title=text(data, "title"),
                why=text(data, "why"),
                findings=sections(data, "findings", _finding),
                owner=text(data, "owner", ""),
                appeal_url=text(data, "appeal_url", ""),
                by_gateway=flag(data, "by_gateway"),
                local_only="local_only" in data and flag(data, "local_only"),
            )
        case "limited":
            return Limited(
                trace_id,
                scope=member(data, "scope", Scope),
                unit=text(data, "unit"),
                limit=optional_number(data, "limit"),
                used=optional_number(data, "used"),
                resets_at=optional_number(data, "resets_at"),
            )
        case "unavailable":
            return Unavailable(
                trace_id,
                reason=member(data, "reason", UnavailableReason),
                retry_at=optional_number(data, "retry_at"),
                status=optional_integer(data, "status"),
            )
        case "unauthorized":
            return Unauthorized(
                trace_id,
                reason=member(data, "reason", UnauthorizedReason),
                detail=text(data, "detail", ""),
            )
        case _:
            raise malformed("outcome is not one of the five")


def _completed(data: Json, trace_id: str) -> Completed:
    source, timings, tokens = (
        section(data, "source"),
        section(data, "timings"),
        section(data, "tokens"),
    )
    return Completed(
        trace_id,
        texts=texts(data, "texts"),
        source=Source(member(source, "kind", SourceKind), text(source, "label")),
        tier=member(data, "tier", Tier),
        timings=Timings(
            queue_s=seconds(timings, "queue_ms"),
            gateway_s=seconds(timings, "gateway_ms"),
            first_s=optional_seconds(timings, "first_ms"),
            total_s=seconds(timings, "total_ms"),
        ),
        tokens=TokenUse(
            optional_integer(tokens, "prompt"),
            optional_integer(tokens, "cached"),
            optional_integer(tokens, "output"),
        ),
        model=text(data, "model", ""),
        notes=_some_texts(data, "notes"),
        review=_review(section(data, "review")) if data.get("review") else None,
        filtered=member(data, "filtered", FilterReason) if data.get("filtered") else None,
        tier_reasons=_tier_reasons(data),
    )


def _review(data: Json) -> ReviewLabel:
    return ReviewLabel(
        text(data, "rule"), text(data, "why", ""), text(data, "owner", ""), text(data, "url", "")
    )


def _tier_reasons(data: Json) -> tuple[TierReason, ...]:
    """The reasons this version knows; a newer one may give others."""
    known = set(TierReason)
    return tuple(TierReason(one) for one in _some_texts(data, "tier_reasons") if one in known)


def _some_texts(data: Json, name: str) -> tuple[str, ...]:
    return texts(data, name) if name in data else ()


def _part(data: Json) -> Part:
    return Part(
        member(data, "kind", PartKind),
        text(data, "uri"),
        _range(data),
        text(data, "text"),
        text(data, "why", ""),
    )


def _cut(data: Json) -> Cut:
    where = _range(data) if data.get("range") is not None else None
    return Cut(text(data, "uri"), integer(data, "lines"), member(data, "why", CutReason), where)


def _finding(data: Json) -> Finding:
    return Finding(text(data, "rule"), text(data, "uri"), _range(data), text(data, "masked"))


def _range_to_json(where: Range) -> Json:
    return {
        "start": {"line": where.start.line, "character": where.start.character},
        "end": {"line": where.end.line, "character": where.end.character},
    }


def _range(data: Json) -> Range:
    where = section(data, "range")
    return Range(_position(section(where, "start")), _position(section(where, "end")))


def _position(data: Json) -> Position:
    return Position(integer(data, "line"), integer(data, "character"))


__all__ = [
    "outcome_from_json",
    "outcome_to_json",
    "request_from_json",
    "request_to_json",
    "trace_id_of",
]
