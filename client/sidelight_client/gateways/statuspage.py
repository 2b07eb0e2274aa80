"""Status pages in the shape of Statuspage's API v2 (`/api/v2/summary.json`), read with every doubt.

https://developer.statuspage.io/ and https://metastatuspage.com/api describe it. A page can be wrong,
old, half-filled or no status page at all: what cannot be read makes the whole unknown, never "ok".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from ..domain.service.incidents import (
    MAX_INCIDENTS,
    MAX_UPDATES,
    Incident,
    Level,
    PageReading,
    Stage,
    Update,
    worst,
)
from .untrusted import items, mapping, member, text

MAX_COMPONENTS = 300
DEEPEST_GROUP = 4
LONGEST_NAME = 120
LONGEST_UPDATE = 300
LONGEST_URL = 500
MAX_NAMES = 12
_EARLIEST = 946_684_800.0
"""The year 2000; a moment before it is a mistake."""

_INDICATORS = {
    "none": Level.OK,
    "maintenance": Level.MAINTENANCE,
    "minor": Level.MINOR,
    "major": Level.MAJOR,
    "critical": Level.CRITICAL,
}
_COMPONENTS = {
    "operational": Level.OK,
    "under_maintenance": Level.MAINTENANCE,
    "degraded_performance": Level.MINOR,
    "partial_outage": Level.MINOR,
    "major_outage": Level.MAJOR,
}
_STAGES = {
    "verifying": Stage.MONITORING,
    "scheduled": Stage.IDENTIFIED,
    "in_progress": Stage.IDENTIFIED,
    "completed": Stage.RESOLVED,
    "postmortem": Stage.RESOLVED,
}


def page_reading(document: Any, now: float) -> PageReading | None:
    """What the page says; None for what is no summary of a status page."""
    page = mapping(document)
    if not isinstance(page.get("status"), dict) and not isinstance(page.get("components"), list):
        return None
    indicator = _INDICATORS.get(_word(mapping(page.get("status")).get("indicator")), Level.UNKNOWN)
    parts = list(islice(_components(page.get("components"), 0), MAX_COMPONENTS + 1))
    if len(parts) > MAX_COMPONENTS:
        parts[-1] = (Level.UNKNOWN, "")  # What was not looked at may be broken.
    listed = items(page.get("incidents"), 10 * MAX_INCIDENTS)
    read = (_incident(mapping(said), now) for said in listed if isinstance(said, dict))
    incidents = [incident for incident in read if incident.stage is not Stage.RESOLVED]
    levels = (*(level for level, _ in parts), *(incident.level for incident in incidents))
    level = worst((indicator, *levels))
    affected = [name for level, name in parts if name and level is not Level.OK]
    return PageReading(
        now,
        level,
        tuple(incidents[:MAX_INCIDENTS]),
        tuple(dict.fromkeys(affected))[:MAX_NAMES],
    )


def _components(listed: Any, depth: int) -> Iterator[tuple[Level, str]]:
    """Level and name of each part. A group has a level as well, and no name worth telling."""
    for said in map(mapping, items(listed, MAX_COMPONENTS + 1)):
        if not said:
            continue
        level = _COMPONENTS.get(_word(said.get("status")), Level.UNKNOWN)
        group = said.get("group") is True
        yield level, "" if group else text(said.get("name"), LONGEST_NAME)
        # Some pages nest the parts of a group; Statuspage itself lists their ids there.
        inner = [part for part in items(said.get("components"), 50) if mapping(part)]
        if inner and depth < DEEPEST_GROUP:
            yield from _components(inner, depth + 1)
        elif inner:
            yield Level.UNKNOWN, ""


def _incident(said: Mapping[str, Any], now: float) -> Incident:
    updates = [_update(mapping(update), now) for update in items(said.get("incident_updates"), 50)]
    updates.sort(key=lambda update: update.at or 0.0)
    started_at = _moment(said.get("started_at"), now) or _moment(said.get("created_at"), now)
    title = text(said.get("name"), LONGEST_NAME)
    parts = (text(mapping(p).get("name"), LONGEST_NAME) for p in items(said.get("components"), 50))
    return Incident(
        id=text(said.get("id"), 64) or f"page:{title[:40]}:{started_at or 0:.0f}",
        title=title,
        # An incident that does not say how bad it is, is one all the same.
        level=_INDICATORS.get(_word(said.get("impact")), Level.MINOR),
        stage=_stage(said.get("status")),
        started_at=started_at,
        affects=tuple(dict.fromkeys(name for name in parts if name))[:MAX_NAMES],
        url=_web_address(said.get("shortlink")),
        timeline=tuple(updates[-MAX_UPDATES:]),
    )


def _update(said: Mapping[str, Any], now: float) -> Update:
    at = _moment(said.get("display_at"), now) or _moment(said.get("created_at"), now)
    return Update(at, _stage(said.get("status")), text(said.get("body"), LONGEST_UPDATE))


def _stage(value: Any) -> Stage:
    stage = _STAGES.get(_word(value)) or member(Stage, _word(value)) or Stage.UNKNOWN
    return Stage.UNKNOWN if stage is Stage.SEEN_HERE else stage


def _word(value: Any) -> str:
    return value.strip().lower() if isinstance(value, str) else ""


def _moment(value: Any, now: float) -> float | None:
    """ISO 8601 as seconds since the epoch, never later than `now`: a page's clock may run ahead."""
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value[:40]).astimezone().timestamp()
    except (ValueError, OverflowError, OSError):
        return None
    return min(at, now) if at >= _EARLIEST else None


def _web_address(value: Any) -> str:
    """An https address that can be opened for a person; empty for anything else."""
    said = text(value, LONGEST_URL)
    try:
        parts = urlsplit(said)
        plain = not (parts.username or parts.password)
    except ValueError:
        return ""
    return said if parts.scheme == "https" and parts.hostname and plain else ""
