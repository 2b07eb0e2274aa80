"""Finds what a test left behind: processes, and sockets or pipes this process still holds.

It reads /proc; where there is none (macOS, Windows) it finds nothing, and CI on Linux does.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

PROC = Path("/proc")
PATIENCE_S = 3.0
"""How long something that is on its way out may take."""

_started = 0


@dataclass(frozen=True, slots=True)
class Held:
    """What was there before a test: child processes, open sockets and pipes, processes started."""

    children: frozenset[int]
    channels: frozenset[str]
    started: int


def count_started_processes() -> None:
    """Count from now on, so that only a test that starts a process pays for looking at them all."""

    def heard(event: str, _details: object) -> None:
        global _started  # noqa: PLW0603 - an audit hook has nowhere else to keep its count
        if event in {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn"}:
            _started += 1

    sys.addaudithook(heard)


def snapshot() -> Held:
    return Held(_children(), _channels(), _started)


def left_since(before: Held, home: str) -> list[str]:
    """What is there now and was not before, in words; processes among it are ended.

    Args:
        before: the `snapshot` from before the test.
        home: the test's SIDELIGHT_HOME, by which processes that detached themselves are known.
    """
    left: list[str] = []
    if _started != before.started:
        processes = gone_in_time(
            lambda: (_children() - before.children) | processes_with("SIDELIGHT_HOME", home)
        )
        if processes:
            left.append(f"processes {end(processes)}")
    left += sorted(gone_in_time(lambda: _channels() - before.channels))
    return left


def gone_in_time(look: Callable[[], frozenset[T]]) -> frozenset[T]:
    """What `look` still finds when its patience ends; empty as soon as there is nothing."""
    deadline = time.monotonic() + PATIENCE_S
    while (found := look()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


def processes_with(name: str, value: str) -> frozenset[int]:
    """Live processes of ours, other than this one, started with `name=value` in their environment."""
    wanted = f"{name}={value}".encode()
    found: set[int] = set()
    for folder in PROC.glob("[0-9]*"):
        pid = int(folder.name)
        with contextlib.suppress(OSError):  # It ended meanwhile, or is another user's.
            environment = (folder / "environ").read_bytes().split(b"\0")
            if pid != os.getpid() and wanted in environment and not _is_zombie(pid):
                found.add(pid)
    return frozenset(found)


def end(processes: frozenset[int]) -> list[str]:
    """Kill `processes` and return their command lines."""
    told: list[str] = []
    for pid in sorted(processes):
        with contextlib.suppress(OSError):
            command = (PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ")
            told.append(f"{pid}: {command.decode(errors='replace').strip()}")
            os.kill(pid, signal.SIGKILL)
    return told


def _children() -> frozenset[int]:
    """The live children of this process; one that ended and was not waited for does not count."""
    found: set[int] = set()
    for listing in PROC.glob("self/task/*/children"):
        with contextlib.suppress(OSError):  # The thread ended meanwhile.
            found |= {int(pid) for pid in listing.read_text().split()}
    return frozenset(pid for pid in found if not _is_zombie(pid))


def _is_zombie(pid: int) -> bool:
    try:
        # The name in parentheses may contain spaces; the state follows it (proc(5)).
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def _channels() -> frozenset[str]:
    """The sockets and pipes this process holds, by the kernel's name for each."""
    held: set[str] = set()
    for link in PROC.glob("self/fd/*"):
        with contextlib.suppress(OSError):
            target = str(link.readlink())
            if target.startswith(("socket:", "pipe:")):
                held.add(f"{link.name} → {target}")
    return frozenset(held)
