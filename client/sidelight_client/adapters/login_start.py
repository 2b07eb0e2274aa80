"""Starts the tray when the person logs in: the file or registry value each system looks at for that.

Nothing is set up unasked: `sidelight tray --autostart on` or the switch in the tray's menu does it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from .login_start_linux import StartFile, autostart_entry

AGENT_LABEL = "dev.sidelight.tray"
RUN_KEY = r"Software\Microsoft\Windows\CurrentVersion\Run"
RUN_NAME = "Sidelight"


class LoginStart(Protocol):
    """Whether the tray starts at login."""

    def is_on(self) -> bool: ...

    def turn(self, *, on: bool) -> None:
        """Raises OSError where it cannot be written."""
        ...


THIS_PROGRAM = (sys.executable, "-P", "-m", "sidelight_client")
"""This very installation, whatever the search path says at login."""


def tray_command() -> list[str]:
    """What is started."""
    return [*THIS_PROGRAM, "tray", "--background"]


def login_start(environ: Mapping[str, str], home: Path) -> LoginStart:
    """The way of this system."""
    if sys.platform == "win32":
        return RunKey(tray_command())
    if sys.platform == "darwin":
        agents = home / "Library" / "LaunchAgents"
        return StartFile(agents / f"{AGENT_LABEL}.plist", launch_agent(tray_command()))
    return autostart_entry(environ, home, tray_command())


def launch_agent(command: Sequence[str]) -> bytes:
    """The agent for `~/Library/LaunchAgents` (launchd.plist(5)); it needs a graphical session."""
    import plistlib

    return plistlib.dumps(
        {
            "Label": AGENT_LABEL,
            "ProgramArguments": list(command),
            "RunAtLoad": True,
            "LimitLoadToSessionType": "Aqua",
            "ProcessType": "Interactive",
        }
    )


def run_value(command: Sequence[str]) -> str:
    """The value of the Run key: one command line, as CommandLineToArgvW reads it.

    `pythonw.exe` has no console window, so that none flashes up at login.
    """
    from subprocess import list2cmdline

    program, *words = command
    windowless = program[: -len("python.exe")] + "pythonw.exe"
    chosen = windowless if program.lower().endswith("python.exe") else program
    return list2cmdline([chosen, *words])


@dataclass(frozen=True, slots=True)
class RunKey:
    """The value below `HKEY_CURRENT_USER` that Windows starts at login."""

    command: Sequence[str]

    def is_on(self) -> bool:
        if sys.platform == "win32":
            import winreg

            try:
                with winreg.OpenKey(winreg.HKEY_CURRENT_USER, RUN_KEY) as key:
                    winreg.QueryValueEx(key, RUN_NAME)
            except FileNotFoundError:
                return False
            return True
        return False

    def turn(self, *, on: bool) -> None:
        if sys.platform == "win32":
            import winreg

            with winreg.CreateKey(winreg.HKEY_CURRENT_USER, RUN_KEY) as key:
                if on:
                    winreg.SetValueEx(key, RUN_NAME, 0, winreg.REG_SZ, run_value(self.command))
                elif self.is_on():
                    winreg.DeleteValue(key, RUN_NAME)
