"""The notifier runs the episodes: it waits on the clock, shows, listens to buttons, and keeps quiet hours."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import pytest

from sidelight_client.domain.identity.session import Phase
from sidelight_client.domain.routing.breaker import BreakerState
from sidelight_client.domain.snapshot import GatewayView, SessionView, Snapshot
from sidelight_client.notifier import Desktop, Notifier
from sidelight_client.settings import Layer, Settings, resolve
from sidelight_client.testing.fakes import FakeClock

pytestmark = pytest.mark.anyio

GOOD = Snapshot(1, 0.0, "0.1.0", SessionView(Phase.FRESH), GatewayView("G"))
DOWN = replace(GOOD, gateway=GatewayView("G", breaker=BreakerState.OPEN))


class Scene:
    """A notifier on a desktop that only takes note."""

    def __init__(self, **given: object) -> None:
        self.clock = FakeClock()
        self.snapshot = GOOD
        self.shown: list[tuple[str, str, list[str]]] = []
        self.opened: list[str] = []
        settings: Settings = resolve([(Layer.FILE, given)])
        self.notifier = Notifier(self.clock, lambda: settings, lambda: self.snapshot)
        self.notifier.shows_on(
            Desktop(
                self._show,
                lambda: self.opened.append("window"),
                lambda: self.opened.append("sign-in"),
            )
        )

    async def _show(
        self, key: str, title: str, text: str, buttons: Sequence[tuple[str, str]]
    ) -> bool:
        self.shown.append((key, title, [name for name, _ in buttons]))
        return True

    async def becomes(self, snapshot: Snapshot, for_s: float) -> None:
        self.snapshot = snapshot
        self.notifier.noticed(snapshot)
        await self.clock.advance(for_s)


async def test_an_outage_that_lasts_is_shown_and_so_is_its_end_in_the_same_place() -> None:
    scene = Scene()
    await scene.becomes(DOWN, 1)
    assert scene.shown == []
    await scene.becomes(DOWN, 10)
    await scene.becomes(GOOD, 10)
    assert scene.shown == [
        ("outage", "No answer from G", ["default", "mute"]),
        ("outage", "Working again", ["default"]),
    ]
    await scene.notifier.stop()


async def test_buttons_do_what_they_say() -> None:
    scene = Scene()
    scene.notifier.pressed("outage", "default")
    scene.notifier.pressed("sign_in", "sign_in")
    scene.notifier.pressed("outage", "something else")
    assert scene.opened == ["window", "sign-in"]
    scene.notifier.pressed("outage", "mute")
    await scene.becomes(DOWN, 600)
    assert scene.shown == []
    await scene.notifier.stop()


async def test_after_a_wake_it_waits_a_minute_and_says_what_still_holds() -> None:
    scene = Scene()
    scene.notifier.woke()
    await scene.becomes(DOWN, 59)
    assert scene.shown == []
    await scene.clock.advance(2)
    assert len(scene.shown) == 1
    await scene.notifier.stop()


async def test_switched_off_or_in_quiet_hours_it_shows_nothing() -> None:
    now = time.localtime(FakeClock().now())
    hours = f"{now.tm_hour}:00-{(now.tm_hour + 2) % 24}:00"
    for given in ({"notifications.enabled": False}, {"notifications.quiet_hours": hours}):
        scene = Scene(**given)
        await scene.becomes(DOWN, 300)
        assert scene.shown == []
        await scene.notifier.stop()


async def test_stopped_while_something_waits_it_leaves_nothing_behind() -> None:
    scene = Scene()
    await scene.becomes(DOWN, 0)
    await scene.notifier.stop()
    await scene.clock.advance(600)
    assert scene.shown == []
