"""Provenance in the ledger's file: the latest word stands, and old and too many are forgotten."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from sidelight_client.adapters import usage_provenance
from sidelight_client.adapters.usage_file import LedgerFile
from sidelight_client.adapters.usage_ledger import UsageLedger
from sidelight_client.domain.provenance import Provenance, Way, look_again, provenance

NOW = 1_700_000_000.0
LINES = ["alpha = 1\n", "beta = 2\n"]


def known(number: int = 0, at: float = NOW) -> Provenance:
    return provenance(
        f"{number:032x}",
        at,
        Way.PARTLY,
        uri="file:///work/app.py",
        first_line=3,
        text="".join(LINES),
        lines=LINES,
    )


def rows(path: Path) -> list[tuple[object, ...]]:
    with sqlite3.connect(path) as link:
        found = link.execute(
            "SELECT trace_id, at, way, first_line, lines, characters, saved, later"
            " FROM provenance ORDER BY at, trace_id"
        ).fetchall()
    link.close()
    return [tuple(row) for row in found]


def test_what_a_later_look_found_takes_the_place_of_what_was_known(tmp_path: Path) -> None:
    path = tmp_path / "usage.db"
    ledger = UsageLedger(path, clock=lambda: NOW)
    first = known()
    ledger.note_provenance(first)
    ledger.note_provenance(look_again(first, LINES, saved=True))
    ledger.note_provenance(look_again(replace(first, saved=2), LINES[:1], later=True))
    ledger.close()
    assert rows(path) == [(first.trace_id, NOW, "partly", 3, 2, 19, 2, 1)]
    assert b"alpha" not in path.read_bytes()
    assert b"app.py" not in path.read_bytes()


def test_the_old_and_the_oldest_of_too_many_are_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage_provenance, "MOST", 3)
    path = tmp_path / "usage.db"
    file = LedgerFile(path)
    file.append([known(number, NOW + number) for number in range(6)])
    file.append([known(9, NOW - 1_000.0)])
    file.forget(NOW + 10.0, kept_s=500.0, max_bytes=10**9)
    file.close()
    assert [row[1] for row in rows(path)] == [NOW + 2, NOW + 3, NOW + 4, NOW + 5]
