"""A workspace, and the real server on the PATH as `sidelight`: editors run their shipped configuration."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sidelight_client.testing.lsp_traffic import Direction

from . import stdio_tee
from .lsp_checker import check_where_possible, read_traffic
from .neovim import package_path, until

LEDGER = '''"""Totals of a ledger."""


def total_of_entries(entries: list[int]) -> int:
    running_total = 0
    for entry in entries:
        running_total += entry
    return running_total
'''
LABEL = """

def label_of_total(running_total: int) -> str:
    smile = "😀𝄞"; label = smile + str(running_total)
    return label
"""
LEDGER_WITH_ASTRAL = LEDGER + LABEL
"""The same, and a line with characters that take two UTF-16 units."""

WRITTEN = """def total(entries: list[int]) -> int:
    running_total = 0
"""
"""What stands in the file that is opened: another function like the one in `LEDGER`."""

TYPED = "    for entry in "
"""What the person types there. Nothing is fetched for a file that was only opened."""

CONTINUES = "entries:"
"""How the suggestion from the workspace begins."""

FINDING = 'FIXTURE = "536-22-8765"'
"""A line the gateway would refuse: the number looks like a person's."""


@dataclass(frozen=True, slots=True)
class RealServer:
    """What an editor is started with.

    Attributes:
        workspace: a repository with `LEDGER` in it.
        file: a file to open, with `WRITTEN` in it.
        kept: what passes between editor and server, a file for each start.
        environment: finds `sidelight` on the PATH, and everything of this test's home.
    """

    workspace: Path
    file: Path
    kept: Path
    environment: Mapping[str, str]

    def answers(self, method: str) -> list[Any]:
        """The results the editor got for a method, oldest first."""
        asked: set[tuple[Path, Any]] = set()
        found: list[Any] = []
        for session in sorted(self.kept.glob("*.jsonl")):
            for entry in read_traffic(session):
                key = session, entry.message.get("id")
                if entry.direction is Direction.TO_SERVER:
                    if entry.message.get("method") == method:
                        asked.add(key)
                elif key in asked and "result" in entry.message:
                    found.append(entry.message["result"])
        return found

    def problems(self, allowed: set[str] | None = None) -> list[str]:
        """What the message checker says to everything the server sent."""
        return [
            problem
            for session in sorted(self.kept.glob("*.jsonl"))
            for problem in check_where_possible(
                read_traffic(session), ended=False, allowed=allowed or ()
            )
        ]


@contextlib.contextmanager
def real_server(folder: Path, home: Path, *words: str) -> Generator[RealServer]:
    """A workspace in `folder` and a server with its broker and the embedded gateway in `home`.

    Args:
        folder: of this test.
        home: the test's SIDELIGHT_HOME; its broker ends with the block.
        words: added to every call of `sidelight`.
    """
    workspace, kept, programs = folder / "repo", folder / "traffic", folder / "bin"
    (workspace / ".git").mkdir(parents=True)
    kept.mkdir()
    programs.mkdir()
    (workspace / "ledger.py").write_text(LEDGER, encoding="utf-8")
    tee = [sys.executable, stdio_tee.__file__, str(kept)]
    server = [*tee, sys.executable, "-m", "sidelight_client"]
    (workspace / "new.py").write_text(WRITTEN, encoding="utf-8")
    script = programs / "sidelight"
    script.write_text(f'#!/bin/sh\nexec {shlex.join(server)} "$@" {shlex.join(words)}\n')
    script.chmod(0o755)
    environment = os.environ | {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": package_path(),
        "SIDELIGHT_VAULT": "memory",
        "SIDELIGHT_HOME": str(home),
        "HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "XDG_CACHE_HOME": str(folder / "cache"),
    }
    try:
        _warm_up(workspace, environment)
        yield RealServer(workspace, workspace / "new.py", kept, environment)
    finally:
        end_brokers(home)


def _warm_up(workspace: Path, environment: Mapping[str, str]) -> None:
    """Return once the broker runs and its own gateway has signed the person in.

    What an editor asks before that is answered with nothing, and it asks for a place once.
    """
    words = [sys.executable, "-m", "sidelight_client", "complete", f"{workspace}/ledger.py:8:5"]

    def done() -> bool:
        asked = subprocess.run(words, env=dict(environment), capture_output=True, check=False)
        return asked.returncode == 0

    until(done, "the broker is ready", 30)


def end_brokers(home: Path) -> None:
    """End the brokers of a home, each by its process id, and wait until they are gone."""
    for pid in brokers_of(home):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    until(lambda: not brokers_of(home), "the broker has ended")


def brokers_of(home: Path) -> list[int]:
    """The processes of this home that no editor started."""
    words = ["ps", "-eo", "pid=,stat=,args="]
    listed = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    found: list[int] = []
    for line in listed.splitlines():
        pid, stat, command = line.split(maxsplit=2)
        if "sidelight_client broker" not in command or stat.startswith("Z"):
            continue
        with contextlib.suppress(OSError):
            environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
            if f"SIDELIGHT_HOME={home}".encode() in environment:
                found.append(int(pid))
    return found
