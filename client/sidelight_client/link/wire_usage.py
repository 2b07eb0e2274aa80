"""Today's usage as JSON, for the request `usage`: a public format.

Moments are seconds since the epoch, durations milliseconds, money the gateway's own currency, and
null means unknown.
"""

from __future__ import annotations

from ..domain.spending.usage import Group, Known
from ..domain.spending.usage_limits import LimitUse
from ..domain.spending.usage_view import UsageView
from .frames import Json, milliseconds


def usage_to_json(view: UsageView) -> Json:
    """The whole view; `told_by` is of how many requests a sum is one."""
    return {
        "as_of": view.as_of,
        "since": view.since,
        "hours": [
            {"at": bar.at, "requests": bar.requests, "sends": bar.sends} for bar in view.hours
        ],
        "tiers": [{"tier": tier.key, **_group(tier)} for tier in view.tiers],
        "total": None if view.whole is None else _group(view.whole),
        "saved": {"total": view.saved, "told_by": view.saved_nano.told_by},
        "limits": [_limit(use) for use in view.limits],
        "source": "ledger",
        "problem": view.problem,
    }


def _group(group: Group) -> Json:
    totals = group.totals
    base, cached = totals.cache_base, totals.cached_tokens.total
    return {
        "requests": totals.requests,
        "sends": totals.sends,
        "outcomes": dict(totals.outcomes),
        "prompt_tokens": _known(totals.prompt_tokens),
        "cached_tokens": _known(totals.cached_tokens),
        "uncached_tokens": {
            "total": None if cached is None else base - cached,
            "told_by": totals.cached_tokens.told_by,
        },
        "output_tokens": _known(totals.output_tokens),
        "cached_ratio": totals.cached_ratio,
        "cost": {"total": totals.cost, "told_by": totals.cost_nano.told_by},
        "p50_ms": milliseconds(group.p50_s),
        "p95_ms": milliseconds(group.p95_s),
    }


def _known(known: Known) -> Json:
    return {"total": known.total, "told_by": known.told_by}


def _limit(use: LimitUse) -> Json:
    purse = use.limit
    return {
        "scope": purse.scope.value,
        "unit": purse.unit.value,
        "limit": purse.limit,
        "window_ms": milliseconds(purse.window_s),
        "resets_at": purse.resets_at,
        "hard": purse.hard,
        "used": use.used,
        "source": use.source or None,
        "counted": use.counted,
        "share": use.share,
    }
