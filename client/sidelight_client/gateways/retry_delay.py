"""How long a gateway asks us to wait, in whichever of the many dialects it says so."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from .untrusted import number

MAX_RETRY_DELAY_S = 3_600.0
"""Nobody waits longer than this without asking again, whatever a header says."""

_EPOCH_FROM = 1_000_000_000.0
"""A larger number of "seconds" is a moment (September 2001 or later), not a duration."""
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_IN_MESSAGE = re.compile(
    r"(?:try again|retry|retrying|wait|resets?|reset|replenished|available)"
    r"(?: again)? ?(?:in|after|for)? (?:about |at least )?(?P<parts>"
    r"(?:\d{1,9}(?:\.\d{1,9})? ?"
    r"(?:milliseconds?|ms|seconds?|secs?|minutes?|mins?|hours?|days?|s|m|h|d)\b[ ,]{0,2}){1,4}"
    r"|(?:\d{1,9}(?:\.\d{1,9})?(?:ms|s|m|h|d)){1,4}"
    r"|(?:\d{1,3}\.)?\d{1,2}:\d\d:\d\d)",
    re.IGNORECASE,
)
_SPOKEN = re.compile(r"(\d+(?:\.\d+)?) ?(milliseconds?|ms|[smhd])", re.IGNORECASE)
_TIME_SPAN = re.compile(r"(?:(\d+)\.)?(\d+):(\d+):(\d+)")
"""Days, hours, minutes and seconds, as Azure API Management writes them: `2.12:34:56`."""
_ZONE = re.compile(r" ?(?:UTC|GMT)$")
_LONGEST_MESSAGE = 4_000


def retry_delay(
    headers: Mapping[str, str], message: str, now: float, *, windows: bool = True
) -> float | None:
    """Seconds to wait, at most `MAX_RETRY_DELAY_S`; the first dialect that can be read decides.

    In order: `retry-after-ms`, `retry-after` (RFC 9110 §10.2.3), `llm_provider-retry-after`
    (LiteLLM), `reset_at`, `ratelimit` with `t=` (draft-ietf-httpapi-ratelimit-headers from -08),
    `ratelimit-reset` (drafts up to -06), `x-ratelimit-reset-*`, and "try again in N s" in the
    message.

    Args:
        headers: with lower-case names.
        message: the gateway's message; it is searched and not kept.
        now: wall-clock seconds.
        windows: whether the ends of limits' windows count; they say nothing about an outage.
    """
    for name, read in (*_ASKED, *(_windows(headers) if windows else ())):
        delay = read(headers[name], now) if name in headers else None
        if delay is not None:
            return min(max(delay, 0.0), MAX_RETRY_DELAY_S)
    found = _IN_MESSAGE.search(message[:_LONGEST_MESSAGE])
    return None if found is None else min(_spoken(found["parts"]), MAX_RETRY_DELAY_S)


def _windows(headers: Mapping[str, str]) -> Sequence[tuple[str, _Reader]]:
    """The ends of windows; one that is used up comes before one that is not."""
    ends: list[tuple[str, _Reader]] = [
        ("reset_at", _seconds_or_moment),
        ("ratelimit", _ratelimit_field),
        ("ratelimit-reset", _seconds_or_moment),
    ]
    each = [f"x-ratelimit-reset-{unit}" for unit in ("requests", "tokens")]
    each.sort(key=lambda name: headers.get(name.replace("reset", "remaining"), "") != "0")
    return [*ends, *((name, _seconds_or_moment) for name in (*each, "x-ratelimit-reset"))]


def _spoken(text: str) -> float:
    """`20s`, `1m30.5s`, `20 seconds`, `2 minutes 5 seconds` or `2.12:34:56` in seconds."""
    span = _TIME_SPAN.fullmatch(text.strip())
    if span is not None:
        days, hours, minutes, seconds = (int(part or 0) for part in span.groups())
        return float(days * 86_400 + hours * 3_600 + minutes * 60 + seconds)
    return sum(
        float(size) * _UNITS["ms" if unit.lower().startswith(("ms", "mil")) else unit[0].lower()]
        for size, unit in _SPOKEN.findall(text)
    )


def seconds_until(value: str, now: float) -> float | None:
    """`value` as seconds from now: `120`, `120ms`, `6m0s`, an epoch, an HTTP date or ISO 8601."""
    return _seconds_or_moment(value, now)


def _milliseconds(value: str, now: float) -> float | None:
    del now
    read = number(value)
    return None if read is None else read / 1000


def _seconds_or_moment(value: str, now: float) -> float | None:
    value = value.strip()[:64]
    plain = number(value)
    if plain is not None:
        return plain - now if plain >= _EPOCH_FROM else plain
    parts = _DURATION.findall(value)
    if parts and "".join(f"{size}{unit}" for size, unit in parts) == value:
        return sum(float(size) * _UNITS[unit] for size, unit in parts)
    moment = _moment(value)
    return None if moment is None else moment - now


_Reader = Callable[[str, float], float | None]
_ASKED: tuple[tuple[str, _Reader], ...] = (
    ("retry-after-ms", _milliseconds),
    ("retry-after", _seconds_or_moment),
    ("llm_provider-retry-after", _seconds_or_moment),
)


def _moment(value: str) -> float | None:
    value = _ZONE.sub("+00:00", value) if value[:4].isdecimal() else value
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            when = read(value)
            return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError, TypeError):
            continue
    return None


def _ratelimit_field(value: str, now: float) -> float | None:
    del now
    delays = [
        delay
        for parameter in re.split("[;,]", value[:512])
        if parameter.strip().startswith("t=")
        and (delay := number(parameter.strip()[2:])) is not None
    ]
    return max(delays, default=None)
