"""What a refusal in OpenAI's shape means. The gateway's message is searched and never kept.

Status codes alone do not tell: the code and type of the error come first, the status last.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ..domain.budget import Scope
from ..domain.failure import Failure, FailureKind, RuleHit
from .limits import moment
from .profile import Reply
from .retry_delay import retry_delay
from .untrusted import MAX_TEXT, count, items, mapping, number, parsed, text

MAX_HITS = 100
_LONGEST_MESSAGE = 4_000

_OWN_CODES = {
    kind.value: kind
    for kind in FailureKind
    if kind not in (FailureKind.UNKNOWN, FailureKind.OFFLINE)
}
"""A gateway that speaks the neutral contract names our kinds itself."""

_CODES = {
    "context_length_exceeded": FailureKind.CONTEXT_EXCEEDED,
    "exceed_context_size_error": FailureKind.CONTEXT_EXCEEDED,
    "string_above_max_length": FailureKind.CONTEXT_EXCEEDED,
    "invalid_api_key": FailureKind.AUTH_INVALID,
    "authentication_error": FailureKind.AUTH_INVALID,
    "token_expired": FailureKind.AUTH_EXPIRED,
    "expired_key": FailureKind.AUTH_EXPIRED,
    "model_not_found": FailureKind.AUTH_MODEL_DENIED,
    "insufficient_quota": FailureKind.BUDGET_EXCEEDED,
    "billing_hard_limit_reached": FailureKind.BUDGET_EXCEEDED,
    "budget_exceeded": FailureKind.BUDGET_EXCEEDED,
    "rate_limit_exceeded": FailureKind.LIMIT_VENDOR,
    "content_filter": FailureKind.POLICY_BLOCKED,
    "content_policy_violation": FailureKind.POLICY_BLOCKED,
    "hooks_failed": FailureKind.POLICY_BLOCKED,
    "not_supported_error": FailureKind.CAPABILITY_MISSING,
    "unsupported_parameter": FailureKind.CAPABILITY_MISSING,
    "timeout_error": FailureKind.UPSTREAM_TIMEOUT,
    "unavailable_error": FailureKind.UPSTREAM_DOWN,
}
"""Codes and types of OpenAI, and of servers that follow its shape."""

_STATUSES = {
    401: FailureKind.AUTH_INVALID,
    402: FailureKind.BUDGET_EXCEEDED,
    404: FailureKind.CAPABILITY_MISSING,
    408: FailureKind.UPSTREAM_TIMEOUT,
    413: FailureKind.CONTEXT_EXCEEDED,
    446: FailureKind.POLICY_BLOCKED,
    501: FailureKind.CAPABILITY_MISSING,
    504: FailureKind.UPSTREAM_TIMEOUT,
    511: FailureKind.UPSTREAM_DOWN,
}
"""What a status says when the body says nothing."""

_CONTEXT_NUMBERS = re.compile(
    r"maximum context length is (\d{1,9}) tokens.{0,80}?(?:resulted in|requested) (\d{1,9}) tokens"
)
_NO_SUFFIX = re.compile(r"suffix.{0,40}not.{0,20}supported|not supported in the v1/completions")


def classify(reply: Reply, now: float, unnamed_limit: FailureKind) -> Failure:
    """The failure `reply` stands for; what is not recognised stays unknown, with its status.

    Args:
        reply: an answer that is no completion, or an error inside a stream.
        now: wall-clock seconds.
        unnamed_limit: whose limit a 429 means that does not say it.
    """
    error, message = _error(reply.body)
    code, type_ = error.get("code"), error.get("type")
    kind = _named(code) or _named(type_) or _by_status(reply, message, unnamed_limit)
    extra = mapping(error.get("sidelight"))
    facts = _facts(extra, now)
    if kind is FailureKind.CONTEXT_EXCEEDED:
        facts = _context_numbers(error, message) | facts
    if code in ("insufficient_quota", "billing_hard_limit_reached"):
        facts.setdefault("scope", Scope.ORG.value)
    return Failure(
        kind,
        reply.status,
        retry_delay(reply.headers, message, now),
        _hits(extra),
        facts,
    )


def _error(body: bytes) -> tuple[Mapping[str, Any], str]:
    """The error object and its message; a gateway may write the message alone."""
    document = mapping(parsed(body))
    said = document.get("error", document)
    if isinstance(said, str):
        return {}, said[:_LONGEST_MESSAGE]
    error = mapping(said)
    message = error.get("message")
    return error, message[:_LONGEST_MESSAGE] if isinstance(message, str) else ""


def _named(code: Any) -> FailureKind | None:
    if not isinstance(code, str):
        return None
    return _OWN_CODES.get(code) or _CODES.get(code)


def _by_status(reply: Reply, message: str, unnamed_limit: FailureKind) -> FailureKind:
    status = reply.status
    if status is None or status < 400 or status >= 500:  # noqa: PLR2004  the classes of RFC 9110 §15
        # A redirect to a login page, a captive portal's 200, an error in a stream without a name.
        return _STATUSES.get(status or 0, FailureKind.UPSTREAM_DOWN)
    if status == 429:  # noqa: PLR2004  Too Many Requests, RFC 6585 §4
        return unnamed_limit
    if status == 401 and 'error="invalid_token"' in reply.headers.get("www-authenticate", ""):  # noqa: PLR2004
        # RFC 6750 §3.1: expired, revoked or malformed; renewing once tells which.
        return FailureKind.AUTH_EXPIRED
    if status == 401 and "html" in reply.headers.get("content-type", ""):  # noqa: PLR2004
        # A proxy's own page; the gateway has said nothing about the key.
        return FailureKind.UNKNOWN
    if _NO_SUFFIX.search(message):
        return FailureKind.CAPABILITY_MISSING
    return _STATUSES.get(status, FailureKind.UNKNOWN)


def _facts(extra: Mapping[str, Any], now: float) -> dict[str, str | int | float]:
    """The neutral contract's facts for the sentence, each with the type it must have."""
    readers: dict[str, Callable[[Any], str | float | None]] = {
        "limit": number,
        "used": number,
        "got": number,
        "resets_at": lambda value: moment(value, now),
    }
    for name in ("scope", "unit", "model", "rule", "title", "why", "contact", "appeal_url"):
        readers[name] = text
    read = {name: reader(extra[name]) for name, reader in readers.items() if name in extra}
    return {name: value for name, value in read.items() if value is not None and value != ""}


def _context_numbers(error: Mapping[str, Any], message: str) -> dict[str, str | int | float]:
    """How much the model takes and what it got, where the error says it."""
    limit, got = count(error.get("n_ctx")), count(error.get("n_prompt_tokens"))
    found = _CONTEXT_NUMBERS.search(message)
    if limit is None and found is not None:
        limit, got = int(found[1]), int(found[2])
    return {name: n for name, n in (("limit", limit), ("got", got)) if n is not None}


def _hits(extra: Mapping[str, Any]) -> tuple[RuleHit, ...]:
    hits: list[RuleHit] = []
    for finding in map(mapping, items(extra.get("findings"), MAX_HITS)):
        start, end = count(finding.get("start")), count(finding.get("end"))
        rule, part = text(finding.get("rule"), MAX_TEXT), finding.get("part")
        if rule and part in ("prefix", "suffix") and start is not None and end is not None:
            hits.append(RuleHit(rule, part, start, end))
    return tuple(hits)
