"""Whose limit a refusal means: the developer's, the team's, the organisation's or the vendor's."""

from __future__ import annotations

import re

from ..domain.failure import FailureKind
from ..domain.spending.budget import Scope
from .signs import Signs

_KINDS = {
    Scope.USER: FailureKind.LIMIT_USER,
    Scope.TEAM: FailureKind.LIMIT_TEAM,
    Scope.ORG: FailureKind.LIMIT_ORG,
    Scope.VENDOR: FailureKind.LIMIT_VENDOR,
}

NAMES = frozenset(
    (
        "throttling_error",
        "rate_limited",
        "request_limited",
        "token_limited",
        "too_many_requests",
        "rate_limit",
        "request_limit_exceeded",
    )
)
"""Names for "a limit" that do not say whose."""
VENDOR_NAMES = frozenset(
    ("rate_limit_exceeded", "rate_limit_error", "resource_exhausted", "throttlingexception")
)
"""Names that OpenAI, Anthropic, Google and Amazon use for their own."""

_USER = (
    r"team[_ ]?member|api[_ ]?key|virtual[_ ]?key|\bkey\b|user|customer|consumer|developer"
    r"|subscription|application|credential|client|ip\b|caller|you\b"
)
_OWNERS = (
    (Scope.USER, _USER),
    (Scope.TEAM, r"team|project|group|department|workspace|tenant|namespace"),
    (Scope.ORG, r"organi[sz]ation|\borg\b|account|company|global|proxy|gateway"),
)
_NAMED = re.compile(
    r"(?:limits? (?:was |has been |is )?(?:exceeded|reached|hit|violated)? ?(?:for|by|on|of)"
    r"(?: the| this| your)?|limit type ?=|limited:?) ?['\"]?([a-z_ ]{2,40})"
)
"""LiteLLM's "Rate limit exceeded for api_key: …", "Hit limit for team: …", and their like."""
_OF_ONE = re.compile(
    r"\b(user|team|key|consumer|organi[sz]ation|project|customer|global)(?:.s)?"
    r"[ _-](?:rate|request|token|usage|quota|tpm|rpm)"
)
_VENDOR = re.compile(
    r"exception -|no deployments available|rate limit reached for .{0,80} in organization"
    r"|(?:openai|anthropic|azure|bedrock|vertex\w*|mistral|cohere|groq|provider|vendor|upstream"
    r"|backend|model provider) (?:error|rate|is rate|throttl|limit|quota)"
    r"|service tier capacity|your organi[sz]ation.s? rate|all .{0,30}(?:cooling down|cooldown)"
)


def limit_kind(seen: Signs, unnamed: FailureKind) -> FailureKind:
    """The kind for a limit; `unnamed` where the answer does not say whose it is."""
    if _VENDOR.search(seen.message):
        return FailureKind.LIMIT_VENDOR
    owner = limit_scope(seen.message)
    if owner is not None:
        return _KINDS[owner]
    if any(name.startswith("llm_provider-") for name in seen.headers):
        # LiteLLM passes the vendor's own headers on under this name.
        return FailureKind.LIMIT_VENDOR
    if VENDOR_NAMES & set(seen.names):
        return FailureKind.LIMIT_VENDOR
    return unnamed


def limit_scope(message: str) -> Scope | None:
    """Whose limit the message names, or None."""
    for pattern in (_NAMED, _OF_ONE):
        for found in pattern.finditer(message):
            for scope, owner in _OWNERS:
                if re.match(rf"(?:[a-z]+[_ ])?(?:{owner})", found[1].strip()):
                    return scope
    return None
