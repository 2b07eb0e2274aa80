"""How `sidelight usage` looks: a table for a person, an object for a script, rows for a spreadsheet."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ..domain.snapshot import DecisionView
from ..domain.spending.budget import Scope, Unit
from ..domain.spending.usage import By, Group, Known, Summary, Totals
from ..domain.spending.usage_limits import LEDGER, LimitUse
from ..domain.words.catalogue import say

UNKNOWN = "–"
GATEWAY = "gateway"


@dataclass(frozen=True, slots=True)
class Report:
    """What there is to show.

    Attributes:
        since: the first moment of what is summed up.
        ledger: the file's path, and whether it was `found`.
        set_aside: the path of an earlier ledger that was damaged; empty where there is none.
        gateway: what the gateway is called; empty without a broker.
        limits: None without a broker, who alone has heard of them.
    """

    as_of: float
    since: float
    summary: Summary
    ledger: str
    found: bool
    set_aside: str = ""
    gateway: str = ""
    limits: tuple[LimitUse, ...] | None = None


# --- for a script ----------------------------------------------------------------------------


def as_json(report: Report) -> dict[str, Any]:
    """The object `docs/commands.md` describes; a field may be added, none changes its meaning."""
    return {
        "as_of": report.as_of,
        "since": report.since,
        "by": report.summary.by.value,
        "total": _group_to_json(report.summary.whole),
        "groups": [{"key": group.key, **_group_to_json(group)} for group in report.summary.groups],
        "gateway": report.gateway or None,
        "limits": None if report.limits is None else [_limit_to_json(u) for u in report.limits],
        "ledger": {
            "path": report.ledger,
            "found": report.found,
            "set_aside": report.set_aside or None,
        },
    }


def _group_to_json(group: Group) -> dict[str, Any]:
    totals = group.totals
    return {
        "requests": totals.requests,
        "sends": totals.sends,
        "outcomes": dict(sorted(totals.outcomes.items())),
        "prompt_tokens": _known_to_json(totals.prompt_tokens),
        "cached_tokens": _known_to_json(totals.cached_tokens),
        "output_tokens": _known_to_json(totals.output_tokens),
        "cost": {
            "total": totals.cost,
            "told_by": totals.cost_nano.told_by,
            "source": _teller(totals.cost_nano),
        },
        "cached_ratio": totals.cached_ratio,
        "p50_ms": _milliseconds(group.p50_s),
        "p95_ms": _milliseconds(group.p95_s),
        "source": LEDGER,
    }


def _known_to_json(known: Known) -> dict[str, int | str | None]:
    return {"total": known.total, "told_by": known.told_by, "source": _teller(known)}


def _teller(known: Known) -> str | None:
    """Tokens and cost are what the gateway said with its answers; the ledger only adds them up."""
    return GATEWAY if known.told_by else None


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 3)


def _limit_to_json(use: LimitUse) -> dict[str, Any]:
    purse = use.limit
    return {
        "scope": purse.scope.value,
        "unit": purse.unit.value,
        "limit": purse.limit,
        "window_ms": purse.window_s * 1000,
        "resets_at": purse.resets_at,
        "hard": purse.hard,
        "used": use.used,
        "source": use.source or None,
        "as_of": purse.as_of,
        "counted": use.counted,
        "difference": use.difference,
    }


# --- for a spreadsheet -----------------------------------------------------------------------

_CSV_COLUMNS = (
    *("at", "trace_id", "outcome", "reason", "tier", "language", "editor", "endpoint", "model"),
    *("sends", "total_ms", "gateway_ms", "first_ms"),
    *("prompt_tokens", "cached_tokens", "output_tokens", "cost"),
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet takes a cell's text for a formula by, in East Asian full width as well
(https://owasp.org/www-community/attacks/CSV_Injection)."""


def as_csv(requests: Iterable[DecisionView]) -> Iterator[str]:
    """Lines of RFC 4180 with a header, one a request, the oldest first; empty means unknown."""
    line = io.StringIO()
    writer = csv.writer(line)
    writer.writerow(_CSV_COLUMNS)
    for request in requests:
        writer.writerow([_cell(value) for value in _csv_row(request)])
        yield line.getvalue()
        line.seek(0)
        line.truncate()
    yield line.getvalue()


def _csv_row(request: DecisionView) -> tuple[str | float | None, ...]:
    return (
        f"{datetime.fromtimestamp(request.at, UTC):%Y-%m-%dT%H:%M:%SZ}",
        request.trace_id,
        request.outcome,
        request.reason,
        request.tier,
        request.language,
        request.editor,
        request.endpoint,
        request.model,
        request.sends,
        _milliseconds(request.total_s),
        _milliseconds(request.gateway_s),
        _milliseconds(request.first_s),
        request.prompt_tokens,
        request.cached_tokens,
        request.output_tokens,
        None if request.cost is None else f"{request.cost:.9f}",
    )


def _cell(value: str | float | None) -> str:
    """A text that would be run as a formula is made one that is shown."""
    text = "" if value is None else str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA) else text


# --- for a person ----------------------------------------------------------------------------

_HEADINGS = (
    *("requests", "answered", "blocked", "limited", "failed", "given up"),
    *("tokens in", "cached", "tokens out", "p50", "p95", "cost"),
)
_BY_WHOM = {
    "gateway": "says the gateway",
    "headers": "says the gateway with its answers",
    LEDGER: "counted on this machine; the gateway does not say",
}


def as_text(report: Report) -> list[str]:
    """What was used, as a table and sentences that say who counted."""
    summary = report.summary
    told = [f"Since {_moment(report.since)}, by {summary.by.value}:"]
    if summary.whole.totals.requests == 0:
        told = [f"No request was recorded since {_moment(report.since)}."]
    else:
        rows = [(_printable(group.key), *_cells(group)) for group in summary.groups]
        told += [
            "",
            *_table((summary.by.value, *_HEADINGS), [*rows, ("all", *_cells(summary.whole))]),
            *_shares(summary),
        ]
        told += [
            "",
            "Counted by this machine's ledger; tokens and cost are what the gateway said with each answer.",
            f"“{UNKNOWN}” is not known, “≥” not known of every request.",
        ]
    told += ["", *_limit_lines(report)]
    if report.set_aside:
        told.append(say("ledger.damaged", {"path": report.set_aside}).text)
    return told


def _shares(summary: Summary) -> list[str]:
    """How much of the requests and of the cost each tier has: the few heavy ones may be half of it."""
    whole = summary.whole.totals
    if summary.by is not By.TIER or not whole.requests:
        return []
    cost = whole.cost_nano.total or 0
    return [
        "",
        "Shares: "
        + ", ".join(
            f"{_printable(group.key)} {group.totals.requests / whole.requests:.0%} of the requests"
            + (f" and {(group.totals.cost_nano.total or 0) / cost:.0%} of the cost" if cost else "")
            for group in summary.groups
        )
        + ".",
    ]


def _limit_lines(report: Report) -> list[str]:
    if report.limits is None:
        return ["No broker is running, so what the gateway allows is not known at the moment."]
    if not report.limits:
        return [f"{report.gateway or 'The gateway'} has told of no limit."]
    return [
        f"Limits of {report.gateway}:" if report.gateway else "Limits:",
        *(f"  {_limit_line(use)}" for use in report.limits),
    ]


def _limit_line(use: LimitUse) -> str:
    purse = use.limit
    used = UNKNOWN if use.used is None else f"{use.used:,.10g}"
    line = f"{purse.scope.value}: {used} of {purse.limit:,.10g} {purse.unit.value}"
    line += "" if purse.hard else " (soft)"
    if purse.resets_at is not None:
        line += f" until {time.strftime('%H:%M', time.localtime(purse.resets_at))}"
    line += f", {_BY_WHOM.get(use.source, 'nobody says how much')}"
    if use.source != LEDGER and use.counted is not None and purse.scope is Scope.USER:
        did = {Unit.REQUESTS: "sent", Unit.TOKENS: "used", Unit.COST: "spent"}[purse.unit]
        line += f"; this machine {did} {use.counted:,.10g}"
    return f"{line}."


def _cells(group: Group) -> tuple[str, ...]:
    totals = group.totals
    failed = ("unavailable", "unauthorized")
    return (
        f"{totals.requests:,}",
        *(f"{totals.outcomes.get(name, 0):,}" for name in ("completed", "blocked", "limited")),
        f"{sum(totals.outcomes.get(name, 0) for name in failed):,}",
        f"{totals.outcomes.get('abandoned', 0):,}",
        _amount(totals, totals.prompt_tokens),
        UNKNOWN if totals.cached_ratio is None else f"{totals.cached_ratio:.0%}",
        _amount(totals, totals.output_tokens),
        _duration(group.p50_s),
        _duration(group.p95_s),
        _at_least(totals, totals.cost_nano)
        + (UNKNOWN if totals.cost is None else f"{totals.cost:.4f}"),
    )


def _amount(totals: Totals, known: Known) -> str:
    return UNKNOWN if known.total is None else f"{_at_least(totals, known)}{known.total:,}"


def _at_least(totals: Totals, known: Known) -> str:
    """Only an answer comes with tokens, so only of answers are they missed."""
    return "≥" if 0 < known.told_by < totals.outcomes.get("completed", 0) else ""


def _duration(seconds: float | None) -> str:
    return UNKNOWN if seconds is None else f"{seconds * 1000:,.0f} ms"


def _moment(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))


def _printable(text: str) -> str:
    """A terminal obeys control characters, and a name from an editor may hold any."""
    return "".join(c if c.isprintable() else "?" for c in text)


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The first column to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if number == 0 else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (headings, *rows)
    ]
