"""The notifier runs the episodes: it waits on the clock, shows, listens to buttons, and keeps quiet hours."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from sidelight_client.broker.attention import Attention
from sidelight_client.broker.facts import BrokerFacts
from sidelight_client.cli.notifying import notifying
from sidelight_client.domain.identity.session import Phase
from sidelight_client.domain.routing.breaker import BreakerState
from sidelight_client.domain.service.episodes import ShownNotice
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
        self.looking = False
        settings: Settings = resolve([(Layer.FILE, given)])
        self.notifier = Notifier(self.clock, lambda: settings, lambda: self.snapshot)
        self.notifier.shows_on(
            Desktop(
                self._show,
                lambda: self.opened.append("window"),
                lambda: self.opened.append("sign-in"),
                self._mute,
                lambda: self.looking,
            )
        )

    async def _show(self, notice: ShownNotice, buttons: Sequence[tuple[str, str]]) -> bool:
        self.shown.append((notice.topic, notice.title, [name for name, _ in buttons]))
        return True

    def _mute(self, until: float) -> None:
        self.snapshot = replace(self.snapshot, muted_until=until)
        self.notifier.noticed(self.snapshot)

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
    assert scene.snapshot.muted_until == scene.clock.now() + 3_600
    await scene.notifier.stop()


async def test_muted_it_shows_nothing_and_after_that_only_what_is_new() -> None:
    scene = Scene()
    scene.notifier.pressed("outage", "mute")
    muted_until = scene.snapshot.muted_until
    await scene.becomes(replace(DOWN, muted_until=muted_until), 3_700)
    assert scene.shown == []
    await scene.becomes(GOOD, 60)
    await scene.becomes(DOWN, 10)
    assert [title for _, title, _ in scene.shown] == ["No answer from G"]
    await scene.notifier.stop()


async def test_while_a_panel_is_open_it_shows_nothing() -> None:
    scene = Scene()
    scene.looking = True
    await scene.becomes(DOWN, 600)
    scene.looking = False
    await scene.becomes(DOWN, 600)
    assert scene.shown == []
    await scene.becomes(GOOD, 60)
    await scene.becomes(DOWN, 60)
    assert len(scene.shown) == 1
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


@pytest.mark.parametrize("platform", ["darwin", "win32"])
async def test_where_there_is_no_session_bus_to_use_the_tray_gets_it_or_nobody(
    platform: str,
) -> None:
    clock, facts = FakeClock(), BrokerFacts("0.1.0")
    attention = Attention(clock, facts, lambda: None, None)
    told: list[Callable[[Snapshot], None]] = []
    shown: list[ShownNotice] = []
    snapshot = [DOWN]

    def subscribe(changed: Callable[[Snapshot], None]) -> Callable[[], None]:
        told.append(changed)
        return told.clear

    given = notifying(
        clock,
        {},
        "",
        settings=Settings,
        snapshot=lambda: snapshot[0],
        subscribe=subscribe,
        attention=attention,
        platform=platform,
    )
    async with given:
        told[0](DOWN)
        await clock.advance(10)
        leave = attention.shows_notices(shown.append)
        for now in (GOOD, DOWN):
            snapshot[0] = now
            told[0](now)
            await clock.advance(70)
        leave()
    assert [(one.title, one.warning) for one in shown] == [
        ("Working again", False),
        ("No answer from G", True),
    ]
    assert told == []


async def test_on_linux_without_a_session_bus_nobody_is_told_anything() -> None:
    clock = FakeClock()
    attention = Attention(clock, BrokerFacts("0.1.0"), lambda: None, None)
    told: list[Callable[[Snapshot], None]] = []
    given = notifying(
        clock,
        {},
        "",
        settings=Settings,
        snapshot=lambda: GOOD,
        subscribe=lambda changed: (told.append(changed), told.clear)[1],
        attention=attention,
        platform="linux",
    )
    async with given:
        assert told == []
