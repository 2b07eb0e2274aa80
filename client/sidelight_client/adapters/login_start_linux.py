"""Desktop entries: the one by which a Linux desktop starts the tray at login, and how any is written.

Desktop Entry 1.4, Desktop Application Autostart 0.5 and XDG Base Directory 0.8, of freedesktop.org.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

DESKTOP_FILE = "sidelight-tray.desktop"
COMMENT = "State, usage and outages of your organisation's AI gateway"


@dataclass(frozen=True, slots=True)
class StartFile:
    """A file that is looked for at login: there is one, or there is none."""

    path: Path
    content: bytes

    def is_on(self) -> bool:
        return self.path.is_file()

    def turn(self, *, on: bool) -> None:
        """Raises OSError where it cannot be written."""
        if not on:
            self.path.unlink(missing_ok=True)
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        beside = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        beside.write_bytes(self.content)
        beside.replace(self.path)


@dataclass(frozen=True, slots=True)
class AutostartEntry:
    """The person's own entry, which goes before one that an administrator has put up for everybody.

    Attributes:
        own: below the person's configuration.
        shared: the same name below each system-wide folder; the first that exists counts.
    """

    own: StartFile
    shared: tuple[Path, ...]

    def is_on(self) -> bool:
        if self.own.is_on():
            return not _is_hidden(self.own.path)
        return self._shared_is_on()

    def turn(self, *, on: bool) -> None:
        """Raises OSError where it cannot be written."""
        if on == self._shared_is_on():
            self.own.turn(on=False)
        elif on:
            self.own.turn(on=True)
        else:
            # An entry of everybody's is taken back by one's own that says it is hidden.
            StartFile(self.own.path, _entry(("Name=Sidelight", "Hidden=true"))).turn(on=True)

    def _shared_is_on(self) -> bool:
        found = next((path for path in self.shared if path.is_file()), None)
        return found is not None and not _is_hidden(found)


def autostart_entry(
    environ: Mapping[str, str], home: Path, command: Sequence[str]
) -> AutostartEntry:
    """The entry of this environment; a folder that is not absolute does not count (XDG)."""
    config = folder_of(environ, "XDG_CONFIG_HOME", home / ".config")
    named = environ.get("XDG_CONFIG_DIRS", "").split(os.pathsep)
    everybodys = [Path(name) for name in named if os.path.isabs(name)]  # noqa: PTH117 - a text may be empty
    return AutostartEntry(
        StartFile(config / "autostart" / DESKTOP_FILE, desktop_entry(command)),
        tuple(
            folder / "autostart" / DESKTOP_FILE
            for folder in everybodys or [Path("/etc/xdg")]
            if folder != config
        ),
    )


def folder_of(environ: Mapping[str, str], name: str, default: Path) -> Path:
    """The folder that a variable names, or `default`."""
    given = environ.get(name, "")
    return Path(given) if os.path.isabs(given) else default  # noqa: PTH117 - a text may be empty


def desktop_entry(command: Sequence[str]) -> bytes:
    """The entry for `autostart`.

    The delays let a panel come first: an icon that is there before any panel takes longer to appear.
    `TryExec` makes the entry void once the installation is gone.
    """
    return _entry(
        (
            "Name=Sidelight",
            f"Comment={COMMENT}",
            f"TryExec={_value(command[0])}",
            f"Exec={' '.join(_quoted(word) for word in command)}",
            "Icon=sidelight",
            "Terminal=false",
            "NoDisplay=true",
            "X-GNOME-Autostart-enabled=true",
            "X-GNOME-Autostart-Delay=2",
            "X-KDE-autostart-after=panel",
        )
    )


def menu_entry(command: Sequence[str]) -> bytes:
    """The entry for the menu of applications; choosing it again opens the window."""
    return _entry(
        (
            "Name=Sidelight",
            "GenericName=AI Gateway Status",
            f"Comment={COMMENT}",
            f"TryExec={_value(command[0])}",
            f"Exec={' '.join(_quoted(word) for word in command)}",
            "Icon=sidelight",
            "Terminal=false",
            "Categories=Development;",
            "Keywords=AI;completion;gateway;usage;quota;",
            "StartupNotify=false",
        )
    )


def _entry(lines: Sequence[str]) -> bytes:
    return "\n".join(("[Desktop Entry]", "Type=Application", "Version=1.4", *lines, "")).encode()


def _quoted(word: str) -> str:
    """A word of `Exec`: four characters keep their meaning only behind a backslash, `%` doubled.

    A backslash is written twice, once for the quotes and once for the text of the whole value.
    """
    escaped = "".join(f"\\{c}" if c in '"`$\\' else c for c in word).replace("%", "%%")
    return _value(f'"{escaped}"')


def _value(text: str) -> str:
    """A value of any key, in which a backslash is written twice."""
    return text.replace("\\", "\\\\")


def _is_hidden(path: Path) -> bool:
    """Whether an entry says that it is to be treated as if it were not there."""
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return False
    return any(line.replace(" ", "").lower() == "hidden=true" for line in lines)
