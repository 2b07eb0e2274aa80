"""A person's Sidelight on a desktop: the real tray, the real broker, and a gateway that fails on demand."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.tray_process import end_brokers

from .desktop import PATIENCE_S, Desktop, end, until

SIDELIGHT = (sys.executable, "-m", "sidelight_client")
EVERY_TOKEN = 1_000_000
"""More than a gateway of a test ever issues: all of them count as expired."""
LINES = ("def first():", "    return 1", "", "def second():", "    ")

EXPECTED = (
    # Said once for each attempt on Wayland while there is no bar; a bar that comes is noticed.
    "QDBusTrayIcon encountered a D-Bus error",
    # Qt 6.11 on a compositor without an input method.
    "qt.qpa.wayland.textinput",
)
"""What Qt says on a desktop that lacks something, and that changes nothing for anybody."""

_BROWSER = f"""#!{sys.executable}
import sys, urllib.request
opener = urllib.request.build_opener(urllib.request.ProxyHandler({{}}))
opener.open(sys.argv[-1], timeout=20).read()
"""
"""Stands in for the person's browser: it follows the sign-in page to its end."""


@dataclass
class Gateway:
    """The embedded gateway, served by a process of its own."""

    url: str
    key_file: Path

    def faults(self, **switches: object) -> None:
        """Throw fault switches (`sidelight_client.embedded.faults`)."""
        request = urllib.request.Request(
            f"{self.url}/faults",
            data=json.dumps(switches).encode(),
            headers={
                "content-type": "application/json",
                "x-sidelight-key": self.key_file.read_text("ascii"),
            },
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=PATIENCE_S) as answer:
            assert answer.status == 200


@dataclass
class Tray:
    """`sidelight tray` as a process on a desktop; it answers what it shows."""

    home: Path
    desktop: Desktop
    process: subprocess.Popen[bytes]

    def ask(self, wish: str = "state") -> dict[str, Any]:
        """What it answers; empty while it does not listen yet."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(PATIENCE_S)
            try:
                connection.connect(str(self.home / "run" / "tray.sock"))
                connection.sendall(wish.encode() + b"\n")
                received = connection.makefile("rb").readline()
            except OSError:
                return {}
        return json.loads(received) if received else {}

    def until_state(self, state: str) -> float:
        """Wait until the icon shows `state`; return the seconds that took."""
        began = time.monotonic()
        seen = [""]

        def shown() -> bool:
            seen[0] = str(self.ask().get("state"))
            return seen[0] == state

        try:
            until(shown, f"the state {state}")
        except AssertionError as error:
            log = (self.home / "state" / "sidelight.log").read_text()[-3000:]
            raise AssertionError(f"{error}; it is {seen[0]}\n{log}") from None
        return time.monotonic() - began

    def until_open(self, *names: str) -> None:
        until(lambda: self.ask().get("windows") == list(names), f"open windows {names}")

    def said(self) -> str:
        """What Qt or Python complained about."""
        return self.desktop.logs[SIDELIGHT[0]].read_text(errors="replace")


@contextlib.contextmanager
def gateway(home: Path) -> Generator[Gateway]:
    """A gateway whose faults the test decides."""
    process = subprocess.Popen(
        [*SIDELIGHT, "gateway", "serve", "--json"],
        env={**os.environ, "SIDELIGHT_HOME": str(home)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        yield Gateway(told["url"], Path(told["key_file"]))
    finally:
        end(process)


@contextlib.contextmanager
def tray(
    desktop: Desktop, home: Path, *words: str, gateway_url: str = "", **changes: str
) -> Generator[Tray]:
    """A tray and the broker it starts; both end with the block, and neither complained."""
    programs = desktop.folder / "bin"
    programs.mkdir(exist_ok=True)
    browser = programs / "xdg-open"
    browser.write_text(_BROWSER)
    browser.chmod(0o700)
    if gateway_url:
        (home / "config").mkdir(exist_ok=True)
        (home / "config" / "config.toml").write_text(f'gateway = "{gateway_url}"\n')
    environ = {
        "SIDELIGHT_HOME": str(home),
        "SIDELIGHT_VAULT": "memory",
        # Qt looks for the first of these on the path, Python's own module asks for the second.
        "BROWSER": str(browser),
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        **changes,
    }
    before = len(desktop.logs[SIDELIGHT[0]].read_text()) if SIDELIGHT[0] in desktop.logs else 0
    process = desktop.start(*SIDELIGHT, "tray", *words, **environ)
    made = Tray(home, desktop, process)
    try:
        until(made.ask, "the icon")
        yield made
    finally:
        end(process)
        end_brokers(home)
    said = [line for line in made.said()[before:].splitlines() if not line.startswith(EXPECTED)]
    assert not said, said


def complete(home: Path, folder: Path) -> int:
    """Ask for one completion as an editor would; the exit code tells how it ended."""
    file = folder / "example.py"
    file.write_text("\n".join(LINES))
    done = subprocess.run(
        [*SIDELIGHT, "complete", f"{file}:{len(LINES)}:{len(LINES[-1]) + 1}"],
        env={**os.environ, "SIDELIGHT_HOME": str(home), "SIDELIGHT_VAULT": "memory"},
        capture_output=True,
        timeout=60,
        check=False,
    )
    return done.returncode
