"""Provenance in the usage ledger: where suggestions went and what survived, as numbers and hashes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from ..domain.explaining.line_origin import Taken
from ..domain.provenance import Provenance, Way

SCRIPT = """
    CREATE TABLE provenance (
        trace_id TEXT NOT NULL,
        file TEXT NOT NULL,
        at REAL NOT NULL,
        way TEXT NOT NULL,
        first_line INTEGER NOT NULL,
        lines INTEGER NOT NULL,
        characters INTEGER NOT NULL,
        range_hash TEXT NOT NULL,
        saved INTEGER,
        later INTEGER,
        PRIMARY KEY (trace_id, file)
    ) WITHOUT ROWID;
    CREATE INDEX provenance_at ON provenance (at);
    """

MOST = 50_000
"""Some 8 MB; the oldest are forgotten first."""

# Each look writes the whole of what is known by then, so the latest word stands.
_PUT = "INSERT OR REPLACE INTO provenance VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

_SELECT = "SELECT trace_id, at, way, file, lines, range_hash, saved, later FROM provenance"


def put(link: sqlite3.Connection, known: Provenance) -> None:
    """Write it, inside the caller's transaction."""
    link.execute(
        _PUT,
        (
            known.trace_id,
            known.file,
            known.at,
            known.way.value,
            known.first_line,
            len(known.line_hashes),
            known.characters,
            known.range_hash,
            known.saved,
            known.later,
        ),
    )


def taken(link: sqlite3.Connection) -> Iterator[Taken]:
    """The suggestions that went into files; a row this version cannot read is left out."""
    for trace_id, at, way, file, lines, whole, saved, later in link.execute(_SELECT):
        known = next((one for one in Way if one.value == way), None)
        if known is not None and known is not Way.DISMISSED:
            yield Taken(trace_id, at, known, file, lines, whole, saved, later)


def forget(link: sqlite3.Connection, before: float) -> None:
    """Delete what is older than `before`, and the oldest of too many."""
    link.execute("DELETE FROM provenance WHERE at < ?", (before,))
    link.execute(
        "DELETE FROM provenance WHERE at < (SELECT at FROM provenance ORDER BY at DESC"
        " LIMIT 1 OFFSET ?)",
        (MOST,),
    )
