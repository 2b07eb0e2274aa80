"""Outages and availability as JSON: the snapshot's `service` and `uptime`; a public format.

Both may be missing, from an older broker; a level or stage of a newer one reads as unknown.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

from ..domain.service.incidents import Incident, Level, Service, Stage, Update
from ..domain.service.uptime import Day, PastIncident, Uptime
from .frames import (
    Json,
    flag,
    integer,
    milliseconds,
    number,
    optional_number,
    seconds,
    section,
    sections,
    text,
    texts,
)

E = TypeVar("E", bound=StrEnum)


def service_to_json(service: Service) -> Json:
    """How the gateway is; `level` is `unknown` where nobody says, never `ok`."""
    return {
        "level": service.level.value,
        "as_of": service.as_of,
        "incidents": [
            {
                "id": incident.id,
                "title": incident.title,
                "level": incident.level.value,
                "stage": incident.stage.value,
                "started_at": incident.started_at,
                "affects": list(incident.affects),
                "url": incident.url,
                "timeline": [
                    {"at": update.at, "stage": update.stage.value, "text": update.text}
                    for update in incident.timeline
                ],
                "seen_here": incident.seen_here,
            }
            for incident in service.incidents
        ],
    }


def service_from_json(data: Json) -> Service:
    """The snapshot's `service`. Raises WireError."""
    if data.get("service") is None:
        return Service()
    said = section(data, "service")
    return Service(
        _known(said, "level", Level, Level.UNKNOWN),
        optional_number(said, "as_of"),
        sections(said, "incidents", _incident),
    )


def uptime_to_json(uptime: Uptime | None) -> Json | None:
    """Thirty bars in minutes, and what they come to; `availability` is null where nobody watched."""
    if uptime is None:
        return None
    return {
        "days": [
            {
                "date": day.date,
                "seen_min": day.seen,
                "degraded_min": day.degraded,
                "down_min": day.down,
                "availability": day.availability,
            }
            for day in uptime.days
        ],
        "availability": uptime.availability,
        "slo": uptime.slo,
        "budget_ms": milliseconds(uptime.budget_s),
        "used_ms": milliseconds(uptime.used_s),
        "longest_ms": milliseconds(uptime.longest_s),
        "past": [
            {
                "id": past.id,
                "title": past.title,
                "level": past.level.value,
                "started_at": past.started_at,
                "last_at": past.last_at,
                "seen_here": past.seen_here,
            }
            for past in uptime.past
        ],
    }


def uptime_from_json(data: Json) -> Uptime | None:
    """The snapshot's `uptime`. Raises WireError."""
    if data.get("uptime") is None:
        return None
    said = section(data, "uptime")
    return Uptime(
        days=sections(said, "days", _day),
        availability=optional_number(said, "availability"),
        slo=number(said, "slo"),
        budget_s=seconds(said, "budget_ms"),
        used_s=seconds(said, "used_ms"),
        longest_s=seconds(said, "longest_ms"),
        past=sections(said, "past", _past),
    )


def _incident(data: Json) -> Incident:
    return Incident(
        id=text(data, "id"),
        title=text(data, "title", ""),
        level=_known(data, "level", Level, Level.UNKNOWN),
        stage=_known(data, "stage", Stage, Stage.UNKNOWN),
        started_at=optional_number(data, "started_at"),
        affects=texts(data, "affects"),
        url=text(data, "url", ""),
        timeline=sections(data, "timeline", _update),
        seen_here=flag(data, "seen_here", default=False),
    )


def _update(data: Json) -> Update:
    stage = _known(data, "stage", Stage, Stage.UNKNOWN)
    return Update(optional_number(data, "at"), stage, text(data, "text", ""))


def _day(data: Json) -> Day:
    return Day(
        text(data, "date"),
        integer(data, "seen_min"),
        integer(data, "degraded_min"),
        integer(data, "down_min"),
    )


def _past(data: Json) -> PastIncident:
    return PastIncident(
        text(data, "id"),
        text(data, "title", ""),
        _known(data, "level", Level, Level.UNKNOWN),
        number(data, "started_at"),
        number(data, "last_at"),
        flag(data, "seen_here", default=False),
    )


def _known(data: Json, name: str, kind: type[E], otherwise: E) -> E:
    """The member `data` names; `otherwise` for one this version does not know."""
    said = text(data, name, "")
    return next((member for member in kind if member.value == said), otherwise)
