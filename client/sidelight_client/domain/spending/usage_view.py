"""Today's usage as a window or a tray shows it: hourly bars, tiers, tokens, money and shares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta, tzinfo

from ..models.model_facts import ModelFacts
from ..snapshot import DecisionView
from .usage import NANO, By, Group, Known, summarize
from .usage_limits import LimitUse

_HOUR_S = 3_600.0


@dataclass(frozen=True, slots=True)
class HourBar:
    """One hour of today; `at` is its beginning. An hour that has not begun has no requests."""

    at: float
    requests: int = 0
    sends: int = 0


@dataclass(frozen=True, slots=True)
class UsageView:
    """What this person used today, as this machine's ledger counted it.

    Attributes:
        as_of: when it was counted.
        since: the beginning of the person's own day.
        hours: the bars of the whole day, 23 to 25 of them.
        tiers: requests, answer times, tokens and cost of each tier, the most used first.
        whole: all of them together; None where the ledger could not be read, which is not zero.
        saved_nano: what cached tokens saved, in billionths of the gateway's currency; of those
            requests only whose model's price with and without cache the gateway says.
        limits: each limit with who counted it; `share` of a team's is this person's part.
        problem: why the ledger could not be read, in a few words; empty where it could.
    """

    as_of: float
    since: float
    hours: tuple[HourBar, ...] = ()
    tiers: tuple[Group, ...] = ()
    whole: Group | None = None
    saved_nano: Known = field(default_factory=Known)
    limits: tuple[LimitUse, ...] = ()
    problem: str = ""

    @property
    def saved(self) -> float | None:
        total = self.saved_nano.total
        return None if total is None else total / NANO


def usage_view(
    entries: Iterable[DecisionView],
    limits: tuple[LimitUse, ...],
    now: float,
    *,
    models: Mapping[str, ModelFacts] | None = None,
    zone: tzinfo | None = None,
) -> UsageView:
    """Today, counted at `now`.

    Args:
        entries: the ledger's requests since the beginning of the day, at least.
        limits: each with who counted it.
        now: wall-clock seconds.
        models: what the gateway says of its models' prices.
        zone: whose day it is; None for this machine's.
    """
    since, end = day_of(now, zone)
    today = [entry for entry in entries if since <= entry.at < end]
    count = max(round((end - since) / _HOUR_S), 1)
    requests, sends = [0] * count, [0] * count
    saved, told_by = 0, 0
    for entry in today:
        hour = min(int((entry.at - since) // _HOUR_S), count - 1)
        requests[hour] += 1
        sends[hour] += entry.sends
        amount = _saved(entry, models or {})
        if amount is not None:
            saved, told_by = saved + round(amount * NANO), told_by + 1
    summary = summarize(today, By.TIER, zone)
    return UsageView(
        as_of=now,
        since=since,
        hours=tuple(
            HourBar(since + number * _HOUR_S, requests[number], sends[number])
            for number in range(count)
        ),
        tiers=summary.groups,
        whole=summary.whole,
        saved_nano=Known(saved, told_by) if told_by else Known(),
        limits=limits,
    )


def day_of(now: float, zone: tzinfo | None = None) -> tuple[float, float]:
    """The person's own day that holds at `now`: its first moment and the next one's."""
    here = datetime.fromtimestamp(now, UTC).astimezone(zone)
    first = datetime.combine(here.date(), time())
    after = datetime.combine(here.date() + timedelta(days=1), time())
    # Each midnight has the offset of its own day: where clocks change a day has 23 or 25 hours.
    start, end = (
        moment.astimezone().timestamp() if zone is None else moment.replace(tzinfo=zone).timestamp()
        for moment in (first, after)
    )
    return start, end


def _saved(entry: DecisionView, models: Mapping[str, ModelFacts]) -> float | None:
    facts = models.get(entry.model)
    if facts is None or entry.cached_tokens is None:
        return None
    return facts.saved(entry.cached_tokens)
