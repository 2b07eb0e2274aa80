"""What was used: the ledger's requests summed up by time, tier, language or editor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from typing import assert_never

from ..routing.latency import Latencies
from ..snapshot import DecisionView

NANO = 1_000_000_000
"""Costs are summed in billionths of the gateway's currency, so that sums are exact."""
UNKNOWN = "unknown"
"""The group of the requests that do not say where they belong."""


class By(StrEnum):
    """What requests are grouped by."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    TIER = "tier"
    LANGUAGE = "language"
    EDITOR = "editor"


TIMES = frozenset({By.HOUR, By.DAY, By.WEEK})
_QUARTER_S = 900.0


@dataclass(frozen=True, slots=True)
class Known:
    """A sum over the requests that told a number.

    Attributes:
        total: None when no request told it, which is not zero.
        told_by: how many requests told it; fewer than all means "at least".
    """

    total: int | None = None
    told_by: int = 0

    def plus(self, other: Known) -> Known:
        if self.total is None or other.total is None:
            return other if self.total is None else self
        return Known(self.total + other.total, self.told_by + other.told_by)


@dataclass(frozen=True, slots=True)
class Totals:
    """What a number of requests amount to. Adding the totals of parts gives those of the whole.

    Attributes:
        requests: completions asked for, by an editor or a command.
        sends: requests to the gateway: none while paused, two where the session was renewed.
        outcomes: how many ended in which way.
        cost_nano: in billionths of whatever currency the gateway counts in.
        cache_base: prompt tokens of the requests that also told how many were cached.
    """

    requests: int = 0
    sends: int = 0
    outcomes: Mapping[str, int] = field(default_factory=dict[str, int])
    prompt_tokens: Known = Known()
    cached_tokens: Known = Known()
    output_tokens: Known = Known()
    cost_nano: Known = Known()
    cache_base: int = 0

    def plus(self, other: Totals) -> Totals:
        return Totals(
            self.requests + other.requests,
            self.sends + other.sends,
            dict(Counter(self.outcomes) + Counter(other.outcomes)),
            self.prompt_tokens.plus(other.prompt_tokens),
            self.cached_tokens.plus(other.cached_tokens),
            self.output_tokens.plus(other.output_tokens),
            self.cost_nano.plus(other.cost_nano),
            self.cache_base + other.cache_base,
        )

    @property
    def cost(self) -> float | None:
        total = self.cost_nano.total
        return None if total is None else total / NANO

    @property
    def cached_ratio(self) -> float | None:
        """The share of prompt tokens the gateway had cached (0..1), where it told both numbers."""
        if self.cached_tokens.total is None or self.cache_base == 0:
            return None
        return self.cached_tokens.total / self.cache_base


@dataclass(frozen=True, slots=True)
class Group:
    """The requests of one hour, tier, language …, and how long their answers took."""

    key: str
    totals: Totals
    p50_s: float | None = None
    p95_s: float | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """The whole and its parts."""

    by: By
    whole: Group
    groups: tuple[Group, ...]


def summarize(entries: Iterable[DecisionView], by: By, zone: tzinfo | None = None) -> Summary:
    """Sum up `entries`, each of which is looked at once.

    Args:
        entries: the ledger's requests.
        by: what the parts are; times come in their order, others with the most requests first.
        zone: whose hours, days and weeks; None for this machine's.
    """
    tallies: dict[str, Tally] = {}
    quarters: dict[float, str] = {}
    for entry in entries:
        if by in TIMES:
            # Every zone is whole quarters of an hour away from UTC: one look at the calendar each.
            quarter = entry.at // _QUARTER_S
            key = quarters.get(quarter) or quarters.setdefault(quarter, key_of(entry, by, zone))
        else:
            key = key_of(entry, by, zone)
        tally = tallies.get(key)
        if tally is None:
            tally = tallies[key] = Tally()
        tally.add(entry)
    groups = [tally.group(key) for key, tally in tallies.items()]
    if by in TIMES:
        groups.sort(key=lambda group: group.key)
    else:
        groups.sort(key=lambda group: (-group.totals.requests, group.key))
    whole = Totals()
    for group in groups:
        whole = whole.plus(group.totals)
    durations = [took for tally in tallies.values() for took in tally.durations]
    return Summary(by, _group("", whole, durations), tuple(groups))


def key_of(entry: DecisionView, by: By, zone: tzinfo | None = None) -> str:
    """The group `entry` belongs to."""
    match by:
        case By.HOUR:
            return f"{_local(entry.at, zone):%Y-%m-%d %H:00}"
        case By.DAY:
            return f"{_local(entry.at, zone):%Y-%m-%d}"
        case By.WEEK:
            year, week, _ = _local(entry.at, zone).isocalendar()
            return f"{year}-W{week:02}"
        case By.TIER:
            return entry.tier or UNKNOWN
        case By.LANGUAGE:
            return entry.language or UNKNOWN
        case By.EDITOR:
            return editor_name(entry.editor) or UNKNOWN
        case _:
            assert_never(by)


def editor_name(editor: str) -> str:
    """The editor without its version, so that an update does not split it in two."""
    name, _, version = editor.rpartition(" ")
    return name if name and version.removeprefix("v")[:1].isdigit() else editor


def _local(at: float, zone: tzinfo | None) -> datetime:
    return datetime.fromtimestamp(at, UTC).astimezone(zone)


@dataclass(slots=True)
class _Sum:
    total: int = 0
    told_by: int = 0

    def add(self, value: int | None) -> None:
        if value is not None:
            self.total += value
            self.told_by += 1

    @property
    def known(self) -> Known:
        return Known(self.total, self.told_by) if self.told_by else Known()


@dataclass(slots=True)
class Tally:
    """The sums of one group while entries are still coming."""

    requests: int = 0
    sends: int = 0
    outcomes: Counter[str] = field(default_factory=Counter[str])
    prompt: _Sum = field(default_factory=_Sum)
    cached: _Sum = field(default_factory=_Sum)
    output: _Sum = field(default_factory=_Sum)
    cost_nano: _Sum = field(default_factory=_Sum)
    cache_base: int = 0
    durations: list[float] = field(default_factory=list[float])

    def add(self, entry: DecisionView) -> None:
        self.requests += 1
        self.sends += entry.sends
        self.outcomes[entry.outcome] += 1
        self.prompt.add(entry.prompt_tokens)
        self.output.add(entry.output_tokens)
        self.cost_nano.add(None if entry.cost is None else round(entry.cost * NANO))
        if entry.prompt_tokens is not None and entry.cached_tokens is not None:
            self.cached.add(entry.cached_tokens)
            self.cache_base += entry.prompt_tokens
        if entry.outcome == "completed":
            self.durations.append(entry.total_s)

    def group(self, key: str) -> Group:
        totals = Totals(
            self.requests,
            self.sends,
            dict(self.outcomes),
            self.prompt.known,
            self.cached.known,
            self.output.known,
            self.cost_nano.known,
            self.cache_base,
        )
        return _group(key, totals, self.durations)

    @property
    def tokens(self) -> int | None:
        """All tokens, in and out."""
        return self.prompt.known.plus(self.output.known).total


def _group(key: str, totals: Totals, durations: list[float]) -> Group:
    latencies = Latencies(tuple(durations))
    return Group(key, totals, latencies.percentile(0.5), latencies.percentile(0.95))
