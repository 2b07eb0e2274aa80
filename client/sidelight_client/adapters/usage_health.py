"""The gateway's health in the usage ledger: minutes as bits, and the incidents of thirty days."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from ..domain.service.incidents import Level
from ..domain.service.uptime import KEPT_S, MAX_PAST, Health, HealthNote, Hour, PastIncident
from ..domain.spending.usage_limits import endpoint_of

SCRIPT = """
    CREATE TABLE health_hour (
        gateway TEXT NOT NULL,
        hour INTEGER NOT NULL,
        seen INTEGER NOT NULL,
        degraded INTEGER NOT NULL,
        down INTEGER NOT NULL,
        PRIMARY KEY (gateway, hour)
    ) WITHOUT ROWID;
    CREATE TABLE incident (
        gateway TEXT NOT NULL,
        id TEXT NOT NULL,
        title TEXT NOT NULL,
        level TEXT NOT NULL,
        started_at REAL NOT NULL,
        last_at REAL NOT NULL,
        seen_here INTEGER NOT NULL,
        PRIMARY KEY (gateway, id)
    ) WITHOUT ROWID;
    """

_LONGEST_TITLE = 120
_LONGEST_ID = 64
_MINUTES = (1 << 60) - 1
_HOUR_S = 3_600

# Bits are joined, not replaced: two brokers note the same minutes.
_PUT_HOUR = (
    "INSERT INTO health_hour VALUES (?, ?, ?, ?, ?) ON CONFLICT (gateway, hour) DO UPDATE SET"
    " seen = seen | excluded.seen, degraded = degraded | excluded.degraded,"
    " down = down | excluded.down"
)
_PUT_INCIDENT = (
    "INSERT INTO incident VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (gateway, id) DO UPDATE SET"
    " title = excluded.title, level = excluded.level, last_at = max(last_at, excluded.last_at),"
    " started_at = min(started_at, excluded.started_at),"
    " seen_here = max(seen_here, excluded.seen_here)"
)


def put(link: sqlite3.Connection, note: HealthNote) -> None:
    """Write `note`, inside the caller's transaction."""
    gateway = endpoint_of(note.gateway)
    link.executemany(
        _PUT_HOUR,
        [(gateway, hour.hour, hour.seen, hour.degraded, hour.down) for hour in note.hours],
    )
    link.executemany(
        _PUT_INCIDENT,
        [
            (
                gateway,
                past.id[:_LONGEST_ID],
                past.title[:_LONGEST_TITLE],
                past.level.value,
                past.started_at,
                past.last_at,
                int(past.seen_here),
            )
            for past in note.incidents
        ],
    )


def forget(link: sqlite3.Connection, now: float) -> None:
    """Delete what is older than thirty days, and the oldest incidents of too many."""
    link.execute("DELETE FROM health_hour WHERE hour < ?", (int((now - KEPT_S) // _HOUR_S) - 1,))
    link.execute("DELETE FROM incident WHERE last_at < ?", (now - KEPT_S,))
    link.execute(
        "DELETE FROM incident WHERE (gateway, id) NOT IN"
        " (SELECT gateway, id FROM incident ORDER BY last_at DESC LIMIT ?)",
        (MAX_PAST,),
    )


def read_from(link: sqlite3.Connection, gateway: str, now: float) -> Health:
    """The minutes and the incidents of the gateway at `gateway`, the latest incident first.

    A row this version cannot read is left out; a ledger from before there was health has none.
    """
    where = endpoint_of(gateway)
    first = int((now - KEPT_S) // _HOUR_S) - 1
    try:
        hours = link.execute(
            "SELECT hour, seen, degraded, down FROM health_hour"
            " WHERE gateway = ? AND hour BETWEEN ? AND ?",
            (where, first, int(now // _HOUR_S)),
        ).fetchall()
        past = link.execute(
            "SELECT id, title, level, started_at, last_at, seen_here FROM incident"
            " WHERE gateway = ? AND last_at >= ? ORDER BY last_at DESC LIMIT ?",
            (where, now - KEPT_S, MAX_PAST),
        ).fetchall()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return Health()
        raise
    return Health(tuple(_hours(hours)), tuple(_past(past)))


def read_health(path: Path, gateway: str, now: float) -> Health:
    """The same from the file at `path`, which is not changed; nothing where there is none.

    Raises:
        sqlite3.Error: it cannot be read.
    """
    if not path.is_file():
        return Health()
    with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as link:
        return read_from(link, gateway, now)


def _hours(rows: list[tuple[object, ...]]) -> Iterator[Hour]:
    for row in rows:
        numbers = [value for value in row if isinstance(value, int)]
        if len(numbers) == len(row):
            hour, *masks = numbers
            yield Hour(hour, *(mask & _MINUTES for mask in masks))


def _past(rows: list[tuple[object, ...]]) -> Iterator[PastIncident]:
    levels = {level.value: level for level in Level}
    for id_, title, level, started_at, last_at, seen_here in rows:
        if (
            isinstance(id_, str)
            and isinstance(title, str)
            and isinstance(started_at, float)
            and isinstance(last_at, float)
        ):
            known = levels.get(str(level), Level.UNKNOWN)
            yield PastIncident(id_, title, known, started_at, last_at, seen_here == 1)
