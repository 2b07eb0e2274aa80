"""Sidelight in the desktop's menu of applications: its entry, and its picture in every size.

The entry is named as the windows name themselves, so that the desktop shows them with this picture.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .login_start_linux import StartFile, folder_of, menu_entry

SIZES = (16, 22, 24, 32, 48, 64, 128, 256)
"""The sizes of the icon theme `hicolor` (Icon Theme Specification 0.13), in pixels."""

Drawn = Callable[[int], bytes]
"""The picture of one size, as PNG."""


@dataclass(frozen=True, slots=True)
class ApplicationMenu:
    """The entry below `data`, which is one person's folder or everybody's."""

    data: Path
    command: Sequence[str]

    def is_on(self) -> bool:
        return self._entry.is_file()

    def put_up(self, drawn: Drawn) -> None:
        """Write the entry and its pictures. Raises OSError where they cannot be written."""
        for size in SIZES:
            StartFile(self._picture(size), drawn(size)).turn(on=True)
        StartFile(self._entry, menu_entry(self.command)).turn(on=True)

    def take_down(self) -> None:
        """Remove what `put_up` wrote, and nothing else. Raises OSError."""
        for path in (self._entry, *(self._picture(size) for size in SIZES)):
            path.unlink(missing_ok=True)
            # Folders that it left empty go as well; the first that is in use ends that.
            with contextlib.suppress(OSError):
                for folder in path.parents[: len(path.relative_to(self.data).parts) - 1]:
                    folder.rmdir()

    @property
    def _entry(self) -> Path:
        return self.data / "applications" / "sidelight.desktop"

    def _picture(self, size: int) -> Path:
        return self.data / "icons" / "hicolor" / f"{size}x{size}" / "apps" / "sidelight.png"


def application_menu(
    environ: Mapping[str, str], home: Path, command: Sequence[str]
) -> ApplicationMenu:
    """The menu of this environment (`XDG_DATA_HOME`)."""
    return ApplicationMenu(folder_of(environ, "XDG_DATA_HOME", home / ".local" / "share"), command)
