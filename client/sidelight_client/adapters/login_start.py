"""Starts the tray when the person logs in: the file or registry value each system looks at for that.

Nothing is set up unasked: `sidelight tray --autostart on` or the switch in the tray's menu does it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

DESKTOP_FILE = "sidelight-tray.desktop"
AGENT_LABEL = "dev.sidelight.tray"
RUN_KEY = r"Software\Microsoft\Windows\CurrentVersion\Run"
RUN_NAME = "Sidelight"


class LoginStart(Protocol):
    """Whether the tray starts at login."""

    def is_on(self) -> bool: ...

    def turn(self, *, on: bool) -> None:
        """Raises OSError where it cannot be written."""
        ...


def tray_command() -> list[str]:
    """What is started: this very installation, whatever the search path says at login."""
    return [sys.executable, "-P", "-m", "sidelight_client", "tray", "--background"]


def login_start(environ: Mapping[str, str], home: Path) -> LoginStart:
    """The way of this system."""
    if sys.platform == "win32":
        return RunKey(tray_command())
    if sys.platform == "darwin":
        agents = home / "Library" / "LaunchAgents"
        return StartFile(agents / f"{AGENT_LABEL}.plist", launch_agent(tray_command()))
    given = environ.get("XDG_CONFIG_HOME", "")
    config = Path(given) if os.path.isabs(given) else home / ".config"  # noqa: PTH117 - a text may be empty
    return StartFile(config / "autostart" / DESKTOP_FILE, desktop_entry(tray_command()))


@dataclass(frozen=True, slots=True)
class StartFile:
    """A file that is looked for at login: there is one, or there is none."""

    path: Path
    content: bytes

    def is_on(self) -> bool:
        return self.path.is_file()

    def turn(self, *, on: bool) -> None:
        if not on:
            self.path.unlink(missing_ok=True)
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        beside = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        beside.write_bytes(self.content)
        beside.replace(self.path)


def desktop_entry(command: Sequence[str]) -> bytes:
    """The entry for `autostart` (Desktop Application Autostart 0.5, Desktop Entry 1.5).

    The delays let a panel come first: an icon that is there before any panel takes longer to appear.
    """
    return "\n".join(
        (
            "[Desktop Entry]",
            "Type=Application",
            "Version=1.5",
            "Name=Sidelight",
            "Comment=State, usage and outages of your organisation's AI gateway",
            f"Exec={' '.join(_quoted(word) for word in command)}",
            "Icon=sidelight",
            "Terminal=false",
            "NoDisplay=true",
            "X-GNOME-Autostart-enabled=true",
            "X-GNOME-Autostart-Delay=2",
            "X-KDE-autostart-after=panel",
            "",
        )
    ).encode()


def _quoted(word: str) -> str:
    """A word of `Exec`: four characters keep their meaning only behind a backslash, `%` doubled.

    A backslash is written twice, once for the quotes and once for the text of the whole value.
    """
    escaped = "".join(f"\\{c}" if c in '"`$\\' else c for c in word).replace("%", "%%")
    return f'"{escaped}"'.replace("\\", "\\\\")


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
