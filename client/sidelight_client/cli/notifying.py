"""Puts the notifier together: the desktop's notifications, the tray's window, the sign-in."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from ..api import Clock, Settings, Snapshot, Subscription
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
) -> AsyncGenerator[Notifier]:
    """A notifier, which ends with the block; it stays silent where there is no session bus."""
    notifier = Notifier(clock, settings, snapshot)
    address = environ.get("DBUS_SESSION_BUS_ADDRESS", "")
    if sys.platform != "linux" or not address:
        # Elsewhere the tray itself shows what there is to show.
        yield notifier
        return
    desktop: DesktopNotifications | None = None

    def load() -> DesktopNotifications:
        from ..adapters.desktop_notifications import DesktopNotifications

        return DesktopNotifications(address, notifier.pressed)

    async def show(key: str, title: str, text: str, buttons: Sequence[tuple[str, str]]) -> bool:
        nonlocal desktop
        if desktop is None:
            # Loaded with the first notification, on a thread: it takes longer than the loop may wait.
            desktop = await asyncio.to_thread(load)
        return await desktop.show(key, title, text, buttons)

    def start(*words: str) -> None:
        reap_in_background(spawn_broker(_command(words), dict(environ), log_file))

    notifier.shows_on(
        Desktop(
            show=show,
            open_window=lambda: start("tray"),
            sign_in=lambda: start("login"),
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
