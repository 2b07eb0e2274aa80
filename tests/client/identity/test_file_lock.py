"""One holder on the whole machine, and a dead holder's lock is free."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from sidelight_client.adapters.file_lock import FileLock

pytestmark = pytest.mark.anyio

HOLDER = """
import sys, time
from pathlib import Path
from sidelight_client.adapters.file_lock import FileLock
lock = FileLock(Path(sys.argv[1]))
assert lock.try_acquire()
print("held", flush=True)
time.sleep(60)
"""


async def holder(path: Path) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLDER, str(path), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"held\n"
    return process


async def test_a_killed_holder_is_taken_over_within_a_second(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    process = await holder(path)
    lock = FileLock(path)
    assert not lock.try_acquire()
    assert lock.holder() == process.pid

    async def take() -> float:
        async with lock.hold(10):
            return time.monotonic()

    waiting = asyncio.ensure_future(take())
    await asyncio.sleep(0.1)
    assert not waiting.done()
    os.kill(process.pid, signal.SIGKILL)
    killed_at = time.monotonic()
    took_s = await waiting - killed_at
    await process.wait()
    print(f"takeover after kill -9: {took_s * 1000:.0f} ms")
    assert took_s <= 1.0
    assert lock.holder() == os.getpid()


async def test_waiting_for_a_lock_ends_and_leaves_the_loop_free(tmp_path: Path) -> None:
    first, second = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    async with first.hold(1):
        with pytest.raises(TimeoutError):
            async with second.hold(0.1):
                pass
    async with second.hold(0.1):
        assert second.held


async def test_a_waiter_that_is_cancelled_holds_nothing(tmp_path: Path) -> None:
    first, second = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    async with first.hold(1):
        waiting = asyncio.ensure_future(second.hold(10).__aenter__())
        await asyncio.sleep(0.02)
        waiting.cancel()
        await asyncio.wait((waiting,))
    assert not second.held
    assert first.try_acquire()
    first.release()


async def test_a_lock_file_that_cannot_be_opened_is_an_os_error(tmp_path: Path) -> None:
    (tmp_path / "lock").mkdir()
    with pytest.raises(OSError, match="lock"):
        FileLock(tmp_path / "lock").try_acquire()


@pytest.mark.skipif(os.name != "posix", reason="symbolic links need rights on Windows")
async def test_a_link_in_the_locks_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="lock"):
        FileLock(tmp_path / "lock").try_acquire()
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("text", [b"", b"nonsense", b"12x", b"9" * 400, b"\xff\xfe"])
async def test_a_foreign_text_in_the_lock_file_names_no_holder(text: bytes, tmp_path: Path) -> None:
    (tmp_path / "lock").write_bytes(text)
    held = FileLock(tmp_path / "lock").holder()
    assert held is None or text.startswith(b"999")
    assert FileLock(tmp_path / "missing").holder() is None
