"""Limits by scope: the gateway's own numbers set beside what this machine's ledger counted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import assert_never
from urllib.parse import urlsplit

from ..snapshot import DecisionView
from .budget import Budget, Purse, Scope, Unit
from .usage import NANO, Tally

LEDGER = "ledger"
"""The `source` of a number that this machine counted itself; others are `gateway` and `headers`."""


@dataclass(frozen=True, slots=True)
class LimitUse:
    """One limit: what is used of it by whose word, and what this machine counted.

    Attributes:
        limit: the purse, with what is known of its window.
        used: None where nobody knows; a team's use is never guessed from one machine's.
        source: who says `used`: `gateway`, `headers` or `ledger`; empty where it is unknown.
        counted: the ledger's count in the same window; None without a ledger.
    """

    limit: Purse
    used: float | None
    source: str
    counted: float | None

    @property
    def difference(self) -> float | None:
        """What the gateway counts beyond this machine: other machines, or another way of counting.

        Only a person's own limit can be compared with one person's ledger.
        """
        comparable = self.limit.scope is Scope.USER and self.source not in ("", LEDGER)
        if not comparable or self.used is None or self.counted is None:
            return None
        return self.used - self.counted

    @property
    def share(self) -> float | None:
        """This person's part (0..1) of what a team or an organisation used, where the gateway says
        the whole; None where it does not, or where nobody has used anything.
        """
        common = self.limit.scope in (Scope.TEAM, Scope.ORG) and self.source not in ("", LEDGER)
        if not common or self.counted is None or not self.used:
            return None
        return min(self.counted / self.used, 1.0)


@dataclass(frozen=True, slots=True)
class Sums:
    """What was counted in one window; None where no request told it, which is not zero."""

    sends: int
    tokens: int | None
    cost_nano: int | None

    @classmethod
    def of(cls, tally: Tally) -> Sums:
        return cls(tally.sends, tally.tokens, tally.cost_nano.known.total)


def window_start(purse: Purse, now: float) -> float:
    """When the window of `purse` that holds at `now` began; a rolling one where no end is known."""
    return (purse.resets_at if purse.resets_at is not None else now) - purse.window_s


def reconcile(
    budget: Budget,
    entries: Iterable[DecisionView] | None,
    now: float,
    endpoint: str = "",
    zones: Iterable[str] = (),
) -> tuple[LimitUse, ...]:
    """Each limit with the gateway's number where there is one, else the ledger's.

    Args:
        budget: what the gateway said, corrected by our own count since.
        entries: the ledger's requests since the earliest `window_start`; None without a ledger.
        now: wall-clock seconds.
        endpoint: the gateway the limits belong to; requests to others are not counted.
        zones: its further addresses.
    """
    known = {"", *(endpoint_of(url) for url in (endpoint, *zones))}
    purses = budget.at(now).purses
    counts = [Tally() for _ in purses]
    starts = [window_start(purse, now) for purse in purses]
    for entry in entries or ():
        if endpoint and entry.endpoint not in known:
            continue
        for tally, start in zip(counts, starts, strict=True):
            if start <= entry.at <= now:
                tally.add(entry)
    sums = [None if entries is None else Sums.of(tally) for tally in counts]
    return limit_uses(budget, sums, now)


def limit_uses(budget: Budget, sums: Sequence[Sums | None], now: float) -> tuple[LimitUse, ...]:
    """The same from what the ledger itself added up in each limit's window, in their order."""
    return tuple(
        _limit_use(purse, None if counted is None else _counted(counted, purse.unit))
        for purse, counted in zip(budget.at(now).purses, sums, strict=True)
    )


def endpoint_of(url: str) -> str:
    """The scheme, host and port of `url`, and nothing that could be a secret or a path."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if not parts.scheme or not host:
        return ""
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}" + (f":{port}" if port is not None else "")


def _limit_use(purse: Purse, counted: float | None) -> LimitUse:
    if purse.used is not None:
        return LimitUse(purse, purse.used, purse.source, counted)
    if purse.scope is Scope.USER and counted is not None:
        return LimitUse(purse, counted, LEDGER, counted)
    return LimitUse(purse, None, "", counted)


def _counted(sums: Sums, unit: Unit) -> float | None:
    match unit:
        case Unit.REQUESTS:
            return float(sums.sends)
        case Unit.TOKENS:
            return _or_nothing_sent(sums, sums.tokens)
        case Unit.COST:
            total = sums.cost_nano
            return _or_nothing_sent(sums, None if total is None else total / NANO)
        case _:
            assert_never(unit)


def _or_nothing_sent(sums: Sums, total: float | None) -> float | None:
    """Zero is known only where nothing was sent."""
    return 0.0 if total is None and sums.sends == 0 else total
