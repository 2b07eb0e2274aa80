"""The two notification services of the tests, placed where their buttons can be pressed."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Generator
from pathlib import Path

from .desktop import Desktop, until

NAME = "org.freedesktop.Notifications"
XFCE = (
    Path("/usr/lib/x86_64-linux-gnu/xfce4/notifyd/xfce4-notifyd"),
    Path("/usr/lib/aarch64-linux-gnu/xfce4/notifyd/xfce4-notifyd"),
    Path("/usr/libexec/xfce4/notifyd/xfce4-notifyd"),
    Path("/usr/lib/xfce4/notifyd/xfce4-notifyd"),
)

_DUNST = """[global]
    width = 360
    origin = top-left
    offset = 20x60
    mouse_left_click = do_action
    mouse_middle_click = context
    dmenu = {chooser}
"""
_CHOOSER = """#!/bin/sh
exec grep '^#Sign in'
"""
"""dunst has no buttons: it hands its choices to a program that shows a menu. This one chooses."""


def xfce4_notifyd() -> Path | None:
    """Where this distribution keeps it, which is on no search path."""
    return next((path for path in XFCE if path.exists()), None)


@contextlib.contextmanager
def service(desktop: Desktop, name: str) -> Generator[subprocess.Popen[bytes]]:
    """The notification service `name`, ready to be asked."""
    if name == "dunst":
        config = desktop.folder / "dunstrc"
        chooser = desktop.folder / "choose"
        chooser.write_text(_CHOOSER)
        chooser.chmod(0o700)
        config.write_text(_DUNST.format(chooser=chooser))
        command = ["dunst", "-conf", str(config)]
    else:
        command = [str(xfce4_notifyd())]
    with desktop.running(*command) as process:
        until(lambda: NAME in owners(desktop), f"the start of {name}")
        yield process
    until(lambda: NAME not in owners(desktop), f"the end of {name}")


def owners(desktop: Desktop) -> str:
    return desktop.output("busctl", "--user", "list", "--acquired", "--no-pager").decode()
