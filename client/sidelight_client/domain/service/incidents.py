"""Outages: what the status page says, merged with what this person's own requests show."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from ..words.catalogue import say

STALE_S = 1_200.0
"""After four missed looks a page's word is old: what it said is then unknown, not true."""
SEEN_HERE_AFTER_S = 10.0
"""How long trouble is watched before it is told; most of it mends itself."""
PROVES_S = 300.0
"""How long an answer proves that the gateway works, where no page says anything."""
MAX_INCIDENTS = 10
MAX_UPDATES = 10


class Level(StrEnum):
    """How bad it is, from what is not known to the worst."""

    UNKNOWN = "unknown"
    OK = "ok"
    MAINTENANCE = "maintenance"
    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"


_ORDER = tuple(Level)


class Stage(StrEnum):
    """How far somebody is with an incident."""

    SEEN_HERE = "seen_here"
    """Nobody but this person's own requests has told of it."""
    INVESTIGATING = "investigating"
    IDENTIFIED = "identified"
    MONITORING = "monitoring"
    RESOLVED = "resolved"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Update:
    """One entry of an incident's timeline. `text` is the page's own words; `at` may be unknown."""

    at: float | None
    stage: Stage
    text: str = ""


@dataclass(frozen=True, slots=True)
class Incident:
    """One outage or slowness.

    Attributes:
        id: the page's own; of one seen here only, `here:` and the moment it began.
        title: in the page's words, or ours.
        started_at: None where the page does not say.
        affects: names of the parts of the service.
        url: where the page tells more; empty where there is no such address.
        timeline: the oldest first.
        seen_here: whether this person's own requests fail as well.
    """

    id: str
    title: str
    level: Level
    stage: Stage
    started_at: float | None = None
    affects: tuple[str, ...] = ()
    url: str = ""
    timeline: tuple[Update, ...] = ()
    seen_here: bool = False


@dataclass(frozen=True, slots=True)
class PageReading:
    """What a status page said at `as_of`, by this machine's clock."""

    as_of: float
    level: Level
    incidents: tuple[Incident, ...] = ()
    affected: tuple[str, ...] = ()
    """The parts of the service that do not work as they should."""


@dataclass(frozen=True, slots=True)
class SeenHere:
    """What this person's own requests show; a moment is None where there is no such trouble.

    Attributes:
        gateway: what it is called.
        down_since: when its breaker opened.
        slow_since: since when answers take longer than they may.
        answered_at: when a request was last answered.
        offline: this machine has no network, so nothing can be said of anybody else.
    """

    gateway: str = ""
    down_since: float | None = None
    slow_since: float | None = None
    answered_at: float | None = None
    offline: bool = False


@dataclass(frozen=True, slots=True)
class Service:
    """The whole: how bad it is, by whose word, and every incident, the worst first.

    Attributes:
        as_of: when the status page was last heard; None where it never was.
    """

    level: Level = Level.UNKNOWN
    as_of: float | None = None
    incidents: tuple[Incident, ...] = ()

    @property
    def open(self) -> bool:
        """Whether there is an incident, so that the page is worth asking more often."""
        return any(incident.level is not Level.OK for incident in self.incidents)


def worst(levels: Iterable[Level]) -> Level:
    """The worst of them; where nothing is wrong and something is not known, that is unknown."""
    known = sorted(levels, key=_ORDER.index)
    if not known:
        return Level.UNKNOWN
    return Level.UNKNOWN if known[0] is Level.UNKNOWN and known[-1] is Level.OK else known[-1]


def service(page: PageReading | None, seen: SeenHere, now: float) -> Service:
    """What is true at `now` from both sides.

    A page that says nothing of what fails here is joined by an incident "seen here". A page's own
    incident is marked where it is felt here too. What fails here is never "ok", whatever a page says.
    """
    fresh = page is not None and 0 <= now - page.as_of <= STALE_S
    said = page.incidents if page is not None and fresh else ()
    level = page.level if page is not None and fresh else Level.UNKNOWN
    here = None if seen.offline else _seen_here(seen, now)
    if here is not None:
        same = [i for i in said if i.level is not Level.MAINTENANCE]
        said = tuple(_felt(i, here) if i in same else i for i in said)
        said = said if same else (here, *said)
        # Here it fails: a page that does not know yet cannot make that unknown.
        level = here.level if level is Level.UNKNOWN else worst((level, here.level))
    elif not fresh and seen.answered_at is not None and 0 <= now - seen.answered_at <= PROVES_S:
        level = Level.OK
    ordered = sorted(said, key=lambda i: (-_ORDER.index(i.level), -(i.started_at or 0.0)))
    as_of = page.as_of if page is not None else None
    return Service(level, as_of, tuple(ordered[:MAX_INCIDENTS]))


def _seen_here(seen: SeenHere, now: float) -> Incident | None:
    for since, level, code in (
        (seen.down_since, Level.MAJOR, "incident.down_here"),
        (seen.slow_since, Level.MINOR, "incident.slow_here"),
    ):
        # A moment in the future is a clock that was set back; the trouble is real all the same.
        if since is not None and (now - since >= SEEN_HERE_AFTER_S or since > now):
            began = min(since, now)
            words = say(code, {"name": seen.gateway})
            told = Update(began, Stage.SEEN_HERE, words.what)
            return Incident(
                f"here:{began:.0f}",
                words.title,
                level,
                Stage.SEEN_HERE,
                began,
                timeline=(told,),
                seen_here=True,
            )
    return None


def _felt(incident: Incident, here: Incident) -> Incident:
    timeline = sorted((*incident.timeline, *here.timeline), key=lambda update: update.at or 0.0)
    return replace(incident, seen_here=True, timeline=tuple(timeline[-MAX_UPDATES:]))
