"""A desktop of the test's own: a display without a screen, a session bus, a window manager, real panels.

Nothing of it is the person's: the display is numbered by the X server itself, the bus has its own
address, and every file lies in one folder. Processes are ended one by one, by the handle kept of each.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import subprocess
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .picture import Picture

WIDTH, HEIGHT = 1400, 880
PANEL_HEIGHT = 34
PATIENCE_S = 20.0

_DROPPED = (
    *("DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "QT_QPA_PLATFORM"),
    *("SESSION_MANAGER", "XDG_CURRENT_DESKTOP", "DESKTOP_SESSION", "XDG_SESSION_TYPE"),
)

_PANEL = """<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="dark-mode" type="bool" value="true"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=6;x=0;y=0"/>
      <property name="length" type="uint" value="100"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="size" type="uint" value="32"/>
      <property name="icon-size" type="uint" value="22"/>
      <property name="plugin-ids" type="array">
        <value type="int" value="1"/>
        <value type="int" value="2"/>
        <value type="int" value="3"/>
      </property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="separator">
      <property name="expand" type="bool" value="true"/>
      <property name="style" type="uint" value="0"/>
    </property>
    <property name="plugin-2" type="string" value="systray">
      <property name="square-icons" type="bool" value="true"/>
    </property>
    <property name="plugin-3" type="string" value="clock"/>
  </property>
</channel>
"""
"""A first start would ask which panel is wanted, and wait for the answer."""

_TINT2 = """
panel_items = TSC
panel_size = 100% 34
panel_position = top center horizontal
panel_background_id = 1
systray_icon_size = 22
time1_format = %H:%M
rounded = 0
background_color = #20242c 100
"""


@dataclass
class Desktop:
    """A display, a bus and a window manager. `environ` is what a program of this person is given."""

    folder: Path
    environ: dict[str, str]
    logs: dict[str, Path] = field(default_factory=dict)

    def start(self, *command: str, **changes: str) -> subprocess.Popen[bytes]:
        """Start a program of this desktop; what it says goes to a file of its own."""
        log = self.folder / f"{Path(command[0]).name}.log"
        self.logs[command[0]] = log
        with log.open("ab") as output:
            return subprocess.Popen(
                command,
                env={**self.environ, **changes},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    @contextlib.contextmanager
    def running(self, *command: str, **changes: str) -> Generator[subprocess.Popen[bytes]]:
        """A program that ends with the block."""
        process = self.start(*command, **changes)
        try:
            yield process
        finally:
            end(process)

    def xfce4_panel(self) -> contextlib.AbstractContextManager[subprocess.Popen[bytes]]:
        """Xfce's panel, which shows StatusNotifier items."""
        channels = self.folder / "config" / "xfce4" / "xfconf" / "xfce-perchannel-xml"
        channels.mkdir(parents=True, exist_ok=True)
        (channels / "xfce4-panel.xml").write_text(_PANEL)
        return self.running("xfce4-panel", "--disable-wm-check")

    def tint2(self) -> contextlib.AbstractContextManager[subprocess.Popen[bytes]]:
        """tint2, which knows only the older tray in which icons are windows (XEmbed)."""
        profile = self.folder / "tint2rc"
        profile.write_text(_TINT2)
        return self.running("tint2", "-c", str(profile))

    def picture(self) -> Picture:
        """What is on the display now."""
        return Picture.of_png(self.output("import", "-silent", "-window", "root", "png:-"))

    def click(self, place: tuple[int, int], button: int = 1) -> None:
        x, y = place
        self.output("xdotool", "mousemove", str(x), str(y), "click", str(button))

    def keys(self, *names: str) -> None:
        self.output("xdotool", "key", *names)

    def windows(self, title: str) -> list[str]:
        """The windows that can be seen and whose title contains `title`."""
        command = ("xdotool", "search", "--onlyvisible", "--name", title)
        found = self.output(*command, may_fail=True)
        return found.decode().split()

    def place_of(self, window: str) -> tuple[int, int, int, int]:
        """Where a window is: left, top, width, height."""
        told = self.output("xdotool", "getwindowgeometry", "--shell", window).decode()
        facts = dict(line.split("=", 1) for line in told.splitlines() if "=" in line)
        return (int(facts["X"]), int(facts["Y"]), int(facts["WIDTH"]), int(facts["HEIGHT"]))

    def status_notifier_items(self) -> list[str]:
        """What is registered with the watcher of StatusNotifier items; empty where there is none."""
        watcher = "org.kde.StatusNotifierWatcher"
        told = self.output(
            *("busctl", "--user", "--timeout=3", "get-property", watcher),
            *("/StatusNotifierWatcher", watcher, "RegisteredStatusNotifierItems"),
            may_fail=True,
        )
        return told.decode().split()[2:]

    def output(self, *command: str, may_fail: bool = False) -> bytes:
        done = subprocess.run(
            command, env=self.environ, capture_output=True, timeout=PATIENCE_S, check=False
        )
        if done.returncode != 0 and not may_fail:
            raise AssertionError(f"{command[0]}: {done.stderr.decode(errors='replace')[-400:]}")
        return done.stdout


def until(holds: Callable[[], Any], what: str, within_s: float = PATIENCE_S) -> Any:
    """Wait until `holds` returns something true, and return that; fail with `what` when it does not."""
    deadline = time.monotonic() + within_s
    while True:
        found = holds()
        if found:
            return found
        assert time.monotonic() < deadline, f"{what} did not happen within {within_s:.0f} s"
        time.sleep(0.03)


def missing(programs: Sequence[str]) -> str:
    """The first of `programs` that is not there, or ""."""
    return next((name for name in programs if shutil.which(name) is None), "")


@contextlib.contextmanager
def x11_desktop(folder: Path) -> Generator[Desktop]:
    """Xvfb, a bus and openbox; all of it ends with the block."""
    with contextlib.ExitStack() as stack:
        read, write = os.pipe()
        stack.callback(os.close, read)
        screen = f"{WIDTH}x{HEIGHT}x24"
        server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write), "-screen", "0", screen, "-nolisten", "tcp"],
            pass_fds=(write,),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(write)
        stack.callback(end, server)
        assert select.select([read], [], [], PATIENCE_S)[0], "Xvfb did not start"
        desktop = Desktop(folder, session_environment(folder))
        desktop.environ["DISPLAY"] = f":{os.read(read, 16).decode().strip()}"
        stack.enter_context(session_bus(desktop))
        stack.enter_context(desktop.running("openbox"))
        yield desktop


def session_environment(folder: Path) -> dict[str, str]:
    """The environment of a person who has just logged in, with every folder inside `folder`."""
    kept: Mapping[str, str] = {n: v for n, v in os.environ.items() if n not in _DROPPED}
    made = {name: folder / name for name in ("run", "config", "data", "cache", "home")}
    for path in made.values():
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return {
        **kept,
        "HOME": str(made["home"]),
        "XDG_RUNTIME_DIR": str(made["run"]),
        "XDG_CONFIG_HOME": str(made["config"]),
        "XDG_DATA_HOME": str(made["data"]),
        "XDG_CACHE_HOME": str(made["cache"]),
        # The accessibility bus and GTK's settings storage would stay behind as processes.
        "NO_AT_BRIDGE": "1",
        "GTK_A11Y": "none",
        "GSETTINGS_BACKEND": "memory",
    }


@contextlib.contextmanager
def session_bus(desktop: Desktop) -> Generator[None]:
    """A session bus; what it starts by itself inherits this desktop's environment."""
    address = f"unix:path={desktop.environ['XDG_RUNTIME_DIR']}/bus"
    desktop.environ["DBUS_SESSION_BUS_ADDRESS"] = address
    bus = subprocess.Popen(
        ["dbus-daemon", "--session", "--nofork", "--print-address=1", f"--address={address}"],
        env=desktop.environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert bus.stdout is not None
        assert select.select([bus.stdout], [], [], PATIENCE_S)[0], "the bus did not start"
        bus.stdout.readline()
        yield
    finally:
        end(bus)


def end(process: subprocess.Popen[bytes]) -> None:
    """End one process that was started here, and wait until it is gone."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)
    if process.stdout is not None:
        process.stdout.close()
