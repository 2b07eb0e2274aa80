"""Limits as gateways tell them: in a discovery or usage document, and in response headers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..domain.spending.budget import Reading, Scope, Unit
from .retry_delay import seconds_until
from .untrusted import items, mapping, member, number, parsed

MAX_LIMITS = 16
LONGEST_WINDOW_S = 32 * 86_400.0
"""A month; no window is longer, and no reset is later."""


def readings(documents: Any, now: float, source: str) -> tuple[Reading, ...]:
    """A list of `{scope, unit, limit, used, window_s, resets_at, kind}`; what is not valid is left out."""
    read = (_reading(mapping(document), now, source) for document in items(documents, MAX_LIMITS))
    return tuple(reading for reading in read if reading is not None)


def sidelight_limits(headers: Mapping[str, str], now: float) -> tuple[Reading, ...]:
    """The neutral header: the same list as one line of JSON."""
    return readings(parsed(headers.get("x-sidelight-limits", "")), now, "headers")


def openai_limits(headers: Mapping[str, str], now: float) -> tuple[Reading, ...]:
    """`x-ratelimit-{limit,remaining,reset}-{requests,tokens}`.

    They tell the vendor's limits for the whole organisation, never the developer's own. One
    without a readable reset is left out: it could not end.
    """
    found: list[Reading] = []
    for unit in (Unit.REQUESTS, Unit.TOKENS):
        limit = number(headers.get(f"x-ratelimit-limit-{unit}"))
        left = number(headers.get(f"x-ratelimit-remaining-{unit}"))
        resets_in_s = seconds_until(headers.get(f"x-ratelimit-reset-{unit}", ""), now)
        if limit is None or left is None or resets_in_s is None or limit <= 0:
            continue
        found.append(
            Reading(
                Scope.VENDOR,
                unit,
                limit,
                used=min(max(limit - left, 0.0), limit),
                window_s=60.0,
                resets_at=now + min(max(resets_in_s, 0.0), LONGEST_WINDOW_S),
                source="headers",
            )
        )
    return tuple(found)


def moment(value: Any, now: float) -> float | None:
    """A moment as epoch seconds or ISO 8601, at most a window away."""
    when = number(value)
    if when is None and isinstance(value, str):
        try:
            when = datetime.fromisoformat(value[:64]).timestamp()
        except (ValueError, OverflowError):
            return None
    return None if when is None else min(when, now + LONGEST_WINDOW_S)


def _reading(document: Mapping[str, Any], now: float, source: str) -> Reading | None:
    scope, unit = member(Scope, document.get("scope")), member(Unit, document.get("unit"))
    limit, window_s = number(document.get("limit")), number(document.get("window_s"))
    if scope is None or unit is None or limit is None or limit < 0:
        return None
    window_s = min(window_s, LONGEST_WINDOW_S) if window_s and window_s > 0 else 3_600.0
    used = number(document.get("used"))
    resets_at = moment(document.get("resets_at"), now)
    if resets_at is None and used is not None and used >= limit:
        # A limit that is reached and never resets would silence the person for ever.
        resets_at = now + window_s
    return Reading(
        scope,
        unit,
        limit,
        used=None if used is None else max(used, 0.0),
        window_s=window_s,
        resets_at=resets_at,
        hard=document.get("kind") != "soft",
        source=source,
    )
