"""The shapes of our own messages, in the notation of the protocol's model; a short form is expanded.

Short form: "string|null" names base types and structures, `{"key": …, "key?": …}` is an object whose
`?` keys may be missing, `[…]` a list, and a tuple of words the only words allowed.
"""

from __future__ import annotations

from typing import Any

_BASE = {"string", "integer", "uinteger", "decimal", "boolean", "null", "URI", "DocumentUri"}

COMMAND = "Command"
RANGE = "Range|null"

LIMIT = {
    "scope": ("user", "team", "org", "vendor"),
    "unit": ("requests", "tokens", "cost"),
    "used": "decimal|null",
    "limit": "decimal|null",
    "windowSec": "decimal",
    "resetAt": "decimal|null",
    "soft": "boolean",
    "asOf": "decimal|null",
}

STATUS = {
    "v": "integer",
    "state": (
        *("ready", "busy", "slow", "throttled", "blocked"),
        *("offline", "degraded", "signedOut", "paused"),
    ),
    "severity": ("info", "warning", "error"),
    "code": "string|null",
    "summary": "string",
    "detail": "string",
    "since": "decimal|null",
    "retryAt": "decimal|null",
    "auth": {
        "state": ("signed_out", "fresh", "stale", "expired", "needs_person"),
        "account": "string|null",
        "expiresAt": "decimal|null",
        "nextRefreshAt": "decimal|null",
        "store": "string|null",
    },
    "gateway": {
        "name": "string|null",
        "breaker": ("closed", "open", "half_open"),
        "p50Ms": "decimal|null",
        "p95Ms": "decimal|null",
        "embedded": "boolean",
    },
    "limits": [LIMIT],
    "actions": [COMMAND],
}

DECISION = {
    "v": "integer",
    "id": "string",
    "traceId": "string",
    "uri": "DocumentUri",
    "outcome": (
        *("shown", "empty", "blocked", "throttled", "timeout"),
        *("stale", "unavailable", "unauthorized"),
    ),
    "reason": "string",
    "cache": ("miss", "exact", "typed", "prefetch"),
    # What follows is there unless nothing was sent.
    "code?": "string|null",
    "title?": "string|null",
    "detail?": "string|null",
    "tier?": ("fast", "standard", "heavy"),
    "tierWhy?": [
        ("typing", "asked", "chosen", "files", "size", "rewrite", "escalated"),
    ],
    "trigger?": ("automatic", "invoked"),
    "source?": "null",
    "ms?": "null",
    "tokens?": "null",
    "context?": {
        "included": [
            {
                "kind": "string",
                "uri": "DocumentUri",
                "range": RANGE,
                "lines": "uinteger",
                "tokens": "uinteger",
                "why": "string",
            }
        ],
        "budget": "uinteger",
        "used": "uinteger",
        "estimated": "boolean",
        "share": "decimal",
        "hint": "string|null",
        "cut": [
            {
                "uri": "DocumentUri",
                "lines": "uinteger",
                "why": ("budget", "policy", "size", "age", "scope", "unrelated"),
            }
        ],
    },
    "policy?": "null",
    "notes?": ["string"],
    "targetMs?": "decimal|null",
    "slowStage?": "string|null",
    "slowText?": "string|null",
}

_COMPLETED = {
    "source?": {"kind": ("workspace", "model", "cache"), "label": "string"},
    "ms?": {
        "context": "decimal",
        "queue": "decimal",
        "gateway": "decimal",
        "first": "decimal|null",
        "total": "decimal",
    },
    "tokens?": {
        "prompt": "uinteger|null",
        "cached": "uinteger|null",
        "output": "uinteger|null",
    },
}

_BLOCKED = {
    "policy?": {
        "ruleId": "string",
        "title": "string",
        "byGateway": "boolean",
        "owner": "string|null",
        "appealUrl": "string|null",
        "findings": [
            {"ruleId": "string", "uri": "DocumentUri", "range": RANGE, "masked": "string"}
        ],
    }
}


def expand(short: Any) -> dict[str, Any]:
    """The model's notation of a short form."""
    if isinstance(short, str):
        names = short.split("|")
        kinds = [{"kind": "base" if n in _BASE else "reference", "name": n} for n in names]
        return kinds[0] if len(kinds) == 1 else {"kind": "or", "items": kinds}
    if isinstance(short, tuple):
        words: tuple[str, ...] = short  # pyright: ignore[reportUnknownVariableType] -- any tuple is words
        return {"kind": "or", "items": [{"kind": "stringLiteral", "value": w} for w in words]}
    if isinstance(short, list):
        (element,) = short  # pyright: ignore[reportUnknownVariableType] -- a list has one short form
        return {"kind": "array", "element": expand(element)}
    keys: dict[str, Any] = short
    properties = [
        {"name": key.removesuffix("?"), "type": expand(kind), "optional": key.endswith("?")}
        for key, kind in keys.items()
    ]
    return {"kind": "literal", "value": {"properties": properties}}


def one_of(*shorts: Any) -> dict[str, Any]:
    """Any of several short forms."""
    return {"kind": "or", "items": [expand(short) for short in shorts]}


def _tells(method: str, params: dict[str, Any]) -> dict[str, Any]:
    return {"method": method, "messageDirection": "serverToClient", "params": params}


OWN: dict[str, Any] = {
    "requests": [],
    "notifications": [
        _tells("$/sidelight/status", expand(STATUS)),
        _tells(
            "$/sidelight/decision",
            one_of(DECISION, DECISION | _COMPLETED, DECISION | _BLOCKED),
        ),
    ],
}
"""Messages no other server has: requests both ways, and notifications."""
