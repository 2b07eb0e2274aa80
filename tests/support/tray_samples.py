"""Snapshots as the broker sends them, for the tests of the tray."""

from __future__ import annotations

from typing import Any

NOW = 1_795_250_000.0

Json = dict[str, Any]


def snapshot(**changes: Any) -> Json:
    """A snapshot in which all is well; `changes` replace whole sections."""
    base: Json = {
        "seq": 7,
        "as_of": NOW - 40,
        "version": "0.1.0",
        "state": "ready",
        "session": session(),
        "gateway": gateway(),
        "limits": [
            limit("user", 120, 60),
            limit("team", 800, 400),
            limit("org", 5_000, 3_410, hard=False),
        ],
        "conditions": [],
        "editors": [{"id": 1, "name": "Neovim 0.11", "since": NOW - 600}],
        "decisions": [],
        "counts": {"requests": 1, "completed": 1, "accepted": 1},
        "paused_until": None,
        "languages_off": ["markdown"],
        "languages_paused": [],
        "muted_until": None,
        "service": {"level": "ok", "as_of": NOW - 60, "incidents": []},
        "uptime": uptime(),
        "data_use": data_use(),
    }
    return base | changes


def session(**changes: Any) -> Json:
    return {
        "phase": "fresh",
        "account": "maya.chen",
        "expires_at": NOW + 18_720,
        "renews_at": NOW + 9_000,
        "renewed_at": NOW - 600,
        "renewed_why": "woke after 9 h",
        "vault": "keyring",
    } | changes


def gateway(**changes: Any) -> Json:
    return {
        "name": "payments-web",
        "url": "https://gw.example.com/v1/secret-account",
        "profile": "litellm",
        "embedded": False,
        "breaker": "closed",
        "retry_at": None,
        "p50_ms": 180.0,
        "p95_ms": 3_900.0,
        "in_flight": 0,
    } | changes


def limit(scope: str, most: float, used: float | None, **changes: Any) -> Json:
    return {
        "scope": scope,
        "unit": "requests",
        "limit": most,
        "used": used,
        "window_ms": 3_600_000,
        "resets_at": NOW + 1_080,
        "hard": True,
        "source": "gateway",
        "as_of": NOW - 30,
    } | changes


def paused(language: str, left_s: float = 600.0) -> Json:
    return {"language": language, "until": NOW + left_s}


def data_use(**changes: Any) -> Json:
    return {
        "processed_in": "Frankfurt, Example Cloud",
        "kept_days": 30,
        "trained_on": False,
        "url": "https://wiki.example.com/ai",
    } | changes


def trim(whole: float, sent: float, why: str = "budget") -> Json:
    return {"whole_tokens": whole, "sent_tokens": sent, "why": why}


def condition(code: str, severity: str = "warning", **changes: Any) -> Json:
    return {
        "code": code,
        "severity": severity,
        "since": NOW - 1_200,
        "retry_at": None,
        "title": f"Title of {code}",
        "text": "What happened. What it means.",
        "do": "What to do.",
    } | changes


def decision(outcome: str, age_s: float = 60.0, **changes: Any) -> Json:
    return {
        "trace_id": "0af7651916cd43dd8448eb211c80319c",
        "at": NOW - age_s,
        "outcome": outcome,
        "reason": "card_number",
        "tier": "fast",
        "language": "python",
        "total_ms": 40.0,
        "prompt_tokens": 900,
    } | changes


def incident(level: str = "major", **changes: Any) -> Json:
    return {
        "id": "x1",
        "title": "Fast tier slow: upstream vendor degraded",
        "level": level,
        "stage": "monitoring",
        "started_at": NOW - 1_800,
        "affects": ["Completions"],
        "url": "https://status.example.com/x1",
        "timeline": [
            {"at": NOW - 1_800, "stage": "investigating", "text": ""},
            {"at": NOW - 1_400, "stage": "identified", "text": ""},
            {"at": NOW - 660, "stage": "monitoring", "text": ""},
        ],
        "seen_here": True,
    } | changes


def service(level: str, **changes: Any) -> Json:
    return {"level": level, "as_of": NOW - 60, "incidents": [incident(level, **changes)]}


def uptime() -> Json:
    days = [
        {
            "date": f"2026-11-{day:02}",
            "seen_min": 0 if day < 3 else 1_440,
            "degraded_min": 30 if day in {10, 19, 27} else 0,
            "down_min": 47 if day == 14 else 0,
            "availability": None,
        }
        for day in range(1, 31)
    ]
    return {
        "days": days,
        "availability": 0.9981,
        "slo": 0.995,
        "budget_ms": 12_960_000,
        "used_ms": 4_860_000,
        "longest_ms": 2_820_000,
        "past": [],
    }


def known(total: float | None) -> Json:
    return {"total": total, "told_by": 9}


def usage(**changes: Any) -> Json:
    """The answer to the request `usage`."""
    first = NOW - NOW % 3_600 - 8 * 3_600
    counts = [0, 0, 0, 2, 5, 0, 0, 121, 74]
    return {
        "as_of": NOW - 20,
        "since": first,
        "hours": [
            {"at": first + hour * 3_600, "requests": counts[hour] if hour < 9 else 0, "sends": 1}
            for hour in range(24)
        ],
        "tiers": [
            {"tier": "fast", "requests": 71, "p50_ms": 180, "p95_ms": 3_900},
            {"tier": "standard", "requests": 24, "p50_ms": 2_100, "p95_ms": 6_400},
            {"tier": "heavy", "requests": 5, "p50_ms": 21_000, "p95_ms": 62_000},
        ],
        "total": {
            "requests": 100,
            "cached_tokens": known(2_110_000),
            "uncached_tokens": known(760_000),
            "output_tokens": known(240_000),
            "cached_ratio": 0.74,
            "cost": known(3.12),
        },
        "saved": known(5.2),
        "limits": [],
        "source": "ledger",
        "problem": "",
    } | changes
