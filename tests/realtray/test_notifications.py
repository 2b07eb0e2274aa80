"""An outage of a real gateway becomes a real notification, and a real click on it comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sidelight_client.adapters.folders import folders
from sidelight_client.link.dial import dial

from .desktop import HEIGHT, WIDTH, Desktop, until
from .notifications import service, xfce4_notifyd
from .picture import Box
from .scene import EVERY_TOKEN, Gateway, Tray, complete, gateway, tray

pytestmark = pytest.mark.realparts

BLACK = (0, 0, 0)


def log_of(home: Path) -> str:
    return (home / "state" / "sidelight.log").read_text()


def notification_on(desktop: Desktop) -> Box | None:
    """Where the notification is: the only thing on a black display without a panel."""
    picture = desktop.picture()
    steps = [
        (x, y) for y in range(0, HEIGHT, 4) for x in range(0, WIDTH, 4) if picture.at(x, y) != BLACK
    ]
    if len(steps) < 500:
        return None
    across, down = [x for x, _ in steps], [y for _, y in steps]
    return (min(across), min(down), max(across), max(down))


def press_return(desktop: Desktop) -> None:
    """Press the first button of the window."""
    search = ("xdotool", "search", "--sync", "--onlyvisible", "--name", "^Sidelight$")
    desktop.output(*search, "windowactivate", "--sync")
    desktop.keys("Return")


@contextmanager
def signed_in(desktop: Desktop, home: Path, name: str) -> Generator[tuple[Tray, Gateway]]:
    """Signed in by a click, and the window closed again: from now on notifications are shown."""
    with (
        service(desktop, name),
        gateway(home) as served,
        tray(desktop, home, "--window", gateway_url=served.url) as it,
    ):
        it.until_state("sign_in")
        press_return(desktop)
        it.until_state("ok")
        desktop.keys("Escape")
        it.until_open()
        yield it, served


@contextmanager
def told_of_an_outage(
    desktop: Desktop, home: Path, folder: Path, name: str
) -> Generator[tuple[Tray, Gateway, Box]]:
    """The gateway fails until the broker leaves it alone."""
    with signed_in(desktop, home, name) as (it, served):
        served.faults(outage=True)
        until(lambda: complete(home, folder) and it.ask()["state"] == "outage", "an outage")
        until(lambda: "notice.outage_here: shown" in log_of(home), "a notification")
        box = until(lambda: notification_on(desktop), "the notification on the display")
        desktop.picture().keep(f"tray-notification-{name}")
        yield it, served, box


def mend(served: Gateway, it: Tray, home: Path, folder: Path) -> None:
    """The gateway answers again, and the person presses "Retry now", the first button there is."""
    served.faults(outage=False)
    it.ask("show")
    it.until_open("details")
    press_return(it.desktop)
    # While the person sees a panel, nothing is said of what it shows.
    it.desktop.keys("Escape")
    it.until_open()
    until(lambda: complete(home, folder) == 0 and it.ask()["state"] == "ok", "the outage's end")


async def retry(home: Path) -> None:
    """What "Retry now" asks of the broker, without a window."""
    client = await dial(folders({"SIDELIGHT_HOME": str(home)}), start=False)
    try:
        await client.retry()
    finally:
        await client.close()


def test_a_click_on_mute_comes_back_and_the_rest_of_the_outage_is_silent(
    desktop: Desktop,
    private_home: Path,
    tmp_path: Path,
    real_part: Callable[[str, object, str], None],
) -> None:
    real_part("xfce4-notifyd", xfce4_notifyd(), "a notification is shown and clicked")
    with told_of_an_outage(desktop, private_home, tmp_path, "xfce4-notifyd") as (it, served, box):
        # The last button, "Mute for 1 h", is at the lower right.
        desktop.click((box[2] - 65, box[3] - 30))
        until(lambda: "outage: mute pressed" in log_of(private_home), "the click")
        mend(served, it, private_home, tmp_path)
        assert log_of(private_home).count(": shown") == 1


def test_a_click_on_the_notification_opens_the_window_and_the_end_is_told(
    desktop: Desktop, private_home: Path, tmp_path: Path, part: Callable[..., None]
) -> None:
    part("dunst")
    with told_of_an_outage(desktop, private_home, tmp_path, "dunst") as (it, served, box):
        desktop.click(((box[0] + box[2]) // 2, (box[1] + box[3]) // 2))
        until(lambda: "outage: default pressed" in log_of(private_home), "the click")
        it.until_open("details")
        # While the window is open it says the same, and no notification does.
        desktop.keys("Escape")
        it.until_open()
        served.faults(outage=False)
        asyncio.run(retry(private_home))
        until(lambda: "notice.outage_over: shown" in log_of(private_home), "the end")
        assert log_of(private_home).count(": shown") == 2


def test_a_session_that_was_ended_elsewhere_is_told_and_a_click_on_sign_in_mends_it(
    desktop: Desktop, private_home: Path, tmp_path: Path, part: Callable[..., None]
) -> None:
    part("dunst")
    with signed_in(desktop, private_home, "dunst") as (it, served):
        served.faults(reject_refresh=True, expire_up_to=EVERY_TOKEN)
        until(lambda: complete(private_home, tmp_path) and it.ask()["state"] == "sign_in", "an end")
        until(lambda: "session.needs_person: shown" in log_of(private_home), "a notification")
        box = until(lambda: notification_on(desktop), "the notification on the display")
        desktop.picture().keep("tray-notification-sign-in")
        served.faults(reject_refresh=False, expire_up_to=0)
        # The middle button asks which of the actions is meant.
        desktop.click(((box[0] + box[2]) // 2, (box[1] + box[3]) // 2), button=2)
        until(lambda: "sign_in: sign_in pressed" in log_of(private_home), "the choice")
        it.until_state("ok")
        until(lambda: "notice.signed_in: shown" in log_of(private_home), "the end of it")
        assert log_of(private_home).count(": shown") == 2
