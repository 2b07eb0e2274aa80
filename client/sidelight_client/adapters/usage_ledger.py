"""The usage ledger: requests are recorded in a thread of their own, so that the loop is never held."""

from __future__ import annotations

import logging
import queue
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from ..domain.provenance import Provenance
from ..domain.service.uptime import HealthNote
from ..domain.snapshot import DecisionView
from .file_lock import FileLock
from .usage_file import STEPS, Entry, LedgerFile, damaged, identity, problem, set_aside

log = logging.getLogger("sidelight.usage")

FILE_NAME = "usage.db"
KEPT_S = 400 * 86_400.0
"""A year and a month, so that a month can be set beside the same one of the year before."""
MAX_BYTES = 100_000_000
"""About half a million requests: more than a person's 120 an hour make in that time."""
WAITING_MAX = 2_000
"""Requests that wait to be written; on a disk that stays full the oldest are forgotten."""
RETRY_S = 30.0
GATHER_S = 0.05
"""How long the thread lets entries gather: one commit for a burst, after the answers it would slow down."""
_BATCH = 200
_FORGET_EVERY = 500
_CLOSE_WAIT_S = 2.0


class UsageLedger:
    """A `ports.Ledger` in one SQLite file, which several brokers may write to at once.

    A full disk, a folder that cannot be written and a locked file are waited out, with the newest
    requests kept in memory. A damaged or read-only file is set aside and a new one begun.
    None of it reaches whoever records.
    """

    def __init__(
        self,
        path: Path,
        *,
        clock: Callable[[], float] = time.time,
        max_bytes: int = MAX_BYTES,
        retry_s: float = RETRY_S,
    ) -> None:
        """The file is created with the first record. `close` ends the thread."""
        self._path = path
        self._clock = clock
        self._max_bytes = max_bytes
        self._retry_s = retry_s
        self._queue: queue.SimpleQueue[Entry | None] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._refused = 0
        self._tell: Callable[[str], object] = lambda _problem: None
        self._tell_damaged: Callable[[str], object] = lambda _path: None
        self._told = ""
        # What follows belongs to the thread.
        self._file: LedgerFile | None = None
        self._identity: tuple[int, int] | None = None
        self._waiting: deque[Entry] = deque(maxlen=WAITING_MAX)
        self._until_forgetting = 0
        self._lost = 0
        self._known_missing = 0
        self._thread = threading.Thread(target=self._run, name="usage-ledger", daemon=True)
        self._thread.start()

    def on_problem(self, tell: Callable[[str], object]) -> None:
        """Call `tell`, in the ledger's thread, with a problem when one begins and "" at its end."""
        self._tell = tell

    def on_damaged(self, tell: Callable[[str], object]) -> None:
        """Call `tell`, in the ledger's thread, with the path at which a damaged file is kept."""
        self._tell_damaged = tell

    def record(self, decision: DecisionView) -> None:
        """Take note of a request; returns at once and never raises."""
        self._take_note(decision)

    def note_health(self, note: HealthNote) -> None:
        """Take note of how the gateway is; returns at once and never raises."""
        self._take_note(note)

    def note_provenance(self, known: Provenance) -> None:
        """Take note of where a suggestion went; returns at once and never raises."""
        self._take_note(known)

    def _take_note(self, entry: Entry) -> None:
        if self._closing.is_set():
            return
        if self._queue.qsize() < WAITING_MAX:
            self._queue.put(entry)
        else:
            self._refused += 1

    def close(self) -> None:
        """Write what waits and end the thread; waits two seconds at most, so not on the loop."""
        if not self._closing.is_set():
            self._closing.set()
            self._queue.put(None)
        self._thread.join(_CLOSE_WAIT_S)

    # --- the thread ------------------------------------------------------------------------------

    def _run(self) -> None:
        closing, retry_at = False, 0.0
        while not closing:
            closing = self._take(self._retry_s if self._waiting else None)
            if self._waiting and (closing or time.monotonic() >= retry_at):
                retry_at = 0.0 if self._write() else time.monotonic() + self._retry_s
        self._let_go()

    def _take(self, wait_s: float | None) -> bool:
        """Take what was recorded; whether that was the last."""
        try:
            entry = self._queue.get(timeout=wait_s)
            self._closing.wait(GATHER_S)
            while True:
                if entry is None:
                    return True
                self._lost += len(self._waiting) == WAITING_MAX
                self._waiting.append(entry)
                entry = self._queue.get_nowait()
        except queue.Empty:
            return False

    def _write(self) -> bool:
        """Write everything that waits; whether it worked."""
        try:
            try:
                self._write_all()
            except (sqlite3.Error, OSError) as error:
                if not self._set_aside(error):
                    raise
                self._write_all()
        except Exception as error:
            # Whatever it is, the requests themselves must not hear of it.
            self._let_go()
            log.info("the usage ledger waits: %s", problem(error))
            self._told_of(problem(error))
            return False
        missing = self._lost + self._refused
        if missing > self._known_missing:
            log.info("%d requests are missing from the usage ledger", missing)
            self._known_missing = missing
        self._told_of("")
        return True

    def _write_all(self) -> None:
        file = self._opened()
        while self._waiting:
            batch = list(islice(self._waiting, _BATCH))
            file.append(batch)
            for _ in batch:
                self._waiting.popleft()
            self._until_forgetting -= len(batch)
        if self._until_forgetting <= 0:
            self._until_forgetting = _FORGET_EVERY
            file.forget(self._clock(), KEPT_S, self._max_bytes)

    def _opened(self) -> LedgerFile:
        """The file at the path: another broker may have set aside the one we had open."""
        if self._file is not None and identity(self._path) != self._identity:
            self._let_go()
        if self._file is None:
            self._identity = identity(self._path)
            self._file = LedgerFile(self._path)
            self._identity = self._identity or identity(self._path)
        return self._file

    def _set_aside(self, error: Exception) -> bool:
        """Move a damaged file away; whether it makes sense to try again.

        Of two brokers that find the same damage one moves the file, under the lock; the other then
        finds another file in its place and leaves it alone.
        """
        newer = self._file is not None and self._file.version > len(STEPS)
        self._let_go()
        if newer or not damaged(error, self._path):
            return False
        lock = FileLock(self._path.with_suffix(".lock"))
        try:
            if not lock.try_acquire():
                return False
            if identity(self._path) == self._identity:
                aside = set_aside(self._path)
                log.warning("the usage ledger was damaged; it is kept as %s", aside.name)
                self._heard(self._tell_damaged, str(aside))
        except OSError:
            return False
        finally:
            lock.release()
        return True

    def _told_of(self, trouble: str) -> None:
        if trouble == self._told:
            return
        self._told = trouble
        self._heard(self._tell, trouble)

    def _heard(self, tell: Callable[[str], object], told: str) -> None:
        try:
            tell(told)
        except RuntimeError:
            # The loop that wanted to hear of it has ended.
            log.debug("nobody hears of the usage ledger any more")

    def _let_go(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            try:
                file.close()
            except sqlite3.Error as error:
                log.debug("closing the usage ledger: %s", problem(error))
