"""The tray in tint2 (XEmbed), where the icon is a window of its own: seen, clicked, restarted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from .desktop import PANEL_HEIGHT, WIDTH, Desktop, until
from .picture import RED, middle
from .scene import gateway, tray

pytestmark = pytest.mark.realparts


def test_the_icon_is_seen_clicked_and_comes_back_after_a_restart(
    desktop: Desktop, private_home: Path, part: Callable[..., None]
) -> None:
    part("tint2")

    def badge() -> list[tuple[int, int]]:
        box = (0, 0, WIDTH, PANEL_HEIGHT)
        return until(lambda: desktop.picture().places(RED, box), "a badge in the panel")

    quiet = ("--background", "--icon=dark")
    with (
        gateway(private_home) as served,
        tray(desktop, private_home, *quiet, gateway_url=served.url) as it,
    ):
        it.until_state("sign_in")
        with desktop.tint2():
            place = middle(badge())
            desktop.click(place)
            it.until_open("popover")
            (window,) = until(lambda: desktop.windows("^Sidelight$"), "the window")
            left, top, width, _ = desktop.place_of(window)
            # The icon is a window here, so its place is known: the popover stands at it.
            assert left - 1 <= place[0] <= left + width
            until(
                lambda: desktop.picture().colours((left, top, left + width, top + 60)) > 40,
                "the popover on the display",
            )
            desktop.picture().keep("tray-tint2")
            desktop.keys("Escape")
            it.until_open()
        until(lambda: not desktop.windows("tint2"), "the panel's end")
        with desktop.tint2():
            badge()
