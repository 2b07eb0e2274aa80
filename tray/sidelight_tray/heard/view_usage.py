"""What the tray could read of today's usage, which the broker counts when it is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .fields import many, moment, number, seconds, section, text


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour of today; None is unknown."""

    at: float | None
    requests: float | None


@dataclass(frozen=True, slots=True)
class Used:
    """What one tier, or all of them together, used today."""

    tier: str = ""
    requests: float | None = None
    cached: float | None = None
    uncached: float | None = None
    output: float | None = None
    cached_share: float | None = None
    cost: float | None = None
    p50_s: float | None = None
    p95_s: float | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Today, as this machine's ledger counted it at `as_of`."""

    as_of: float | None = None
    hours: tuple[Hour, ...] = ()
    tiers: tuple[Used, ...] = ()
    whole: Used | None = None
    saved: float | None = None
    problem: str = ""


def usage_of(data: Mapping[str, Any]) -> Usage:
    """The usage that `data` tells of. Never raises."""
    whole = section(data, "total")
    return Usage(
        as_of=moment(data, "as_of"),
        hours=many(data, "hours", _hour),
        tiers=many(data, "tiers", _used),
        whole=_used(whole) if whole else None,
        saved=_total(data, "saved"),
        problem=text(data, "problem"),
    )


def _hour(data: Mapping[str, Any]) -> Hour:
    return Hour(moment(data, "at"), number(data, "requests"))


def _used(data: Mapping[str, Any]) -> Used:
    return Used(
        tier=text(data, "tier"),
        requests=number(data, "requests"),
        cached=_total(data, "cached_tokens"),
        uncached=_total(data, "uncached_tokens"),
        output=_total(data, "output_tokens"),
        cached_share=number(data, "cached_ratio"),
        cost=_total(data, "cost"),
        p50_s=seconds(data, "p50_ms"),
        p95_s=seconds(data, "p95_ms"),
    )


def _total(data: Mapping[str, Any], name: str) -> float | None:
    return number(section(data, name), "total")
