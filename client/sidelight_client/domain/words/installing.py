"""The sentences of putting Sidelight on a machine; `catalogue` takes them into its table.

Each is title, what happened, what it means, what to do.
"""

from __future__ import annotations

INSTALLING: dict[str, tuple[str, str, str, str]] = {
    "menu.not_here": (
        "No menu of applications to write to",
        "An entry in the menu of applications is made on Linux only.",
        "The tray works without one.",
        "Run `sidelight tray`, or let it start at login with `sidelight tray --autostart on`.",
    ),
    "menu.refused": (
        "Menu of applications not changed",
        "The entry in the menu of applications could not be written or removed ({problem}).",
        "Whatever was there before may be there in part.",
        "Give your user write access to the folder of applications and try again.",
    ),
}
