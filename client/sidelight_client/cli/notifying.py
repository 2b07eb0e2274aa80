"""Puts the notifier together: the desktop's notifications, the tray's window, the sign-in."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from ..api import Clock, Settings, ShownNotice, Snapshot, Subscription
from ..broker.attention import Attention
from ..link.spawn import reap_in_background, spawn_broker
from ..notifier import Desktop, Notifier

if TYPE_CHECKING:
    from ..adapters.desktop_notifications import DesktopNotifications


@asynccontextmanager
async def notifying(
    clock: Clock,
    environ: Mapping[str, str],
    log_file: str,
    *,
    settings: Callable[[], Settings],
    snapshot: Callable[[], Snapshot],
    subscribe: Callable[[Callable[[Snapshot], None]], Subscription],
    attention: Attention,
    platform: str = sys.platform,
) -> AsyncGenerator[Notifier]:
    """A notifier, which ends with the block; on Linux it stays silent where there is no session bus.

    Elsewhere the tray shows what there is to show, and the notifier hands it over.
    """
    notifier = Notifier(clock, settings, snapshot)
    address = environ.get("DBUS_SESSION_BUS_ADDRESS", "")
    if platform == "linux" and not address:
        yield notifier
        return
    desktop: DesktopNotifications | None = None

    def load() -> DesktopNotifications:
        from ..adapters.desktop_notifications import DesktopNotifications

        return DesktopNotifications(address, notifier.pressed)

    async def show(notice: ShownNotice, buttons: Sequence[tuple[str, str]]) -> bool:
        nonlocal desktop
        if platform != "linux":
            return attention.show(notice)
        if desktop is None:
            # Loaded with the first notification, on a thread: it takes longer than the loop may wait.
            desktop = await asyncio.to_thread(load)
        return await desktop.show(notice.topic, notice.title, notice.text, buttons)

    def start(*words: str) -> None:
        reap_in_background(spawn_broker(_command(words), dict(environ), log_file))

    notifier.shows_on(
        Desktop(
            show=show,
            open_window=lambda: start("tray"),
            sign_in=lambda: start("login"),
            mute=attention.mute,
            looking=lambda: attention.looking,
        )
    )
    leave = subscribe(notifier.noticed)
    try:
        yield notifier
    finally:
        leave()
        await notifier.stop()
        if desktop is not None:
            await desktop.close()


def _command(words: Sequence[str]) -> list[str]:
    return [sys.executable, "-P", "-m", "sidelight_client", *words]
