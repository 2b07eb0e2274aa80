"""The usage ledger's file: its table, what may stand in it, and how a broken one is set aside."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path

from ..domain.explaining.line_origin import Taken
from ..domain.provenance import Provenance
from ..domain.service.uptime import HealthNote
from ..domain.snapshot import DecisionView
from ..domain.spending.usage_limits import Sums, endpoint_of
from . import usage_health, usage_provenance
from .folders import make_private
from .usage_rows import COLUMNS, LATEST, request_of, row_of

Entry = DecisionView | HealthNote | Provenance
"""What can be recorded."""

BUSY_S = 5.0
"""How long a write waits for another process's; each is one short transaction."""
_WAL_BYTES = 1_000_000
"""What the write-ahead log is cut to after a checkpoint."""
_FORGET_TRIES = 20
"""Each deletes a tenth of the requests."""
_DAMAGED = frozenset(
    (
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        # A file that cannot be written in a folder that can, and one with another table in it.
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_ERROR,
        sqlite3.SQLITE_CONSTRAINT,
        sqlite3.SQLITE_MISMATCH,
    )
)

STEPS = (
    """
    CREATE TABLE request (
        id INTEGER PRIMARY KEY,
        at REAL NOT NULL,
        trace_id TEXT NOT NULL,
        outcome TEXT NOT NULL,
        reason TEXT NOT NULL,
        tier TEXT NOT NULL,
        language TEXT NOT NULL,
        editor TEXT NOT NULL,
        endpoint TEXT NOT NULL,
        model TEXT NOT NULL,
        sends INTEGER NOT NULL,
        total_s REAL NOT NULL,
        gateway_s REAL,
        first_s REAL,
        prompt_tokens INTEGER,
        cached_tokens INTEGER,
        output_tokens INTEGER,
        cost_nano INTEGER
    );
    CREATE INDEX request_at ON request (at);
    """,
    usage_health.SCRIPT,
    usage_provenance.SCRIPT,
)
"""One script a schema version (`PRAGMA user_version`). A later one may only add, so that an older
Sidelight beside a newer one goes on writing.

Architecture invariant: no column holds text of a person, a prompt, a suggestion, a path or a name
of a repository.
"""

_INSERT = f"INSERT INTO request ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608 - our own names
_SELECT = f"SELECT {', '.join(COLUMNS)} FROM request WHERE at >= ? AND at < ? ORDER BY at, id"  # noqa: S608 - our own names


_SUMS = (
    "SELECT coalesce(sum(sends), 0),"
    " CASE WHEN count(prompt_tokens) + count(output_tokens) > 0"
    " THEN coalesce(sum(prompt_tokens), 0) + coalesce(sum(output_tokens), 0) END,"
    " sum(cost_nano) FROM request WHERE at BETWEEN ? AND ?"
)
_OF_GATEWAY = " AND endpoint IN ({places})"


class LedgerFile:
    """A connection for one thread. Every method may raise sqlite3.Error or OSError."""

    def __init__(self, path: Path) -> None:
        """Open the file, and create or migrate it; it is readable by this person only."""
        make_private(path.parent)
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        os.close(os.open(path, flags, 0o600))
        self._link = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
        try:
            self._link.execute("PRAGMA journal_mode = WAL")
            # With WAL this keeps the file whole whatever happens; only a power cut may cost the
            # last few requests (https://www.sqlite.org/pragma.html#pragma_synchronous).
            self._link.execute("PRAGMA synchronous = NORMAL")
            self._link.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")
            self.version = self._migrate()
        except BaseException:
            self._link.close()
            raise

    def append(self, entries: Iterable[Entry]) -> None:
        """Write all of them, or none."""
        listed = list(entries)
        rows = [row_of(entry) for entry in listed if isinstance(entry, DecisionView)]
        with self._transaction():
            self._link.executemany(_INSERT, rows)
            for entry in listed:
                if isinstance(entry, HealthNote):
                    usage_health.put(self._link, entry)
                elif isinstance(entry, Provenance):
                    usage_provenance.put(self._link, entry)

    def forget(self, now: float, kept_s: float, max_bytes: int) -> None:
        """Delete what is older than `kept_s`, and the oldest while the rest fills `max_bytes`."""
        before = now - kept_s
        with self._transaction():
            usage_health.forget(self._link, now)
            usage_provenance.forget(self._link, before)
            self._link.execute("DELETE FROM request WHERE at < ?", (before,))
            for _ in range(_FORGET_TRIES):
                if self._bytes_used() <= max_bytes:
                    break
                self._link.execute(
                    "DELETE FROM request WHERE id IN (SELECT id FROM request ORDER BY at, id"
                    " LIMIT (SELECT max(1, count(*) / 10) FROM request))"
                )

    def close(self) -> None:
        self._link.close()

    def _migrate(self) -> int:
        with self._transaction():
            version = self._number("user_version")
            for number, script in enumerate(STEPS[version:], version + 1):
                # `executescript` would commit first; then two processes could migrate at once.
                for statement in filter(str.strip, script.split(";")):
                    self._link.execute(statement)
                self._link.execute(f"PRAGMA user_version = {number}")
            return max(version, len(STEPS))

    def _bytes_used(self) -> int:
        pages = self._number("page_count") - self._number("freelist_count")
        return pages * self._number("page_size")

    def _number(self, pragma: str) -> int:
        (number,) = self._link.execute(f"PRAGMA {pragma}").fetchone()
        return int(number)

    @contextlib.contextmanager
    def _transaction(self) -> Generator[None]:
        self._link.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._link.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._link.execute("ROLLBACK")
            raise


def damaged(error: Exception, path: Path) -> bool:
    """Whether the file itself is the problem, so that a new one in its place would work."""
    if isinstance(error, PermissionError):
        return os.path.lexists(path) and os.access(path.parent, os.W_OK | os.X_OK)
    return isinstance(error, sqlite3.Error) and _code(error) in _DAMAGED


def problem(error: Exception) -> str:
    """The problem in a few words; never a statement or a value."""
    if isinstance(error, sqlite3.Error):
        return {
            sqlite3.SQLITE_FULL: "the disk is full",
            sqlite3.SQLITE_IOERR: "the disk refuses to write",
            sqlite3.SQLITE_BUSY: "another program holds the usage ledger",
            sqlite3.SQLITE_CANTOPEN: "the usage ledger cannot be opened",
            sqlite3.SQLITE_CORRUPT: "the usage ledger is damaged",
            sqlite3.SQLITE_NOTADB: "the usage ledger is damaged",
        }.get(_code(error), "the usage ledger cannot be used")
    return (error.strerror if isinstance(error, OSError) else None) or type(error).__name__


def aside_of(path: Path) -> Path:
    """Where a broken file of `path` is kept; there is one such place."""
    return path.with_name(f"{path.stem}.damaged{path.suffix}")


def set_aside(path: Path) -> Path:
    """Move the file with its write-ahead log out of the way. Raises OSError."""
    aside = aside_of(path)
    # SQLite must not find the old log beside the new file, nor beside the one set aside before.
    for ending in ("-wal", "-shm", ""):
        old, new = Path(f"{path}{ending}"), Path(f"{aside}{ending}")
        try:
            old.replace(new)
        except FileNotFoundError:
            new.unlink(missing_ok=True)
    return aside


def read_requests(path: Path, since: float, until: float) -> Iterator[DecisionView]:
    """The requests from `since` up to but not including `until`, the oldest first.

    Nothing is created or changed. A row this version cannot read is left out.

    Raises:
        FileNotFoundError: there is no ledger yet.
        sqlite3.Error: it cannot be read.
    """
    with contextlib.closing(_open_to_read(path)) as link:
        for row in link.execute(_SELECT, (max(since, 0.0), min(until, LATEST))):
            decision = request_of(row)
            if decision is not None:
                yield decision


def read_sums(
    path: Path, windows: Iterable[tuple[float, float]], endpoints: Iterable[str]
) -> tuple[Sums, ...]:
    """What was used in each window, first and last moment included.

    Args:
        path: of the ledger.
        windows: each with its first and last moment.
        endpoints: the gateway's addresses; where there are none, all gateways are counted.

    Raises:
        FileNotFoundError: there is no ledger yet.
        sqlite3.Error: it cannot be read.
    """
    places = sorted({endpoint_of(url) for url in endpoints} - {""})
    # What was never sent belongs to whichever gateway is asked about.
    places = ["", *places] if places else []
    question = _SUMS + (_OF_GATEWAY.format(places=", ".join("?" * len(places))) if places else "")
    with contextlib.closing(_open_to_read(path)) as link:
        return tuple(
            Sums(*link.execute(question, (since, until, *places)).fetchone())
            for since, until in windows
        )


def read_taken(path: Path) -> tuple[Taken, ...]:
    """The suggestions that went into files.

    Raises:
        FileNotFoundError: there is no ledger yet.
        sqlite3.Error: it cannot be read.
    """
    with contextlib.closing(_open_to_read(path)) as link:
        return tuple(usage_provenance.taken(link))


def _open_to_read(path: Path) -> sqlite3.Connection:
    """A connection that only reads. In a folder that cannot be written there is no log to share,
    and SQLite must be told that nobody writes (https://www.sqlite.org/wal.html#readonly).

    Raises:
        FileNotFoundError: there is no ledger yet.
        sqlite3.Error: it cannot be read.
    """
    if not path.is_file():
        raise FileNotFoundError(path)
    link = sqlite3.connect(f"{path.as_uri()}?mode=ro", timeout=BUSY_S, uri=True)
    try:
        link.execute("SELECT count(*) FROM (SELECT 1 FROM request LIMIT 1)").fetchone()
    except sqlite3.OperationalError as error:
        link.close()
        unshared = _code(error) in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
        if not unshared or Path(f"{path}-wal").exists():
            raise
        return sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)
    except BaseException:
        link.close()
        raise
    return link


def _code(error: sqlite3.Error) -> int:
    """The primary result code; an error without one comes from the sqlite3 module itself."""
    return int(getattr(error, "sqlite_errorcode", None) or 0) & 0xFF


def identity(path: Path) -> tuple[int, int] | None:
    """Which file is at `path` at the moment, by device and number; None where there is none."""
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_dev, facts.st_ino
