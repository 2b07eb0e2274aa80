"""A real tray process without a display, and the broker it starts."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

WAIT_S = 30.0


def as_installed(compiled: Path) -> dict[str, str]:
    """The environment as a person has it: programs were compiled when they were installed.

    `compiled` is the folder for it.
    """
    # Where the first is set, telling the broker of it loads OpenSSL: 5 MB more.
    unwanted = ("SSL_CERT_DIR", "PYTHONDONTWRITEBYTECODE")
    told = {name: value for name, value in os.environ.items() if name not in unwanted}
    return {
        **told,
        "PYTHONPYCACHEPREFIX": str(compiled),
        "QT_QPA_PLATFORM": "offscreen",
        "XDG_CURRENT_DESKTOP": "",
    }


class TrayProcess:
    """`sidelight tray` in a home of its own; it answers what it shows."""

    def __init__(self, home: Path, compiled: Path | None = None) -> None:
        self.home = home
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sidelight_client", "tray", "--background"],
            env={
                **as_installed(compiled or home / "compiled"),
                "SIDELIGHT_HOME": str(home),
                "SIDELIGHT_VAULT": "memory",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def ask(self, wish: str = "state") -> dict[str, Any] | None:
        """What it answers; None while it does not listen yet."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            try:
                connection.connect(str(self.home / "run" / "tray.sock"))
                connection.sendall(wish.encode() + b"\n")
                received = connection.makefile("rb").readline()
            except OSError:
                return None
        return json.loads(received) if received else None

    def until_state(self, state: str) -> float:
        """Wait for `state`; return the seconds since the start."""
        while time.monotonic() < self.started + WAIT_S:
            told = self.ask()
            if told is not None and told["state"] == state:
                return time.monotonic() - self.started
            time.sleep(0.005)
        raise AssertionError(f"it never showed {state}")

    def until_answer(self) -> float:
        """Wait until it answers at all, which is when its icon is shown; the seconds since the start."""
        while time.monotonic() < self.started + WAIT_S:
            if self.ask() is not None:
                return time.monotonic() - self.started
            time.sleep(0.005)
        raise AssertionError("it never answered")

    def memory_mb(self) -> tuple[float, float]:
        """RSS and PSS."""
        text = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        sizes = dict(line.split(":", 1) for line in text.splitlines()[1:])
        return tuple(int(sizes[name].split()[0]) / 1024 for name in ("Rss", "Pss"))  # type: ignore[return-value]

    def close(self) -> str:
        """End it, and its broker; what it wrote to stderr."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            _, errors = self.process.communicate(timeout=10)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.communicate()
            end_brokers(self.home)
        return errors.decode()


def switches_of(pid: int) -> int:
    """How often the threads of a process were scheduled away so far: twice a wake-up at most."""
    total = 0
    for status in Path(f"/proc/{pid}/task").glob("*/status"):
        for line in status.read_text().splitlines():
            if line.startswith(("voluntary_ctxt_switches", "nonvoluntary_ctxt_switches")):
                total += int(line.split()[1])
    return total


def cpu_ticks_of(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def brokers_of(home: Path) -> list[int]:
    """The process ids of the brokers of this home."""
    mark = f"SIDELIGHT_HOME={home}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            argv = (entry / "cmdline").read_bytes().split(b"\0")
            if b"broker" in argv and mark in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def end_brokers(home: Path) -> None:
    """End what a test started, by process id, and wait until it is gone."""
    for pid in brokers_of(home):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 10
    while brokers_of(home) and time.monotonic() < deadline:
        time.sleep(0.02)
    for pid in brokers_of(home):
        os.kill(pid, signal.SIGKILL)
