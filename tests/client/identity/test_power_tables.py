"""What the messages of macOS and Windows mean, and that neither is asked on another system."""

from __future__ import annotations

import asyncio
import platform
import sys
import threading
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import pytest

from sidelight_client.adapters import power_macos as mac
from sidelight_client.adapters.power_macos import MacPowerSignals
from sidelight_client.adapters.power_windows import (
    PBT_APMRESUMEAUTOMATIC,
    PBT_APMSUSPEND,
    WindowsPowerSignals,
)
from sidelight_client.ports import GoingToSleep, PowerEvent, Slept
from sidelight_client.testing.fakes import FakeClock
from support.link_server import eventually

pytestmark = pytest.mark.anyio

NIGHT_S = 50_400.0
PBT_APMRESUMESUSPEND = 0x7
PBT_APMPOWERSTATUSCHANGE = 0xA


async def heard(
    signals: MacPowerSignals | WindowsPowerSignals, clock: FakeClock, *kinds: int
) -> list[PowerEvent | None]:
    """What each message means; the lid is closed for a night before every one but the first."""
    events: list[PowerEvent | None] = []
    for number, kind in enumerate(kinds):
        if number:
            await clock.close_lid(NIGHT_S)
        events.append(signals.event(kind))
    return events


@pytest.mark.parametrize(
    ("kinds", "events"),
    [
        ((mac.SYSTEM_WILL_SLEEP, mac.SYSTEM_HAS_POWERED_ON), [GoingToSleep(), Slept(NIGHT_S)]),
        (
            (mac.SYSTEM_WILL_SLEEP, mac.SYSTEM_WILL_POWER_ON, mac.SYSTEM_HAS_POWERED_ON),
            [GoingToSleep(), None, Slept(2 * NIGHT_S)],
        ),
        (
            (mac.SYSTEM_WILL_SLEEP, mac.SYSTEM_HAS_POWERED_ON, mac.SYSTEM_HAS_POWERED_ON),
            [GoingToSleep(), Slept(NIGHT_S), None],
        ),
        ((mac.SYSTEM_WILL_SLEEP, mac.SYSTEM_WILL_NOT_SLEEP), [GoingToSleep(), Slept(NIGHT_S)]),
        ((mac.CAN_SYSTEM_SLEEP, mac.SYSTEM_WILL_NOT_SLEEP), [None, None]),
        ((mac.SYSTEM_HAS_POWERED_ON, 0, 0xE0000310), [None, None, None]),
    ],
    ids=["a night", "power before the devices", "twice", "called off", "only asked", "others"],
)
async def test_the_messages_of_macos(
    kinds: tuple[int, ...], events: list[PowerEvent | None]
) -> None:
    clock = FakeClock()
    assert await heard(MacPowerSignals(clock), clock, *kinds) == events


@pytest.mark.parametrize(
    ("kinds", "events"),
    [
        ((PBT_APMSUSPEND, PBT_APMRESUMEAUTOMATIC), [GoingToSleep(), Slept(NIGHT_S)]),
        (
            (PBT_APMSUSPEND, PBT_APMRESUMEAUTOMATIC, PBT_APMRESUMESUSPEND),
            [GoingToSleep(), Slept(NIGHT_S), None],
        ),
        ((PBT_APMRESUMEAUTOMATIC, PBT_APMPOWERSTATUSCHANGE), [None, None]),
    ],
    ids=["a night", "resumed by a person, too", "others"],
)
async def test_the_messages_of_windows(
    kinds: tuple[int, ...], events: list[PowerEvent | None]
) -> None:
    clock = FakeClock()
    assert await heard(WindowsPowerSignals(clock), clock, *kinds) == events


def test_macos_waits_for_our_word_exactly_before_it_sleeps() -> None:
    asked = {mac.CAN_SYSTEM_SLEEP, mac.SYSTEM_WILL_SLEEP}
    told = {mac.SYSTEM_WILL_NOT_SLEEP, mac.SYSTEM_WILL_POWER_ON, mac.SYSTEM_HAS_POWERED_ON}
    assert all(mac.must_be_allowed(kind) for kind in asked)
    assert not any(mac.must_be_allowed(kind) for kind in told)


@pytest.mark.skipif(sys.platform in ("darwin", "win32"), reason="there it would listen")
async def test_on_other_systems_both_end_at_once() -> None:
    clock = FakeClock()
    assert [event async for event in MacPowerSignals(clock).events()] == []
    assert [event async for event in WindowsPowerSignals(clock).events()] == []


class FakeMac:
    """IOKit and CoreFoundation, as far as they are called: it keeps the callback, and runs a loop."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.refuses = refuses
        self.callback: Callable[..., None] | None = None
        self.allowed: list[int] = []
        self.given_back: list[str] = []
        self.stopped = threading.Event()

    def IORegisterForSystemPower(self, _context: Any, _port: Any, callback: Any, _: Any) -> int:  # noqa: N802
        self.callback = callback
        return 0 if self.refuses else 7

    def IOAllowPowerChange(self, root: int, argument: int) -> None:  # noqa: N802
        assert root == 7
        self.allowed.append(argument)

    def CFRunLoopRun(self) -> None:  # noqa: N802
        self.stopped.wait(20)

    def CFRunLoopStop(self, loop: int) -> None:  # noqa: N802
        assert loop == 1
        self.stopped.set()

    def CFRunLoopGetCurrent(self) -> int:  # noqa: N802
        return 1

    def __getattr__(self, name: str) -> Callable[..., int]:
        def called(*_: Any) -> int:
            self.given_back.append(name)
            return 0

        return called

    def tell(self, kind: int, argument: int = 0) -> threading.Thread:
        """Deliver a message on a thread of the system's, as the run loop does."""
        assert self.callback is not None
        thread = threading.Thread(target=self.callback, args=(None, 0, kind, argument))
        thread.start()
        return thread


@pytest.fixture
def a_mac(monkeypatch: pytest.MonkeyPatch) -> FakeMac:
    fake = FakeMac()
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    monkeypatch.setattr(mac, "_frameworks", lambda: (fake, fake, None))
    return fake


async def test_macos_may_sleep_only_when_the_listener_asks_for_its_next_event(
    a_mac: FakeMac,
) -> None:
    seen: list[PowerEvent] = []
    ready = asyncio.Event()

    async def listen() -> None:
        async with aclosing(MacPowerSignals(FakeClock()).events()) as events:  # type: ignore[type-var]
            async for event in events:
                seen.append(event)
                if isinstance(event, GoingToSleep):
                    await ready.wait()

    listening = asyncio.create_task(listen())
    await eventually(lambda: a_mac.callback)
    a_mac.tell(mac.CAN_SYSTEM_SLEEP, 11).join()
    assert a_mac.allowed == [11]
    going = a_mac.tell(mac.SYSTEM_WILL_SLEEP, 12)
    await eventually(lambda: seen)
    assert a_mac.allowed == [11]
    ready.set()
    await eventually(lambda: a_mac.allowed == [11, 12])
    going.join()
    a_mac.tell(mac.SYSTEM_HAS_POWERED_ON).join()
    await eventually(lambda: len(seen) == 2)
    assert isinstance(seen[1], Slept)
    assert a_mac.allowed == [11, 12]
    listening.cancel()
    await asyncio.wait({listening})
    await eventually(lambda: "IONotificationPortDestroy" in a_mac.given_back)
    assert {"IODeregisterForSystemPower", "IOServiceClose"} <= set(a_mac.given_back)


async def test_a_mac_that_gives_no_messages_ends_the_source_and_nothing_else(
    a_mac: FakeMac, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_mac.refuses = True
    assert [event async for event in MacPowerSignals(FakeClock()).events()] == []

    def missing() -> Any:
        raise OSError("no such framework")

    monkeypatch.setattr(mac, "_frameworks", missing)
    assert [event async for event in MacPowerSignals(FakeClock()).events()] == []
