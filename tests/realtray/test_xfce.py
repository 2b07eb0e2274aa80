"""The tray in Xfce's panel (StatusNotifier): seen, clicked, late, restarted, scaled, asleep."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from support.tray_process import brokers_of, cpu_ticks_of, end_brokers, switches_of

from .desktop import HEIGHT, PANEL_HEIGHT, WIDTH, Desktop, end, until, x11_desktop
from .picture import AMBER, RED, Box, Picture, middle
from .scene import EVERY_TOKEN, SIDELIGHT, Tray, complete, gateway, tray

pytestmark = pytest.mark.realparts

Figure = Callable[[str], None]

PANEL: Box = (0, 0, WIDTH - 68, PANEL_HEIGHT)
"""The panel without its clock."""
QUIET = ("--background", "--icon=dark")
SILENT = {"SIDELIGHT_NOTIFICATIONS_ENABLED": "false"}
"""The bus starts whatever service is installed, and a notification would cover the popover."""
HURRIED = {"SIDELIGHT_TIERS_STANDARD_DEADLINE_MS": "2000"}
"""How long whoever asks waits for a slow gateway: eight seconds otherwise."""
WATCHED_S = 3.0
TIMER = """
from PySide6.QtCore import QCoreApplication, QTimer
application = QCoreApplication([])
timer = QTimer()
timer.start(100)
application.exec()
"""


def shown(desktop: Desktop, colours: tuple[tuple[int, int, int], ...]) -> list[tuple[int, int]]:
    """Where in the panel a badge of these colours is; waits until there is one."""
    return until(lambda: desktop.picture().places(colours, PANEL), "a badge in the panel")


def open_popover(desktop: Desktop, it: Tray, place: tuple[int, int]) -> Picture:
    """Click the icon, and return the display with the whole popover on it."""
    desktop.click(place)
    it.until_open("popover")
    return until(lambda: whole_popover(desktop), "the popover on the display")


def whole_popover(desktop: Desktop) -> Picture | None:
    now = desktop.picture()
    return now if now.colours((960, 60, 1300, 120)) > 40 else None


def close_popover(desktop: Desktop, it: Tray) -> None:
    desktop.keys("Escape")
    it.until_open()


def test_icon_menu_and_windows_tell_what_the_gateway_does_and_its_sign_in_works(
    desktop: Desktop, private_home: Path, tmp_path: Path, part: Callable[..., None]
) -> None:
    part("xfce4-panel")
    with (
        desktop.xfce4_panel(),
        gateway(private_home) as served,
        tray(desktop, private_home, *QUIET, gateway_url=served.url, **SILENT, **HURRIED) as it,
    ):
        it.until_state("sign_in")
        place = middle(shown(desktop, RED))
        assert len(until(desktop.status_notifier_items, "registration")) == 1
        open_popover(desktop, it, place).keep("tray-xfce-sign-in")
        # What Enter presses first is what helps: it opens the browser.
        desktop.keys("Return")
        it.until_state("ok")
        close_popover(desktop, it)

        served.faults(slow_s=60)
        until(lambda: complete(private_home, tmp_path) and in_state(it, "degraded"), "slowness")
        shown(desktop, AMBER)
        open_popover(desktop, it, place).keep("tray-xfce-degraded")
        close_popover(desktop, it)

        served.faults(slow_s=0, outage=True)
        until(lambda: complete(private_home, tmp_path) and in_state(it, "outage"), "an outage")
        shown(desktop, RED)
        open_popover(desktop, it, place).keep("tray-xfce-outage")
        close_popover(desktop, it)

        desktop.click(place, button=3)
        # All of the menu is there at once: it is as high as its last line.
        menu = until(lambda: whole_menu(desktop, place), "the menu")
        menu.keep("tray-xfce-menu")
        desktop.keys("Escape")

        served.faults(outage=False)
        # "Retry now" is what the popover offers; Enter presses it.
        open_popover(desktop, it, place)
        desktop.keys("Return")
        close_popover(desktop, it)
        until(lambda: complete(private_home, tmp_path) == 0 and in_state(it, "ok"), "an answer")

        # The gateway takes no token any more, and the sign-in service renews none.
        served.faults(reject_refresh=True, expire_up_to=EVERY_TOKEN)
        until(lambda: complete(private_home, tmp_path) and in_state(it, "sign_in"), "a refusal")
        shown(desktop, RED)
        served.faults(reject_refresh=False, expire_up_to=0)
        open_popover(desktop, it, place).keep("tray-xfce-session-ended")
        desktop.keys("Return")
        it.until_state("ok")
        close_popover(desktop, it)

        served.faults(throttle="neutral", throttle_delay_s=600)
        until(lambda: complete(private_home, tmp_path) and in_state(it, "limited"), "a limit")
        shown(desktop, RED)
        open_popover(desktop, it, place).keep("tray-xfce-limited")
        close_popover(desktop, it)

        served.faults(throttle="", scanner_down=True)
        it.ask("quit")
        assert it.process.wait(10) == 0
        until(lambda: not desktop.picture().places(RED, PANEL), "an empty panel")


def in_state(it: Tray, state: str) -> bool:
    return it.ask().get("state") == state


def whole_menu(desktop: Desktop, place: tuple[int, int]) -> Picture | None:
    now = desktop.picture()
    lines = [now.at(place[0] - 30, y) != (0, 0, 0) for y in range(36, 260)]
    return now if all(lines) else None


def test_a_panel_that_comes_late_or_is_restarted_gets_the_icon_and_there_it_sleeps(
    desktop: Desktop, private_home: Path, part: Callable[..., None], figure: Figure
) -> None:
    part("xfce4-panel")
    with tray(desktop, private_home, *QUIET) as it:
        it.until_state("ok")
        assert desktop.status_notifier_items() == []
        with desktop.xfce4_panel():
            figure(f"tray: icon in a late panel {icon_came(desktop):.1f} s after registration")
        until(lambda: not desktop.status_notifier_items(), "the panel's end")
        with desktop.xfce4_panel():
            figure(f"tray: icon in a restarted panel {icon_came(desktop):.1f} s after registration")
            rss, pss = memory_mb(it.process.pid)
            figure(f"tray: in a real panel {rss:.1f} MB RSS, {pss:.1f} MB PSS (hold 60 / 48)")
            it_wakes_nobody(desktop, it, figure)
            assert pss <= 60
        assert it.process.poll() is None


def icon_came(desktop: Desktop) -> float:
    """How many seconds after its registration the icon was seen."""
    until(desktop.status_notifier_items, "registration")
    began = time.monotonic()
    until(lambda: bright(desktop.picture()), "the icon in the panel")
    return time.monotonic() - began


def bright(picture: Picture) -> bool:
    """Whether a white glyph stands where the icon belongs, left of the clock."""
    return len(picture.places(((255, 255, 255),), (1300, 2, PANEL[2], 31))) >= 20


def it_wakes_nobody(desktop: Desktop, it: Tray, figure: Figure) -> None:
    """With the icon only and with the window open, while a timer beside it is seen to wake."""
    control = subprocess.Popen([sys.executable, "-c", TIMER])
    try:
        closed, _ = wake_ups(it.process.pid, control.pid)
        it.ask("show")
        until(lambda: desktop.windows("Sidelight"), "the window")
        # By now its own start is long over.
        opened, timer = wake_ups(it.process.pid, control.pid)
    finally:
        end(control)
    figure(
        f"tray: {closed:.2f} wake-ups/s with the icon only, {opened:.2f} with the window open "
        f"(hold 0.1), and {timer:.1f} of a 100 ms timer beside it (10)"
    )
    desktop.picture().keep("tray-xfce-details")
    assert timer > 5
    assert max(closed, opened) <= 0.5


def wake_ups(*pids: int) -> tuple[float, ...]:
    """How often a second each was woken, once the first of them has come to rest."""
    until(lambda: rests(pids[0]), "rest after the last painting")
    before, ticks = [switches_of(pid) for pid in pids], cpu_ticks_of(pids[0])
    time.sleep(WATCHED_S)
    told = tuple(
        (switches_of(pid) - was) / WATCHED_S for pid, was in zip(pids, before, strict=True)
    )
    assert cpu_ticks_of(pids[0]) - ticks <= 1
    return told


def rests(pid: int) -> bool:
    """Whether it sleeps for longer than it waits for a panel that has just come to settle."""
    before = switches_of(pid)
    time.sleep(1.8)
    return switches_of(pid) == before


def memory_mb(pid: int) -> tuple[float, float]:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    sizes = dict(line.split(":", 1) for line in text.splitlines()[1:])
    return int(sizes["Rss"].split()[0]) / 1024, int(sizes["Pss"].split()[0]) / 1024


@pytest.mark.parametrize("factor", ["1.5", "2"])
def test_on_a_dense_display_everything_grows_and_stays_on_it(
    desktop: Desktop, private_home: Path, part: Callable[..., None], factor: str
) -> None:
    part("xfce4-panel")
    with (
        desktop.xfce4_panel(),
        gateway(private_home) as served,
        tray(desktop, private_home, *QUIET, gateway_url=served.url, QT_SCALE_FACTOR=factor) as it,
    ):
        it.until_state("sign_in")
        desktop.click(middle(shown(desktop, RED)))
        it.until_open("popover")
        (window,) = until(lambda: desktop.windows("^Sidelight$"), "the window")
        left, top, width, height = desktop.place_of(window)
        picture = until(
            lambda: (
                (now := desktop.picture()).colours((left, top, left + 300, top + 90)) > 40 and now
            ),
            "the popover on the display",
        )
        picture.keep(f"tray-xfce-scale-{factor}")
        assert width == round(400 * float(factor))
        assert left >= 0
        assert top >= 0
        assert left + width <= WIDTH
        assert top + height <= HEIGHT


def test_without_any_tray_the_window_opens_and_says_why(
    desktop: Desktop, private_home: Path
) -> None:
    with tray(desktop, private_home) as it:
        it.until_open("details")
        until(lambda: desktop.windows("No tray on this desktop"), "the explanation")
        it.until_state("ok")
        desktop.picture().keep("tray-none")


def test_a_display_that_disappears_ends_the_tray_and_nothing_else(
    desktop: Desktop, private_home: Path, tmp_path: Path
) -> None:
    with x11_desktop(tmp_path) as lost:
        process = lost.start(
            *SIDELIGHT, "tray", *QUIET, SIDELIGHT_HOME=str(private_home), SIDELIGHT_VAULT="memory"
        )
        it = Tray(private_home, lost, process)
        it.until_state("ok")
    try:
        process.wait(10)
        # The broker does not care, and the next tray takes the place of the dead one.
        assert len(brokers_of(private_home)) == 1
        with tray(desktop, private_home, *QUIET) as after:
            after.until_state("ok")
    finally:
        end(process)
        end_brokers(private_home)
