"""The usage ledger: what it keeps, what it never holds, and files, disks and processes that fail."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sidelight_client.adapters import usage_file
from sidelight_client.adapters.usage_file import LedgerFile, aside_of, read_requests
from sidelight_client.adapters.usage_ledger import KEPT_S, UsageLedger
from sidelight_client.domain.snapshot import DecisionView
from support.ledger_process import request

NOW = 1_700_000_000.0
TESTS = Path(__file__).parents[2]
FOREVER = 2e9
CANARY = "SIDELIGHT canary 078-05-1120"


@pytest.fixture
def path(private_home: Path) -> Path:
    return private_home / "state" / "usage.db"


@pytest.fixture
def opened(path: Path) -> Iterator[Callable[..., UsageLedger]]:
    """Ledgers that are closed whatever becomes of the test."""
    ledgers: list[UsageLedger] = []

    def one(at: Path = path, **options: object) -> UsageLedger:
        ledgers.append(UsageLedger(at, clock=lambda: NOW, **options))
        return ledgers[-1]

    yield one
    for ledger in ledgers:
        ledger.close()


def held(path: Path) -> list[DecisionView]:
    return list(read_requests(path, 0, FOREVER))


def until(happened: Callable[[], bool], wait_s: float = 20.0) -> None:
    ends = time.monotonic() + wait_s
    while not happened():
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(0.01)


def count(path: Path) -> int:
    try:
        return len(held(path))
    except (FileNotFoundError, sqlite3.Error):
        return 0


def process(path: Path, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "support.ledger_process", path, *arguments]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(p for p in (str(TESTS), *sys.path) if p)
    }
    return subprocess.Popen(
        [str(word) for word in command],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )


FULL = DecisionView(
    trace_id="0af7651916cd43dd8448eb211c80319c",
    at=NOW + 0.25,
    outcome="completed",
    reason="",
    tier="fast",
    language="c++",
    total_s=0.2471,
    prompt_tokens=1200,
    cached_tokens=900,
    output_tokens=17,
    sends=2,
    endpoint="https://gateway.example:8443",
    model="openai/gpt-4o-mini@2026",
    editor="Visual Studio Code 1.120.0",
    gateway_s=0.21,
    first_s=0.18,
    cost=0.000_001_05,
)


def test_a_request_is_read_back_as_it_was_recorded(
    path: Path, opened: Callable[..., UsageLedger]
) -> None:
    ledger = opened()
    unknown = request(1, "Neovim 0.11.2")
    ledger.record(FULL)
    ledger.record(unknown)
    ledger.close()
    assert held(path) == [FULL, unknown]
    assert list(read_requests(path, NOW + 1, FOREVER)) == [unknown]
    assert list(read_requests(path, 0, NOW + 1)) == [FULL]


@pytest.mark.skipif(os.name != "posix", reason="Windows keeps the state folder private by itself")
def test_the_ledger_is_for_its_owner_alone(path: Path, opened: Callable[..., UsageLedger]) -> None:
    opened().record(FULL)
    until(lambda: count(path) == 1)
    for file in path.parent.glob("usage.db*"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_no_column_is_made_for_content(path: Path) -> None:
    LedgerFile(path).close()
    with sqlite3.connect(path) as link:
        columns = [name for _, name, *_ in link.execute("PRAGMA table_info(request)")]
    link.close()
    assert columns == ["id", *usage_file.COLUMNS]
    content = ("text", "prompt", "content", "prefix", "suffix", "uri", "path", "file", "repository")
    assert not [
        c for c in columns if any(c == word or c.startswith(word + "_s") for word in content)
    ]


def test_a_canary_in_every_text_never_reaches_the_file(
    path: Path, opened: Callable[..., UsageLedger]
) -> None:
    ledger = opened()
    texts = ("trace_id", "outcome", "reason", "tier", "language", "model", "editor", "source")
    for name in texts:
        ledger.record(replace(FULL, **{name: f"{CANARY}\n{name}"}))
    ledger.record(replace(FULL, endpoint=f"https://ada:{CANARY}@gateway.example/{CANARY}?{CANARY}"))
    until(lambda: count(path) == len(texts) + 1)
    for file in path.parent.iterdir():
        assert b"canary" not in file.read_bytes(), file.name
        assert b"078-05" not in file.read_bytes(), file.name
    assert {request.language for request in held(path)} == {"c++", "other"}
    assert {request.endpoint for request in held(path)} <= {
        FULL.endpoint,
        "https://gateway.example",
    }


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), -1.0, 1e300])
def test_a_cost_that_is_no_amount_is_unknown(
    path: Path, opened: Callable[..., UsageLedger], odd: float
) -> None:
    ledger = opened()
    ledger.record(replace(FULL, cost=odd, prompt_tokens=10**30))
    ledger.close()
    (read,) = held(path)
    assert (read.cost, read.prompt_tokens) == (None, None)


def test_recording_never_waits_for_the_file(path: Path, opened: Callable[..., UsageLedger]) -> None:
    LedgerFile(path).close()
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    ledger = opened()
    began = time.monotonic()
    for number in range(1_000):
        ledger.record(request(number, "Helix 25.7"))
    took_s = time.monotonic() - began
    holder.execute("ROLLBACK")
    holder.close()
    until(lambda: count(path) == 1_000)
    assert took_s < usage_file.BUSY_S


def test_what_is_older_than_the_ledger_keeps_is_forgotten(
    path: Path, opened: Callable[..., UsageLedger]
) -> None:
    ledger = opened()
    ledger.record(replace(FULL, at=NOW - KEPT_S - 1))
    ledger.record(replace(FULL, at=NOW - KEPT_S + 1))
    ledger.close()
    assert [request.at for request in held(path)] == [NOW - KEPT_S + 1]


def test_a_file_that_grew_too_large_loses_its_oldest_requests(path: Path) -> None:
    file = LedgerFile(path)
    largest = 200_000
    for start in range(0, 6_000, 500):
        file.append(request(number, "Zed 0.200") for number in range(start, start + 500))
        file.forget(0.0, 0.0, largest)
    file.close()
    left = held(path)
    assert path.stat().st_size < 2 * largest
    assert left[-1] == request(5_999, "Zed 0.200")
    assert [r.at for r in left] == [left[0].at + n for n in range(len(left))]


def _scribble(path: Path) -> None:
    """Pages of a real ledger overwritten, as a failing disk does."""
    file = LedgerFile(path)
    file.append(request(number, "Emacs 30.1") for number in range(2_000))
    file.close()
    pages = bytearray(path.read_bytes())
    pages[4096:] = b"\xff" * (len(pages) - 4096)
    path.write_bytes(pages)


def _another_table(path: Path) -> None:
    link = sqlite3.connect(path)
    link.execute("CREATE TABLE request (title TEXT)")
    link.commit()
    link.close()


@pytest.mark.expects_log("the usage ledger was damaged; it is kept as usage.damaged.db")
@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda path: path.write_bytes(b"no database at all" * 1000), id="no database"),
        pytest.param(_scribble, id="damaged pages"),
        pytest.param(_another_table, id="somebody else's table"),
    ],
)
def test_a_damaged_file_is_set_aside_and_nothing_recorded_is_lost(
    path: Path, opened: Callable[..., UsageLedger], damage: Callable[[Path], None]
) -> None:
    path.parent.mkdir()
    damage(path)
    before = path.read_bytes()
    told: list[str] = []
    ledger = opened()
    asides: list[str] = []
    ledger.on_problem(told.append)
    ledger.on_damaged(asides.append)
    ledger.record(FULL)
    ledger.close()
    assert held(path) == [FULL]
    assert asides == [str(aside_of(path))]
    # SQLite marks the file as one with a log before it finds the damage.
    assert aside_of(path).read_bytes()[100:] == before[100:]
    assert told == []


@pytest.mark.expects_log("the usage ledger was damaged")
def test_two_ledgers_that_find_the_same_damage_move_it_once(
    path: Path, opened: Callable[..., UsageLedger]
) -> None:
    path.parent.mkdir()
    path.write_bytes(b"no database at all" * 1000)
    ledgers = [opened(retry_s=0.05) for _ in range(4)]
    for number, ledger in enumerate(ledgers):
        ledger.record(request(number, "Kate 25.4"))
    until(lambda: count(path) == 4)
    assert aside_of(path).read_bytes().startswith(b"no database at all")


def test_a_ledger_goes_on_in_the_new_file_when_another_broker_set_aside_its_own(
    path: Path, opened: Callable[..., UsageLedger]
) -> None:
    first, second = opened(), opened(retry_s=0.05)
    first.record(request(1, "first"))
    until(lambda: count(path) == 1)
    usage_file.set_aside(path)
    second.record(request(2, "second"))
    until(lambda: count(path) == 1 and held(path)[0].editor == "second")
    first.record(request(3, "first"))
    until(lambda: count(path) == 2)


def test_a_folder_that_cannot_be_made_is_told_once_and_waited_out(
    path: Path, opened: Callable[..., UsageLedger]
) -> None:
    path.parent.write_text("a file where the folder should be")
    told: list[str] = []
    ledger = opened(retry_s=0.02)
    ledger.on_problem(told.append)
    for number in range(3):
        ledger.record(request(number, "Neovim 0.11"))
    until(lambda: len(told) == 1)
    assert told[0]
    path.parent.unlink()
    until(lambda: count(path) == 3)
    until(lambda: len(told) == 2)
    assert told[1] == ""


def test_a_file_behind_a_link_is_not_written(
    path: Path, opened: Callable[..., UsageLedger]
) -> None:
    if not hasattr(os, "O_NOFOLLOW"):
        pytest.skip("this system cannot refuse a link")
    path.parent.mkdir()
    victim = path.parent / "precious"
    victim.write_text("precious")
    path.symlink_to(victim)
    told: list[str] = []
    ledger = opened()
    ledger.on_problem(told.append)
    ledger.record(FULL)
    until(lambda: bool(told))
    assert victim.read_text() == "precious"


def test_on_a_disk_that_stays_full_the_newest_requests_wait(
    path: Path, opened: Callable[..., UsageLedger], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sidelight_client.adapters.usage_ledger.WAITING_MAX", 5)
    path.parent.write_text("in the way")
    ledger = opened(retry_s=0.02)
    told: list[str] = []
    ledger.on_problem(told.append)
    for number in range(12):
        ledger.record(request(number, "Neovim 0.11"))
        until(ledger._queue.empty)
    until(lambda: bool(told))
    path.parent.unlink()
    until(lambda: count(path) == 5)
    assert [r.trace_id for r in held(path)] == [f"{number:032x}" for number in range(7, 12)]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on a file's size")
def test_a_real_disk_that_is_full_ends_nothing(path: Path) -> None:
    with process(path, 3_000, "Emacs", 60_000) as writer:
        said, _ = writer.communicate(timeout=60)
    assert writer.returncode == 0
    words = said.split()
    assert words[-1] == "done"
    assert set(words) & {"the_disk_is_full", "the_disk_refuses_to_write"}
    LedgerFile(path).close()
    assert _whole(path)


def _whole(path: Path) -> bool:
    link = sqlite3.connect(path)
    try:
        return link.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    finally:
        link.close()


def test_a_kill_in_the_middle_of_writing_leaves_a_readable_file(path: Path) -> None:
    for round_ in range(3):
        before = count(path)
        with process(path, 0, f"round {round_}") as writer:
            until(lambda before=before: count(path) >= before + 200)
            known = count(path)
            os.kill(writer.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
            writer.wait(20)
        assert count(path) >= known
        assert all(r.total_s == 0.1 for r in held(path))
    assert _whole(path)
    file = LedgerFile(path)
    file.append([FULL])
    file.close()
    assert FULL in held(path)


def test_two_brokers_write_to_one_ledger(path: Path) -> None:
    writers = [process(path, 1_500, name) for name in ("left", "right")]
    for writer in writers:
        with writer:
            said, _ = writer.communicate(timeout=60)
        assert said.split() == ["done"]
    editors = [request.editor for request in held(path)]
    assert {name: editors.count(name) for name in set(editors)} == {"left": 1_500, "right": 1_500}


def test_a_later_schema_is_reached_step_by_step_and_keeps_what_was_there(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = LedgerFile(path)
    older.append([FULL])
    later = (*usage_file.STEPS, "ALTER TABLE request ADD COLUMN zone TEXT NOT NULL DEFAULT '';")
    monkeypatch.setattr(usage_file, "STEPS", later)
    newer = LedgerFile(path)
    assert newer.version == len(later)
    older.append([FULL])  # An older Sidelight beside a newer one goes on writing.
    newer.append([FULL])
    older.close()
    newer.close()
    LedgerFile(path).close()
    assert held(path) == [FULL] * 3


def test_a_newer_ledger_that_cannot_be_written_is_not_set_aside(
    path: Path, opened: Callable[..., UsageLedger]
) -> None:
    file = LedgerFile(path)
    file.append([FULL])
    file.close()
    link = sqlite3.connect(path)
    link.executescript("ALTER TABLE request RENAME TO asked; PRAGMA user_version = 9;")
    link.close()
    told: list[str] = []
    ledger = opened()
    ledger.on_problem(told.append)
    ledger.record(FULL)
    until(lambda: bool(told))
    ledger.close()
    assert not aside_of(path).exists()


def test_a_ledger_in_a_folder_nobody_can_write_to_can_be_read(path: Path) -> None:
    file = LedgerFile(path)
    file.append([FULL])
    file.close()
    path.chmod(0o400)
    path.parent.chmod(0o500)
    try:
        assert held(path) == [FULL]
    finally:
        path.parent.chmod(0o700)


def test_reading_creates_nothing(path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        held(path)
    assert not path.parent.exists()


def test_a_row_somebody_else_wrote_is_left_out(path: Path) -> None:
    file = LedgerFile(path)
    file.append([FULL, FULL, FULL])
    file.close()
    link = sqlite3.connect(path)
    link.execute("UPDATE request SET sends = 'many', at = at + 1 WHERE id = 1")
    link.execute("UPDATE request SET language = x'ff' WHERE id = 2")
    link.commit()
    link.close()
    assert held(path) == [FULL]


def test_closing_ends_the_thread_and_what_comes_later_is_ignored(
    path: Path, opened: Callable[..., UsageLedger]
) -> None:
    threads = threading.active_count()
    ledger = opened()
    ledger.record(FULL)
    ledger.close()
    ledger.record(FULL)
    ledger.close()
    assert threading.active_count() == threads
    assert held(path) == [FULL]


def test_a_listener_whose_loop_has_ended_disturbs_nothing(
    path: Path, opened: Callable[..., UsageLedger]
) -> None:
    def tell(_problem: str) -> None:
        raise RuntimeError("Event loop is closed")

    path.parent.write_text("in the way")
    ledger = opened(retry_s=0.02)
    ledger.on_problem(tell)
    ledger.record(FULL)
    path.parent.unlink()
    until(lambda: count(path) == 1)


def test_a_file_that_may_not_be_written_counts_as_damaged_only_where_a_new_one_may(
    path: Path,
) -> None:
    assert not usage_file.damaged(PermissionError(), path)
    LedgerFile(path).close()
    assert usage_file.damaged(PermissionError(), path)
    link = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    with pytest.raises(sqlite3.OperationalError) as refused:
        link.execute("DELETE FROM request")
    link.close()
    assert usage_file.damaged(refused.value, path)
    assert not usage_file.damaged(OSError(28, "No space left on device"), path)


def test_a_flood_is_cut_and_the_log_says_how_much_is_missing(
    path: Path,
    opened: Callable[..., UsageLedger],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("sidelight_client.adapters.usage_ledger.WAITING_MAX", 10)
    path.parent.write_text("in the way")
    caplog.set_level("INFO", "sidelight.usage")
    ledger = opened(retry_s=0.02)
    for number in range(5_000):
        ledger.record(request(number, "Neovim 0.11"))
    until(ledger._queue.empty)
    path.parent.unlink()
    until(lambda: "requests are missing from the usage ledger" in caplog.text)
    assert 0 < count(path) <= 10
    assert f"{5_000 - count(path)} requests are missing" in caplog.text
