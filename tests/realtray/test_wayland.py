"""The tray on Wayland: sway without a display, waybar early and late, and no XWayland to fall back on."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .conftest import RealPart
from .desktop import PANEL_HEIGHT, WIDTH, missing, until
from .picture import RED
from .scene import gateway, tray
from .wayland import WaylandDesktop, wayland_desktop

pytestmark = pytest.mark.realparts


@pytest.fixture(scope="module")
def wayland(real_part: RealPart, qt_libraries: None) -> Iterator[WaylandDesktop]:
    name = missing(("sway", "waybar", "grim", "setpriv", "dbus-daemon", "busctl"))
    real_part(name or "sway", not name, "the tray is looked at on Wayland")
    with (
        tempfile.TemporaryDirectory(prefix="sl-w-") as folder,
        wayland_desktop(Path(folder)) as made,
    ):
        yield made


def test_the_icon_is_in_a_bar_that_comes_late_and_in_one_that_is_restarted(
    wayland: WaylandDesktop, private_home: Path, part: Callable[..., None]
) -> None:
    def badge() -> list[tuple[int, int]]:
        box = (WIDTH // 2, 0, WIDTH, PANEL_HEIGHT)
        return until(lambda: wayland.picture().places(RED, box), "a badge in the bar")

    quiet = ("--background", "--icon=dark")
    with (
        gateway(private_home) as served,
        tray(wayland, private_home, *quiet, gateway_url=served.url) as it,
    ):
        it.until_state("sign_in")
        assert it.ask()["tray"].endswith("wayland")
        for _ in range(2):
            with wayland.waybar():
                until(wayland.status_notifier_items, "registration")
                badge()
            until(lambda: not wayland.status_notifier_items(), "the bar's end")
        with wayland.waybar():
            badge()
            it.ask("show")
            it.until_open("details")
            until(
                lambda: wayland.picture().colours((100, 100, 600, 200)) > 40,
                "the window on the display",
            )
            wayland.picture().keep("tray-wayland")
