"""sway without a display or a graphics card, with waybar: a Wayland desktop of the test's own."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Generator
from pathlib import Path

from .desktop import Desktop, end, session_bus, session_environment, until
from .picture import Picture

_NOBODY = 65_534
_SWAY = """output HEADLESS-1 resolution 1400x880 position 0 0 bg #3a4250 solid_color
xwayland disable
default_border none
floating_modifier none
"""
_BAR = """{"layer": "top", "position": "top", "height": 34, "modules-right": ["tray", "clock"],
 "tray": {"icon-size": 22, "spacing": 8}}
"""
_STYLE = "* { font-family: sans-serif; } window#waybar { background: #20242c; color: #ffffff; }\n"


class WaylandDesktop(Desktop):
    """A desktop whose pictures come from grim."""

    def picture(self) -> Picture:
        return Picture.of_png(self.output("grim", "-l", "1", "-"))

    def waybar(self) -> contextlib.AbstractContextManager[subprocess.Popen[bytes]]:
        """A bar with a tray of StatusNotifier items."""
        config, style = self.folder / "waybar.json", self.folder / "waybar.css"
        config.write_text(_BAR)
        style.write_text(_STYLE)
        return self.running("waybar", "-c", str(config), "-s", str(style))


@contextlib.contextmanager
def wayland_desktop(folder: Path) -> Generator[WaylandDesktop]:
    """sway and a bus; both end with the block.

    sway refuses to run as root, and there it runs as nobody, in a folder that belongs to nobody;
    its clients may be root all the same.
    """
    desktop = WaylandDesktop(folder, session_environment(folder))
    environ = desktop.environ | {
        "WLR_BACKENDS": "headless",
        "WLR_RENDERER": "pixman",
        "WLR_LIBINPUT_NO_DEVICES": "1",
    }
    command = ["sway", "-c", str(folder / "sway")]
    (folder / "sway").write_text(_SWAY)
    runtime = folder / "sway-run"
    runtime.mkdir(mode=0o700)
    if os.geteuid() == 0:
        folder.chmod(0o755)
        (folder / "sway").chmod(0o644)
        os.chown(runtime, _NOBODY, _NOBODY)
        who = (f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups")
        command = ["setpriv", *who, *command]
        environ |= {"HOME": str(runtime), "XDG_CONFIG_HOME": str(runtime)}
    environ["XDG_RUNTIME_DIR"] = str(runtime)
    log = folder / "sway.log"
    with log.open("ab") as output:
        sway = subprocess.Popen(
            command, env=environ, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    try:
        until(lambda: (runtime / "wayland-1").exists() or sway.poll() is not None, "sway's start")
        assert sway.poll() is None, log.read_text(errors="replace")[-800:]
        desktop.environ["WAYLAND_DISPLAY"] = str(runtime / "wayland-1")
        with session_bus(desktop):
            yield desktop
    finally:
        end(sway)
