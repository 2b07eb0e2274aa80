"""The icon in the desktop's panel, made again when a panel appears later than the tray.

On X11, Qt falls back to the old kind of tray for ever when no StatusNotifier host is there at
start; a new QSystemTrayIcon, made after the host has come, is the cure. Wayland recovers by itself.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QGuiApplication, QIcon
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from .balloon import Balloon

HOST_SETTLES_MS = 1_500
"""How long a panel that has just registered takes until it accepts icons."""
BALLOON_MS = 10_000
WATCHER = "org.kde.StatusNotifierWatcher"


class TrayHost(QObject):
    """The icon, its tooltip and its menu; nothing is sent to the panel that it shows already."""

    def __init__(
        self, menu: QMenu, clicked: Callable[[], None], balloon_clicked: Callable[[], None]
    ) -> None:
        super().__init__()
        self._menu, self._clicked, self._balloon_clicked = menu, clicked, balloon_clicked
        self._picture = QIcon()
        self._tooltip = ""
        self._watcher: QObject | None = None
        self._item = self._make()
        self._settled = QTimer(self)
        self._settled.setSingleShot(True)
        self._settled.timeout.connect(self.make_again)

    @property
    def item(self) -> QSystemTrayIcon:
        return self._item

    @property
    def available(self) -> bool:
        """Whether the desktop has a place for icons now."""
        return QSystemTrayIcon.isSystemTrayAvailable()

    @property
    def kind(self) -> str:
        """How the icon reaches the panel, for the diagnostics."""
        return f"{'present' if self.available else 'none'} on {QGuiApplication.platformName()}"

    def show(self) -> None:
        """Show the icon, whether or not a panel is there yet, and wait for one that comes later."""
        self._item.show()
        if sys.platform == "linux" and QGuiApplication.platformName() in {"xcb", "wayland"}:
            self._watch()

    def set_picture(self, picture: QIcon) -> None:
        self._picture = picture
        self._item.setIcon(picture)

    def set_tooltip(self, tooltip: str) -> None:
        if tooltip != self._tooltip:
            self._tooltip = tooltip
            self._item.setToolTip(tooltip)

    def show_balloon(self, balloon: Balloon) -> None:
        """Show a notification by the system's own means; a click on it is reported as such."""
        icons = QSystemTrayIcon.MessageIcon
        kind = icons.Warning if balloon.warning else icons.Information
        self._item.showMessage(balloon.title, balloon.text, kind, BALLOON_MS)

    def make_again(self) -> None:
        """A new icon in the place of the old one."""
        before, self._item = self._item, self._make()
        self._item.setIcon(self._picture)
        self._item.setToolTip(self._tooltip)
        self._item.show()
        before.hide()
        before.deleteLater()

    def _host_came(self) -> None:
        self._settled.start(HOST_SETTLES_MS)

    def _make(self) -> QSystemTrayIcon:
        item = QSystemTrayIcon(self)
        item.setContextMenu(self._menu)
        item.activated.connect(self._activated)
        item.messageClicked.connect(self._balloon_clicked)
        return item

    def _activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason is not QSystemTrayIcon.ActivationReason.Context:
            self._clicked()

    def _watch(self) -> None:
        # Imported here because only a Linux desktop has the bus, and it costs two megabytes.
        from PySide6.QtDBus import QDBusConnection, QDBusServiceWatcher

        bus = QDBusConnection.sessionBus()
        if not bus.isConnected():
            return
        watcher = QDBusServiceWatcher(
            WATCHER, bus, QDBusServiceWatcher.WatchModeFlag.WatchForRegistration, self
        )
        watcher.serviceRegistered.connect(self._host_came)
        self._watcher = watcher
