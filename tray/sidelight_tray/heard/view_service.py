"""What the tray could read of the gateway's health: incidents, and thirty days of availability."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .fields import clean, items, many, moment, number, seconds, section, text


@dataclass(frozen=True, slots=True)
class Update:
    """One entry of an incident's timeline."""

    at: float | None
    stage: str


@dataclass(frozen=True, slots=True)
class Incident:
    """One outage or slowness, by the status page's word or seen here."""

    title: str
    level: str
    stage: str
    started_at: float | None = None
    affects: tuple[str, ...] = ()
    url: str = ""
    timeline: tuple[Update, ...] = ()
    seen_here: bool = False


@dataclass(frozen=True, slots=True)
class Service:
    """How the gateway is; the level is empty where nobody says."""

    level: str = ""
    as_of: float | None = None
    incidents: tuple[Incident, ...] = ()


NOTHING_SAID = Service()


@dataclass(frozen=True, slots=True)
class Day:
    """One day in minutes; None is unknown."""

    date: str
    seen: float | None
    degraded: float | None
    down: float | None


@dataclass(frozen=True, slots=True)
class Uptime:
    """The last thirty days."""

    days: tuple[Day, ...] = ()
    availability: float | None = None
    slo: float | None = None
    budget_s: float | None = None
    used_s: float | None = None
    longest_s: float | None = None


def service_of(data: Mapping[str, Any]) -> Service:
    """The service that `data` tells of. Never raises."""
    return Service(text(data, "level"), moment(data, "as_of"), many(data, "incidents", _incident))


def uptime_of(data: Mapping[str, Any]) -> Uptime | None:
    """The snapshot's uptime; None where nothing is kept."""
    said = section(data, "uptime")
    if not said:
        return None
    return Uptime(
        days=many(said, "days", _day),
        availability=_share(said, "availability"),
        slo=_share(said, "slo"),
        budget_s=seconds(said, "budget_ms"),
        used_s=seconds(said, "used_ms"),
        longest_s=seconds(said, "longest_ms"),
    )


def _incident(data: Mapping[str, Any]) -> Incident:
    return Incident(
        title=text(data, "title"),
        level=text(data, "level"),
        stage=text(data, "stage"),
        started_at=moment(data, "started_at"),
        affects=tuple(part for part in map(clean, items(data, "affects")) if part),
        url=text(data, "url"),
        timeline=many(data, "timeline", _update),
        seen_here=data.get("seen_here") is True,
    )


def _update(data: Mapping[str, Any]) -> Update:
    return Update(moment(data, "at"), text(data, "stage"))


def _day(data: Mapping[str, Any]) -> Day:
    return Day(
        text(data, "date"),
        number(data, "seen_min"),
        number(data, "degraded_min"),
        number(data, "down_min"),
    )


def _share(data: Mapping[str, Any], name: str) -> float | None:
    value = number(data, name)
    return value if value is not None and value <= 1 else None
