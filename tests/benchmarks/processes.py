"""What the kernel knows of processes: memory, CPU and how often they were woken (Linux's /proc only)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
NS = 1e9


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds on a processor, and how often the process gave one up by itself to wait."""

    cpu_s: float = 0.0
    waits: int = 0

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.cpu_s + other.cpu_s, self.waits + other.waits)

    def __sub__(self, other: Spent) -> Spent:
        return Spent(self.cpu_s - other.cpu_s, self.waits - other.waits)


def spent(pid: int) -> Spent:
    """Of all threads that live; `schedstat` counts nanoseconds where `stat` has ticks of 10 ms."""
    total = Spent()
    for thread in (PROC / str(pid) / "task").iterdir():
        try:
            cpu = int((thread / "schedstat").read_text().split()[0]) / NS
            status = (thread / "status").read_text()
        except OSError:  # It ended meanwhile.
            continue
        waits = next(
            int(row.split()[1])
            for row in status.splitlines()
            if row.startswith("voluntary_ctxt_switches")
        )
        total += Spent(cpu, waits)
    return total


def spent_by(pids: Iterable[int]) -> Spent:
    """Of several processes together."""
    return sum((spent(pid) for pid in pids), Spent())


def pss_mib(pids: Iterable[int]) -> float:
    """Proportional set size: what is shared counts for each its share."""
    total = 0
    for pid in pids:
        for row in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if row.startswith("Pss:"):
                total += int(row.split()[1])
    return total / 1024


def tree(pid: int) -> list[int]:
    """The process and everything it started that lives."""
    found, children = [pid], dict[int, list[int]]()
    for entry in PROC.iterdir():
        if entry.name.isdecimal():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(entry.name))
    for one in found:
        found += children.get(one, [])
    return found


def with_environment(variable: str) -> list[int]:
    """Processes whose environment has `NAME=value` and which are brokers."""
    mark, found = variable.encode(), list[int]()
    for entry in PROC.iterdir():
        if entry.name.isdecimal():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
                if b"broker" in words and mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
            except OSError:
                continue
    return found
