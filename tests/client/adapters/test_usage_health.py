"""The gateway's health in the ledger: minutes, incidents, two writers, old and broken files."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sidelight_client.adapters import usage_file
from sidelight_client.adapters.usage_file import LedgerFile
from sidelight_client.adapters.usage_health import read_health
from sidelight_client.adapters.usage_ledger import UsageLedger
from sidelight_client.domain.service.incidents import (
    Incident,
    Level,
    PageReading,
    SeenHere,
    Stage,
    service,
)
from sidelight_client.domain.service.uptime import (
    KEPT_S,
    MAX_PAST,
    Health,
    HealthNote,
    PastIncident,
    note,
    uptime,
)
from support.ledger_process import request

NOW = 1_700_000_000.0
REQUEST = replace(request(1, "Vim 9"), at=NOW)
URL = "https://gateway.example/v1"
OUTAGE = PageReading(
    NOW, Level.MAJOR, (Incident("i1", "It fails", Level.MAJOR, Stage.IDENTIFIED, NOW - 600),)
)


@pytest.fixture
def path(private_home: Path) -> Path:
    return private_home / "state" / "usage.db"


@pytest.fixture
def file(path: Path) -> Iterator[LedgerFile]:
    with contextlib.closing(LedgerFile(path)) as opened:
        yield opened


def looked(page: PageReading | None, at: float, before: float | None = None) -> HealthNote:
    return note(URL, service(page, SeenHere("g"), at), before, at)


def test_what_was_noted_is_read_with_its_incident(path: Path, file: LedgerFile) -> None:
    file.append([looked(OUTAGE, NOW), REQUEST])
    health = read_health(path, "https://gateway.example", NOW)
    found, (past,) = uptime(health.hours, NOW), health.past
    assert found.used_s == 11 * 60.0
    assert past == PastIncident("i1", "It fails", Level.MAJOR, NOW - 600, NOW)


def test_two_brokers_note_the_same_minutes_once(path: Path, file: LedgerFile) -> None:
    with contextlib.closing(LedgerFile(path)) as other:
        for _ in range(3):
            file.append([looked(OUTAGE, NOW)])
            other.append([looked(OUTAGE, NOW)])
    health = read_health(path, URL, NOW)
    assert uptime(health.hours, NOW).used_s == 11 * 60.0
    assert len(health.past) == 1


def test_an_incident_goes_on_until_it_was_last_heard_of(path: Path, file: LedgerFile) -> None:
    file.append([looked(OUTAGE, NOW)])
    later = PageReading(NOW + 300, Level.MAJOR, OUTAGE.incidents)
    file.append([looked(later, NOW + 300, NOW)])
    (past,) = read_health(path, URL, NOW + 300).past
    assert (past.started_at, past.last_at) == (NOW - 600, NOW + 300)


def test_another_gateways_health_is_not_this_ones(path: Path, file: LedgerFile) -> None:
    file.append([looked(OUTAGE, NOW)])
    assert read_health(path, "https://other.example", NOW) == Health()


def test_only_thirty_days_and_a_bounded_number_of_incidents_are_kept(
    path: Path, file: LedgerFile
) -> None:
    old = NOW - KEPT_S - 90_000
    many = tuple(
        PastIncident(f"i{n}", "x" * 900, Level.MINOR, NOW + n, NOW + n) for n in range(300)
    )
    file.append([looked(PageReading(old, Level.OK), old), HealthNote(URL, NOW, (), many)])
    file.forget(NOW, KEPT_S, 10**9)
    health = read_health(path, URL, NOW)
    assert health.hours == ()
    assert len(health.past) == MAX_PAST
    assert health.past[0].id == "i299"
    assert len(health.past[0].title) == 120


def test_a_ledger_of_an_earlier_version_gains_the_tables(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(usage_file, "STEPS", usage_file.STEPS[:1])
        with contextlib.closing(LedgerFile(path)) as old:
            old.append([REQUEST])
        assert read_health(path, URL, NOW) == Health()
    with contextlib.closing(LedgerFile(path)) as new:
        new.append([looked(OUTAGE, NOW)])
    assert len(read_health(path, URL, NOW).past) == 1
    assert len(list(usage_file.read_requests(path, 0, 2e9))) == 1


def test_a_row_somebody_else_wrote_is_left_out(path: Path, file: LedgerFile) -> None:
    file.append([looked(OUTAGE, NOW)])
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as link:
        link.execute(
            "INSERT INTO incident VALUES (?, 'x', 5, 'whatever', 'soon', ?, 0)",
            ("https://gateway.example", NOW),
        )
        link.execute("UPDATE health_hour SET seen = 'all of it'")
    health = read_health(path, URL, NOW)
    assert health.hours == ()
    assert [past.id for past in health.past] == ["i1"]


def test_there_is_no_health_without_a_ledger(path: Path) -> None:
    assert read_health(path, URL, NOW) == Health()


def test_the_ledgers_thread_writes_notes_among_requests(path: Path) -> None:
    ledger = UsageLedger(path, clock=lambda: NOW)
    ledger.record(REQUEST)
    ledger.note_health(looked(OUTAGE, NOW))
    ledger.close()
    assert len(read_health(path, URL, NOW).past) == 1
