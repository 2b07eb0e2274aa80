"""Limits in response headers, read by whose limits they are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ..domain.spending.budget import Reading, Scope, Unit
from .limits import LONGEST_WINDOW_S, MAX_LIMITS
from .retry_delay import seconds_until
from .untrusted import number

_MINUTE_S = 60.0

_LITELLM_OWN = re.compile(
    r"x-ratelimit-(api_key|model_per_key|user|end_user|customer|team_member|team|model_per_team"
    r"|project|organization)-limit-(requests|tokens)"
)
_LITELLM_SCOPES = {
    "team": Scope.TEAM,
    "model_per_team": Scope.TEAM,
    "project": Scope.TEAM,
    "organization": Scope.ORG,
}
_KONG_WINDOWS = {
    "second": 1.0,
    "minute": _MINUTE_S,
    "hour": 3_600.0,
    "day": 86_400.0,
    "month": 30 * 86_400.0,
    "year": LONGEST_WINDOW_S,
}
_POLICY = re.compile(r'"?([\w-]{0,40})"?\s*;\s*(.{0,120})')
_PARAMETER = re.compile(r"\b([a-z]{1,3})=\"?(\d{1,12})")


def litellm_limits(headers: Mapping[str, str], now: float) -> tuple[Reading, ...]:
    """The developer's and the team's own limits; their windows are one minute.

    LiteLLM's `x-ratelimit-limit-*` are the vendor's and are read as such elsewhere. The budget
    of a key is soft here: the gateway enforces it, and only the gateway knows when it ends.
    """
    found: list[Reading] = []
    for name in list(headers)[:200]:
        match = _LITELLM_OWN.fullmatch(name)
        if match is not None:
            left = number(headers.get(name.replace("-limit-", "-remaining-")))
            scope = _LITELLM_SCOPES.get(match[1], Scope.USER)
            found += _window(scope, Unit(match[2]), headers[name], left, _MINUTE_S, None, now)
    known = {(reading.scope, reading.unit) for reading in found}
    for unit, name in ((Unit.REQUESTS, "rpm"), (Unit.TOKENS, "tpm")):
        limit = headers.get(f"x-litellm-key-{name}-limit", "")
        if limit and (Scope.USER, unit) not in known:
            found += _window(Scope.USER, unit, limit, None, _MINUTE_S, None, now)
    budget, spent = (number(headers.get(f"x-litellm-key-{n}")) for n in ("max-budget", "spend"))
    if budget is not None and budget > 0:
        found.append(
            Reading(
                Scope.USER,
                Unit.COST,
                budget,
                spent,
                LONGEST_WINDOW_S,
                None,
                hard=False,
                source="headers",
            )
        )
    return tuple(found[:MAX_LIMITS])


def kong_limits(headers: Mapping[str, str], now: float) -> tuple[Reading, ...]:
    """`X-RateLimit-{Limit,Remaining}-{Second…Year}` and the three `RateLimit-*` fields.

    `RateLimit-Reset` belongs to the window that `RateLimit-Limit` tells of.
    """
    found: list[Reading] = []
    told = headers.get("ratelimit-limit", "")
    resets_in_s = seconds_until(headers.get("ratelimit-reset", ""), now)
    for name, window_s in _KONG_WINDOWS.items():
        limit = headers.get(f"x-ratelimit-limit-{name}", "")
        left = number(headers.get(f"x-ratelimit-remaining-{name}"))
        reset = resets_in_s if limit == told else None
        found += _window(Scope.USER, Unit.REQUESTS, limit, left, window_s, reset, now)
    if not found and resets_in_s is not None:
        left = number(headers.get("ratelimit-remaining"))
        window_s = max(resets_in_s, 1.0)
        found += _window(Scope.USER, Unit.REQUESTS, told, left, window_s, resets_in_s, now)
    # The tightest window is the one that will be felt first; a purse holds one.
    found.sort(key=lambda reading: reading.limit - (reading.used or 0.0))
    return tuple(found[:1])


def standard_limits(headers: Mapping[str, str], now: float) -> tuple[Reading, ...]:
    """`RateLimit` with `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers from -08)."""
    policies = dict(_parameters(headers.get("ratelimit-policy", "")))
    for name, said in _parameters(headers.get("ratelimit", "")):
        policy = policies.get(name, {})
        limit, left = policy.get("q", said.get("limit")), said.get("r")
        if limit is not None and left is not None:
            window_s = policy.get("w", said.get("t", _MINUTE_S))
            return tuple(
                _window(Scope.USER, Unit.REQUESTS, str(limit), left, window_s, said.get("t"), now)
            )
    return ()


def _parameters(field: str) -> Iterator[tuple[str, dict[str, float]]]:
    for item in field[:1_000].split(",")[:8]:
        match = _POLICY.match(item.strip())
        if match is not None:
            found = _PARAMETER.findall(match[2])
            yield match[1], {name: float(digits) for name, digits in found}


def _window(  # noqa: PLR0917  one reading's own fields, in its order
    scope: Scope,
    unit: Unit,
    limit: str,
    left: float | None,
    window_s: float,
    resets_in_s: float | None,
    now: float,
) -> list[Reading]:
    """One reading, or none where the limit cannot be read. One that is reached always ends."""
    most = number(limit)
    if most is None or most <= 0:
        return []
    window_s = min(max(window_s, 1.0), LONGEST_WINDOW_S)
    used = None if left is None else min(max(most - left, 0.0), most)
    if resets_in_s is None and used is not None and used >= most:
        resets_in_s = window_s
    resets_at = None
    if resets_in_s is not None:
        resets_at = now + min(max(resets_in_s, 0.0), LONGEST_WINDOW_S)
    return [Reading(scope, unit, most, used, window_s, resets_at, source="headers")]
