"""What a refusal means, whichever gateway it comes from. Its message is searched and never kept.

Status codes alone do not tell: what the gateway names comes first, then what it says, and the
status last. What no gateway means differently is understood in every profile.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..domain.failure import Failure, FailureKind, RuleHit
from .limit_owner import NAMES as LIMIT_NAMES
from .limit_owner import VENDOR_NAMES, limit_kind
from .profile import Reply
from .retry_delay import retry_delay
from .said_facts import facts, neutral_facts
from .signs import Signs, signs
from .untrusted import MAX_TEXT, count, items, mapping, text
from .wording import WORDINGS, Wording, meant

MAX_HITS = 100

K = FailureKind

_OWN_CODES = {kind.value: kind for kind in K if kind not in (K.UNKNOWN, K.OFFLINE)}
"""A gateway that speaks the neutral contract names our kinds itself."""

_NAMES: dict[str, FailureKind] = {
    # OpenAI, and servers that follow its shape
    "context_length_exceeded": K.CONTEXT_EXCEEDED,
    "exceed_context_size_error": K.CONTEXT_EXCEEDED,
    "string_above_max_length": K.CONTEXT_EXCEEDED,
    "request_too_large": K.CONTEXT_EXCEEDED,
    "invalid_api_key": K.AUTH_INVALID,
    "authentication_error": K.AUTH_INVALID,
    "invalid_authentication": K.AUTH_INVALID,
    "unauthenticated": K.AUTH_INVALID,
    "token_expired": K.AUTH_EXPIRED,
    "expired_key": K.AUTH_EXPIRED,
    "expired_token": K.AUTH_EXPIRED,
    "jwt_expired": K.AUTH_EXPIRED,
    "model_not_found": K.AUTH_MODEL_DENIED,
    "invalid_model": K.AUTH_MODEL_DENIED,
    "model_not_allowed": K.AUTH_MODEL_DENIED,
    "deploymentnotfound": K.AUTH_MODEL_DENIED,
    "insufficient_quota": K.BUDGET_EXCEEDED,
    "billing_hard_limit_reached": K.BUDGET_EXCEEDED,
    "budget_exceeded": K.BUDGET_EXCEEDED,
    "billing_error": K.BUDGET_EXCEEDED,
    "quotaexceeded": K.BUDGET_EXCEEDED,
    "content_filter": K.POLICY_BLOCKED,
    "content_policy_violation": K.POLICY_BLOCKED,
    "responsibleaipolicyviolation": K.POLICY_BLOCKED,
    "hooks_failed": K.POLICY_BLOCKED,
    "guardrail_intervened": K.POLICY_BLOCKED,
    "not_supported_error": K.CAPABILITY_MISSING,
    "unsupported_parameter": K.CAPABILITY_MISSING,
    "unsupported_value": K.CAPABILITY_MISSING,
    "timeout_error": K.UPSTREAM_TIMEOUT,
    "deadline_exceeded": K.UPSTREAM_TIMEOUT,
    "unavailable_error": K.UPSTREAM_DOWN,
    "overloaded_error": K.UPSTREAM_DOWN,
    # LiteLLM
    "token_not_found_in_db": K.AUTH_INVALID,
    "auth_error": K.AUTH_INVALID,
    "key_model_access_denied": K.AUTH_MODEL_DENIED,
    "team_model_access_denied": K.AUTH_MODEL_DENIED,
    "user_model_access_denied": K.AUTH_MODEL_DENIED,
    "org_model_access_denied": K.AUTH_MODEL_DENIED,
    "project_model_access_denied": K.AUTH_MODEL_DENIED,
}
"""Codes and types that mean one thing wherever they come from, in lower case."""

_STATUSES: dict[int, FailureKind] = {
    401: K.AUTH_INVALID,
    402: K.BUDGET_EXCEEDED,
    404: K.CAPABILITY_MISSING,
    405: K.CAPABILITY_MISSING,
    408: K.UPSTREAM_TIMEOUT,
    413: K.CONTEXT_EXCEEDED,
    446: K.POLICY_BLOCKED,
    501: K.CAPABILITY_MISSING,
    504: K.UPSTREAM_TIMEOUT,
    524: K.UPSTREAM_TIMEOUT,
    598: K.UPSTREAM_TIMEOUT,
}
"""What a status says when nothing else does. 524 is Cloudflare's timeout, 446 Portkey's and WSO2's."""

_WITHOUT_DELAY = frozenset(
    (
        K.AUTH_EXPIRED,
        K.AUTH_INVALID,
        K.AUTH_MODEL_DENIED,
        K.POLICY_BLOCKED,
        K.CONTEXT_EXCEEDED,
        K.CAPABILITY_MISSING,
        K.REPO_PROHIBITED,
    )
)
"""The same request would be refused again however long one waits."""
_LIMITS = frozenset((K.LIMIT_USER, K.LIMIT_TEAM, K.LIMIT_ORG, K.LIMIT_VENDOR, K.BUDGET_EXCEEDED))

_RATHER_THAN_INVALID = tuple(
    wording
    for wording in WORDINGS
    if wording.kind in (K.BUDGET_EXCEEDED, K.AUTH_EXPIRED, K.AUTH_MODEL_DENIED)
)
"""Gateways call everything that goes wrong with a key an authentication error."""
_VENDORS_KEY = re.compile(r"litellm\.authenticationerror|exception -.{0,80}(?:api key|auth)")
_RATE = re.compile(r"rate.?limit|too many requests|throttl|limit exceeded for")
_TOO_MANY = 429
_SERVER_ERRORS = 500


@dataclass(frozen=True, slots=True)
class Dialect:
    """In what one gateway's answers mean something that another's do not.

    Attributes:
        unnamed_limit: whose limit a 429 means that does not say it.
        names: codes and types, in lower case; they come before the common ones.
        statuses: they come before the common ones.
        wordings: they come before everything but the neutral names.
    """

    unnamed_limit: FailureKind = K.LIMIT_VENDOR
    names: Mapping[str, FailureKind] = field(default_factory=dict[str, FailureKind])
    statuses: Mapping[int, FailureKind] = field(default_factory=dict[int, FailureKind])
    wordings: tuple[Wording, ...] = ()


def classify(reply: Reply, now: float, dialect: Dialect) -> Failure:
    """The failure `reply` stands for; what is not recognised stays unknown, with its status.

    Args:
        reply: an answer that is no completion, or an error inside a stream.
        now: wall-clock seconds.
        dialect: what is special about the gateway.
    """
    seen = signs(reply)
    kind = _kind(seen, dialect)
    extra = mapping(seen.error.get("sidelight"))
    told = facts(kind, seen, now) | neutral_facts(extra, now)
    delay = None
    if kind not in _WITHOUT_DELAY:
        delay = retry_delay(reply.headers, seen.raw, now, windows=kind in _LIMITS)
    return Failure(kind, reply.status, delay, _hits(extra), told)


def _kind(seen: Signs, dialect: Dialect) -> FailureKind:
    own = next((_OWN_CODES[name] for name in seen.names if name in _OWN_CODES), None)
    if own is not None:
        return own
    if seen.page:
        return _by_status(seen, dialect)
    if (special := meant(dialect.wordings, seen)) is not None:
        return special
    if seen.status in (None, 401) and _VENDORS_KEY.search(seen.message):
        # The vendor refused the gateway's own key: no sign-in of a person can mend that.
        return K.UPSTREAM_DOWN
    if _guardrail_spoke(seen) and (seen.status or 0) < _SERVER_ERRORS:
        return K.POLICY_BLOCKED
    if (named := _named(seen, dialect)) is not None:
        return named
    if _limited(seen):
        said = meant((w for w in WORDINGS if w.kind is K.BUDGET_EXCEEDED), seen)
        return said or limit_kind(seen, dialect.unnamed_limit)
    if (said := meant(WORDINGS, seen)) is not None:
        return said
    return _by_status(seen, dialect)


def _named(seen: Signs, dialect: Dialect) -> FailureKind | None:
    for name in seen.names:
        kind = dialect.names.get(name) or _NAMES.get(name)
        if kind is K.AUTH_INVALID:
            if seen.status not in (None, 400, 401, 403):
                continue  # A limit, or what checks the keys is broken: nothing about this key.
            return meant(_RATHER_THAN_INVALID, seen) or kind
        if kind is not None:
            return kind
    return None


def _guardrail_spoke(seen: Signs) -> bool:
    """Whether a guardrail describes its refusal, in any of the shapes for it."""
    for place in (mapping(seen.error.get("provider_specific_fields")), seen.details):
        if {"guardrail_name", "guardrail", "guardrail_mode"} & place.keys():
            return True
    hooks = mapping(seen.document.get("hook_results"))
    denied = (
        mapping(hook).get("deny") is True
        for when in ("before_request_hooks", "after_request_hooks")
        for hook in items(hooks.get(when), 20)
    )
    return (
        any(denied)
        or "interveningGuardrail" in seen.error
        or "content_filter_result" in mapping(seen.error.get("innererror"))
    )


def _by_status(seen: Signs, dialect: Dialect) -> FailureKind:
    status = seen.status
    if status == _TOO_MANY:
        return dialect.unnamed_limit
    if status is None:
        # A redirect to a login page, a captive portal's 200, an error in a stream without a name.
        return K.UPSTREAM_DOWN
    if status in dialect.statuses:
        return dialect.statuses[status]
    if status == 401:  # noqa: PLR2004  Unauthorized, RFC 9110 §15.5.2
        return _unauthorized(seen)
    if status < 400 or status >= _SERVER_ERRORS:  # noqa: PLR2004  the classes of RFC 9110 §15
        timed_out = re.search(r"time-?out|timed out", seen.page_title) is not None
        return K.UPSTREAM_TIMEOUT if timed_out else _STATUSES.get(status, K.UPSTREAM_DOWN)
    if seen.page and status not in (408, 413, 446):
        # A proxy's own page; the gateway has said nothing.
        return K.UNKNOWN
    return _STATUSES.get(status, K.UNKNOWN)


def _limited(seen: Signs) -> bool:
    if seen.status == _TOO_MANY or (LIMIT_NAMES | VENDOR_NAMES) & set(seen.names):
        return True
    return seen.status is None and _RATE.search(seen.message) is not None


def _unauthorized(seen: Signs) -> FailureKind:
    if 'error="invalid_token"' in seen.headers.get("www-authenticate", ""):
        # RFC 6750 §3.1: expired, revoked or malformed; renewing once tells which.
        return K.AUTH_EXPIRED
    if seen.page:
        # A proxy's own page; the gateway has said nothing about the key.
        return K.UNKNOWN
    return K.AUTH_INVALID


def _hits(extra: Mapping[str, Any]) -> tuple[RuleHit, ...]:
    hits: list[RuleHit] = []
    for finding in map(mapping, items(extra.get("findings"), MAX_HITS)):
        start, end = count(finding.get("start")), count(finding.get("end"))
        rule, part = text(finding.get("rule"), MAX_TEXT), finding.get("part")
        if rule and part in ("prefix", "suffix") and start is not None and end is not None:
            hits.append(RuleHit(rule, part, start, end))
    return tuple(hits)
