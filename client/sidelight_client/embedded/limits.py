"""Request limits for the person, the team and the organisation, and the dialects a 429 is said in."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any, assert_never

from ..domain.spending.budget import Budget, Purse, Scope, Unit, spend
from .faults import Dialect

Headers = tuple[tuple[str, str], ...]

DEFAULT_LIMITS = (
    Purse(Scope.USER, Unit.REQUESTS, 120, 3600.0, used=0.0),
    Purse(Scope.TEAM, Unit.REQUESTS, 800, 3600.0, used=0.0),
    Purse(Scope.ORG, Unit.REQUESTS, 5_000, 3600.0, hard=False, used=0.0),
)
"""What one company's roll-out had: requests an hour; the organisation's limit only asks."""


class Meter:
    """Counts requests against limits; `now` tells wall-clock seconds.

    A window begins with the first request in it, as the client's own count assumes.
    """

    def __init__(self, purses: tuple[Purse, ...], now: Callable[[], float]) -> None:
        self._budget = Budget(purses)
        self._now = now

    @property
    def purses(self) -> tuple[Purse, ...]:
        """The limits as they stand now."""
        return self._budget.at(self._now()).purses

    def take(self) -> Purse | None:
        """Count one request, or say which hard limit forbids it; a refused request costs nothing."""
        now = self._now()
        empty = self._budget.exhausted(now)
        if empty is None:
            self._budget = spend(self._budget, now)
        return empty

    def as_json(self) -> list[dict[str, Any]]:
        return [purse_json(purse) for purse in self.purses]

    def header(self) -> tuple[str, str]:
        """The `x-sidelight-limits` header: one line of ASCII JSON."""
        return ("x-sidelight-limits", json.dumps(self.as_json(), separators=(",", ":")))


def purse_json(purse: Purse) -> dict[str, Any]:
    return {
        "scope": purse.scope.value,
        "unit": purse.unit.value,
        "limit": _plain(purse.limit),
        "used": None if purse.used is None else _plain(purse.used),
        "window_s": _plain(purse.window_s),
        "resets_at": purse.resets_at,
        "kind": "hard" if purse.hard else "soft",
    }


def _plain(number: float) -> float:
    return int(number) if number == int(number) else number


def throttled(dialect: Dialect, purse: Purse, delay_s: float) -> tuple[Headers, dict[str, Any]]:
    """The headers and the body of a 429 in `dialect`, for a limit that opens again in `delay_s`."""
    seconds = str(max(math.ceil(delay_s), 0))
    limit = str(_plain(purse.limit))
    scope = purse.scope.value
    match dialect:
        case Dialect.NEUTRAL:
            return (("retry-after", seconds),), {
                "message": f"The {scope} limit of {limit} {purse.unit.value} is used up.",
                "type": "rate_limit_error",
                "code": f"limit.{scope}",
                "sidelight": purse_json(purse),
            }
        case Dialect.RETRY_AFTER_MS:
            milliseconds = str(max(math.ceil(delay_s * 1000), 0))
            return (("retry-after-ms", milliseconds),), {
                "message": "Requests have exceeded the call rate limit.",
                "type": "too_many_requests",
                "code": "429",
            }
        case Dialect.OPENAI:
            return (
                ("x-ratelimit-limit-requests", limit),
                ("x-ratelimit-remaining-requests", "0"),
                ("x-ratelimit-reset-requests", _go_duration(delay_s)),
            ), {
                "message": "Rate limit reached for requests.",
                "type": "requests",
                "code": "rate_limit_exceeded",
                "param": None,
            }
        case Dialect.LITELLM:
            return (
                ("retry-after", seconds),
                ("rate_limit_type", "requests"),
                ("x-ratelimit-api_key-limit-requests", limit),
                ("x-ratelimit-api_key-remaining-requests", "0"),
            ), {
                "message": "Rate limit exceeded for api_key: …. Limit type: requests. "
                f"Current limit: {limit}, Remaining: 0. Limit resets in: {seconds} s",
                "type": "throttling_error",
                "code": "429",
                "param": None,
            }
        case Dialect.KONG:
            return (
                ("RateLimit-Limit", limit),
                ("RateLimit-Remaining", "0"),
                ("RateLimit-Reset", seconds),
                ("X-RateLimit-Limit-Hour", limit),
                ("X-RateLimit-Remaining-Hour", "0"),
            ), {"message": "API rate limit exceeded", "type": "", "code": ""}
        case _:
            assert_never(dialect)


def _go_duration(seconds: float) -> str:
    """`6m0s`, `1s`, `120ms`: the way Go prints durations, which OpenAI's headers use."""
    if seconds < 1:
        return f"{max(math.ceil(seconds * 1000), 0)}ms"
    minutes, rest = divmod(math.ceil(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
