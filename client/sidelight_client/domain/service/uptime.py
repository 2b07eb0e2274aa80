"""Thirty days of a gateway's health, minute by minute: bars, availability and error budget."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo

from .incidents import Level, Service

DAYS = 30
KEPT_S = DAYS * 86_400.0
SLO = 0.995
"""The share of time a gateway is promised to work."""
WATCHED_S = 360.0
"""How far apart two looks may be for the time between them to count as watched."""
_MINUTE_S, _HOUR_S = 60, 3_600
_WHOLE = (1 << 60) - 1
_QUARTER = 15
MAX_PAST = 200
"""How many past incidents are kept."""
SHOWN_PAST = 20
_DOWN = (Level.MAJOR, Level.CRITICAL)


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour since the epoch, a bit for each minute: was it watched, slow, down?

    As bits, because noting the same minute twice, by two processes or after the clock was set back,
    changes nothing.
    """

    hour: int
    seen: int = 0
    degraded: int = 0
    down: int = 0

    def plus(self, other: Hour) -> Hour:
        return Hour(
            self.hour,
            self.seen | other.seen,
            self.degraded | other.degraded,
            self.down | other.down,
        )


@dataclass(frozen=True, slots=True)
class PastIncident:
    """One incident as it is kept: when it was first and last heard of."""

    id: str
    title: str
    level: Level
    started_at: float
    last_at: float
    seen_here: bool = False


@dataclass(frozen=True, slots=True)
class HealthNote:
    """What one look taught about the gateway at `gateway`, for the ledger.

    Architecture invariant: a title is the status page's or ours; nothing of the person is in it.
    """

    gateway: str
    at: float
    hours: tuple[Hour, ...] = ()
    incidents: tuple[PastIncident, ...] = ()


@dataclass(frozen=True, slots=True)
class Health:
    """Everything kept of one gateway: its minutes, and its incidents with the latest first."""

    hours: tuple[Hour, ...] = ()
    past: tuple[PastIncident, ...] = ()

    def with_note(self, learned: HealthNote) -> Health:
        """The same with what was learned since; what is older than thirty days is left out."""
        first = int((learned.at - KEPT_S) // _HOUR_S) - 1
        hours = merged((*self.hours, *learned.hours))
        past = {incident.id: incident for incident in self.past}
        for incident in learned.incidents:
            known = past.get(incident.id, incident)
            past[incident.id] = replace(
                incident,
                started_at=min(incident.started_at, known.started_at),
                last_at=max(incident.last_at, known.last_at),
                seen_here=incident.seen_here or known.seen_here,
            )
        latest = sorted(past.values(), key=lambda incident: -incident.last_at)
        return Health(
            tuple(hour for hour in hours.values() if hour.hour >= first),
            tuple(i for i in latest if i.last_at >= learned.at - KEPT_S)[:MAX_PAST],
        )


@dataclass(frozen=True, slots=True)
class Day:
    """One bar, in minutes. A minute that nobody watched is in none of them.

    Attributes:
        date: the person's own calendar day, `2026-11-21`.
    """

    date: str
    seen: int = 0
    degraded: int = 0
    down: int = 0

    @property
    def availability(self) -> float | None:
        """The share of the watched time it worked (0..1); None where nobody watched."""
        return None if self.seen == 0 else 1 - self.down / self.seen


@dataclass(frozen=True, slots=True)
class Uptime:
    """The last thirty days.

    Attributes:
        days: every day, the oldest first.
        availability: over the watched time; None where there is none.
        slo: the share that was promised.
        budget_s: how long it may fail in thirty days.
        used_s: how long it was seen to fail.
        longest_s: the longest failure without a watched minute in which it worked.
        past: the incidents, the latest first.
    """

    days: tuple[Day, ...] = ()
    availability: float | None = None
    slo: float = SLO
    budget_s: float = round((1 - SLO) * KEPT_S, 3)
    used_s: float = 0.0
    longest_s: float = 0.0
    past: tuple[PastIncident, ...] = ()


def watched(level: Level, before: float | None, now: float) -> tuple[Hour, ...]:
    """The minutes from the look at `before` up to `now`, in which `level` held.

    Where the two are far apart (the machine slept) or the clock went back, only the present minute.
    """
    if level is Level.UNKNOWN:
        return ()
    gap_s = None if before is None else now - before
    start = before if before is not None and gap_s is not None and 0 <= gap_s <= WATCHED_S else now
    return tuple(_hours(start, now, level))


def known_down(started_at: float | None, now: float) -> tuple[Hour, ...]:
    """The minutes of an outage somebody else tells of, since it began; at most thirty days."""
    if started_at is None or started_at > now:
        return ()
    return tuple(_hours(max(started_at, now - KEPT_S), now, Level.MAJOR))


def note(gateway: str, service: Service, before: float | None, now: float) -> HealthNote:
    """What the look at `now` teaches, when the last one was at `before`."""
    told = [i for i in service.incidents if i.level in (Level.MINOR, *_DOWN)]
    down = [hour for i in told if i.level in _DOWN for hour in known_down(i.started_at, now)]
    hours = merged((*watched(service.level, before, now), *down))
    past = tuple(
        PastIncident(i.id, i.title, i.level, i.started_at or now, now, i.seen_here) for i in told
    )
    return HealthNote(gateway, now, tuple(hours.values()), past)


def merged(hours: Iterable[Hour]) -> Mapping[int, Hour]:
    """The hours by their number; what is told twice counts once."""
    found: dict[int, Hour] = {}
    for hour in hours:
        known = found.get(hour.hour)
        found[hour.hour] = hour if known is None else known.plus(hour)
    return found


def uptime(
    hours: Iterable[Hour],
    now: float,
    zone: tzinfo | None = None,
    past: tuple[PastIncident, ...] = (),
) -> Uptime:
    """Bars and numbers at `now`; `zone` is whose days, None for this machine's."""
    today = datetime.fromtimestamp(now, UTC).astimezone(zone).date()
    tallies = {
        (today - timedelta(days=back)).isoformat(): _Tally() for back in reversed(range(DAYS))
    }
    run, longest, all_days = 0, 0, _Tally()
    for _, hour in sorted(merged(hours).items()):
        if not now - KEPT_S - _HOUR_S <= hour.hour * _HOUR_S <= now:
            continue
        for day, mask in _days(hour.hour, zone):
            for tally in (tallies.get(day), all_days if day in tallies else None):
                if tally is not None:
                    tally.add(hour, mask)
        run, longest = _longest(hour, run, longest)
    return Uptime(
        tuple(Day(date, t.seen, t.degraded, t.down) for date, t in tallies.items()),
        None if all_days.seen == 0 else 1 - all_days.down / all_days.seen,
        used_s=float(all_days.down * _MINUTE_S),
        longest_s=float(longest * _MINUTE_S),
        past=past[:SHOWN_PAST],
    )


def _days(hour: int, zone: tzinfo | None) -> Iterator[tuple[str, int]]:
    """The calendar days the hour lies in, and which of its minutes lie in each.

    Every zone is whole quarters of an hour away from UTC.
    """
    first, last = (_date(hour * _HOUR_S + minute * _MINUTE_S, zone) for minute in (0, 45))
    if first == last:
        yield first, _WHOLE
        return
    for quarter in range(0, 60, _QUARTER):
        day = _date(hour * _HOUR_S + quarter * _MINUTE_S, zone)
        yield day, ((1 << _QUARTER) - 1) << quarter


def _date(at: float, zone: tzinfo | None) -> str:
    return datetime.fromtimestamp(at, UTC).astimezone(zone).date().isoformat()


def _longest(hour: Hour, run: int, longest: int) -> tuple[int, int]:
    """How many minutes it has failed in a row after this hour, and the most there were."""
    if hour.down == 0:
        return (0 if hour.seen else run), longest
    for minute in range(60):
        if hour.down >> minute & 1:
            run += 1
            longest = max(longest, run)
        elif hour.seen >> minute & 1:
            run = 0
    return run, longest


@dataclass(slots=True)
class _Tally:
    seen: int = field(default=0)
    degraded: int = field(default=0)
    down: int = field(default=0)

    def add(self, hour: Hour, mask: int) -> None:
        # A minute that is known to have failed was watched, if by somebody else.
        self.seen += ((hour.seen | hour.down) & mask).bit_count()
        self.degraded += (hour.degraded & ~hour.down & mask).bit_count()
        self.down += (hour.down & mask).bit_count()


def _hours(start: float, end: float, level: Level) -> Iterator[Hour]:
    """The minutes from the one of `start` to the one of `end`, both included."""
    first, last = int(start // _MINUTE_S), int(end // _MINUTE_S)
    for hour in range(first // 60, last // 60 + 1):
        low, high = max(first - hour * 60, 0), min(last - hour * 60, 59)
        mask = ((1 << (high - low + 1)) - 1) << low
        yield Hour(
            hour,
            mask,
            mask if level is Level.MINOR else 0,
            mask if level in _DOWN else 0,
        )
