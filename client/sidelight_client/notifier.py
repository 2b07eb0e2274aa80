"""Tells a person about trouble through the desktop: runs what `domain.service.episodes` decides."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from .domain.service.episodes import (
    LONGEST_WAIT_S,
    MUTE_S,
    Episodes,
    Notice,
    ShownNotice,
    Topic,
    in_quiet_hours,
    step,
    troubles_of,
    woke,
)
from .domain.snapshot import Snapshot
from .domain.words.catalogue import say
from .ports import Clock
from .settings import Settings

log = logging.getLogger("sidelight.notifications")

_OPEN = ("default", "Open")
"""Its name is also that of a click on the notification itself."""
_MUTE = ("mute", "Mute for 1 h")
_SIGN_IN = ("sign_in", "Sign in")

Show = Callable[[ShownNotice, Sequence[tuple[str, str]]], Awaitable[bool]]
"""Shows a notification with its buttons, the name and label of each; False where nobody shows it."""


@dataclass(frozen=True, slots=True)
class Desktop:
    """What the notifier can do on the desktop.

    Attributes:
        show: shows a notification in the place of the one before with the same topic.
        open_window: opens the tray's window.
        sign_in: starts a sign-in in the browser.
        mute: shows no notifications until a moment.
        looking: whether the person sees a panel, which says the same.
    """

    show: Show
    open_window: Callable[[], None]
    sign_in: Callable[[], None]
    mute: Callable[[float], None]
    looking: Callable[[], bool]


class Notifier:
    """Listens to the broker's snapshots; a timer runs only while an episode waits to be told."""

    def __init__(
        self, clock: Clock, settings: Callable[[], Settings], snapshot: Callable[[], Snapshot]
    ) -> None:
        self._clock, self._settings, self._snapshot = clock, settings, snapshot
        self._episodes = Episodes()
        self._desktop: Desktop | None = None
        self._alarm: asyncio.Task[None] | None = None
        self._showing: set[asyncio.Task[None]] = set()

    def shows_on(self, desktop: Desktop) -> None:
        """Take the desktop; it is needed before the first snapshot."""
        self._desktop = desktop

    def noticed(self, snapshot: Snapshot) -> None:
        """Take note of a changed snapshot."""
        now = self._clock.now()
        troubles = troubles_of(snapshot, now)
        self._episodes, notices, due = step(
            self._episodes, troubles, now, quiet=self._quiet(snapshot, now)
        )
        for notice in notices:
            task = asyncio.get_running_loop().create_task(self._tell(notice))
            self._showing.add(task)
            task.add_done_callback(self._showing.discard)
        self._set_alarm(due, now)

    def woke(self) -> None:
        """The machine woke up."""
        self._episodes = woke(self._episodes, self._clock.now())

    def pressed(self, topic: str, button: str) -> None:
        """A person pressed a button of a notification."""
        log.info("notification %s: %s pressed", topic, button)
        desktop = self._desktop
        if desktop is None:
            return
        match button:
            case "mute":
                desktop.mute(self._clock.now() + MUTE_S)
            case "sign_in":
                desktop.sign_in()
            case "default":
                desktop.open_window()
            case _:
                pass  # A notification service may have buttons of its own.

    async def stop(self) -> None:
        """End what waits."""
        waiting = [task for task in (self._alarm, *self._showing) if task is not None]
        for task in waiting:
            task.cancel()
        if waiting:
            await asyncio.wait(waiting)

    def _quiet(self, snapshot: Snapshot, now: float) -> bool:
        muted_until, desktop = snapshot.muted_until, self._desktop
        if muted_until is not None and now < muted_until:
            return True
        if desktop is not None and desktop.looking():
            return True
        settings = self._settings()
        if not settings.flag("notifications.enabled"):
            return True
        local = time.localtime(now)
        hours = settings.text("notifications.quiet_hours")
        return in_quiet_hours(hours, local.tm_hour * 60 + local.tm_min)

    async def _tell(self, notice: Notice) -> None:
        desktop = self._desktop
        if desktop is None:
            return
        message = say(notice.code, notice.facts)
        text = f"{message.what} {message.means}"
        told = ShownNotice(notice.topic.value, message.title, text, warning=not notice.over)
        shown = await desktop.show(told, _buttons(notice))
        log.info("notification %s: %s", notice.code, "shown" if shown else "nobody shows it")

    def _set_alarm(self, due: float | None, now: float) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if due is not None:
            wait_s = min(max(due - now, 0.01), LONGEST_WAIT_S)
            self._alarm = asyncio.get_running_loop().create_task(self._ring(wait_s))

    async def _ring(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._alarm = None
        self.noticed(self._snapshot())


def _buttons(notice: Notice) -> tuple[tuple[str, str], ...]:
    if notice.over:
        return (_OPEN,)
    if notice.topic is Topic.SIGN_IN:
        return (_OPEN, _SIGN_IN, _MUTE)
    return (_OPEN, _MUTE)
