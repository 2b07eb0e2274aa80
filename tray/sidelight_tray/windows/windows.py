"""The windows of the tray; this file and what it brings along are loaded when the first one opens."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6 import __version__ as qt_version
from PySide6.QtGui import QGuiApplication

from ..desktop import desktop_is_dark
from ..diagnostics import diagnostics
from ..panels.panels import details, popover
from .ask_window import AskWindow
from .details import DetailsWindow, PanelWindow
from .popover import Popover
from .text_window import TextWindow
from .theme import Theme, theme

if TYPE_CHECKING:
    from ..tray import Tray


class Windows:
    """The popover, the details and the small text windows; a window that is closed is deleted."""

    def __init__(self, tray: Tray) -> None:
        self._tray = tray
        self._popover: Popover | None = None
        self._details: DetailsWindow | None = None
        self._texts: list[TextWindow | AskWindow] = []
        self._explained_no_tray = False

    def open_names(self) -> list[str]:
        """Which windows can be seen."""
        return [
            name
            for name, window in (("popover", self._popover), ("details", self._details))
            if window is not None and window.isVisible()
        ]

    def are_seen(self) -> bool:
        """Whether the person sees a panel: one is open, and not reduced to its name in a task bar."""
        return any(
            window is not None and window.isVisible() and not window.isMinimized()
            for window in (self._popover, self._details)
        )

    def renew(self) -> None:
        """Write what is open anew; what is closed costs nothing."""
        tray, now, worn = self._tray, self._tray.now(), self._theme()
        if self._popover is not None:
            self._popover.wear(worn)
            self._popover.show_panel(popover(tray.heard, now, tray.around.say))
        if self._details is not None:
            self._details.wear(worn)
            self._details.show_panel(details(tray.heard, now, tray.around.say))

    def toggle_popover(self) -> None:
        if self._popover is not None:
            self._popover.close()
            return
        tray = self._tray
        window = self._popover = Popover(self._theme())
        self._wire(window)
        window.show_panel(popover(tray.heard, tray.now(), tray.around.say))
        window.place(tray.host.item.geometry())
        self._present(window)

    def show_details(self) -> None:
        if self._popover is not None:
            self._popover.close()
        tray = self._tray
        if self._details is None:
            window = self._details = DetailsWindow(self._theme())
            self._wire(window)
            window.show_panel(details(tray.heard, tray.now(), tray.around.say))
            window.fit()
        self._present(self._details)

    def show_diagnostics(self) -> None:
        tray = self._tray
        facts = {
            "Tray": tray.around.version,
            "Python": f"{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}",
            "PySide6": qt_version,
            "Platform": f"{sys.platform}, Qt {QGuiApplication.platformName()}",
            "Tray icon": tray.host.kind,
        }
        text = diagnostics(tray.heard, tuple(tray.history), facts, tray.now())
        said = "This is all that is copied: no code, no prompts, no tokens and no file names."
        self.show_text("Diagnostics", said, text)

    def show_no_tray(self) -> None:
        """The window in the place of the icon, with one explanation a run."""
        self.show_details()
        if not self._explained_no_tray:
            self._explained_no_tray = True
            message = self._tray.around.say("tray.no_tray", {})
            self.show_text(message.title, message.text, "")

    def show_text(self, title: str, sentence: str, text: str) -> None:
        window = TextWindow(title, sentence, text, self._theme())
        self._texts.append(window)
        window.destroyed.connect(lambda: self._forget(window))
        self._present(window)

    def ask_reason(self, title: str, sentence: str, answered: Callable[[str], None]) -> None:
        window = AskWindow(title, sentence, self._theme(), answered)
        self._texts.append(window)
        window.destroyed.connect(lambda: self._forget(window))
        self._present(window)

    def show_menu(self) -> None:
        """The icon's menu below the button that asks for it: some desktops show no icon."""
        button = self._details.menu_button() if self._details is not None else None
        if button is not None:
            self._tray.menu.popup(button.mapToGlobal(button.rect().bottomLeft()))

    def close(self) -> None:
        for window in (self._popover, self._details, *self._texts):
            if window is not None:
                window.close()

    def _forget(self, window: TextWindow | AskWindow) -> None:
        self._texts = [one for one in self._texts if one is not window]

    def _wire(self, window: PanelWindow) -> None:
        window.performed.connect(self._tray.wishes.perform)
        window.closed.connect(lambda: self._closed(window))
        window.seen.connect(self._tray.look)

    def _closed(self, window: PanelWindow) -> None:
        if window is self._popover:
            self._popover = None
        if window is self._details:
            self._details = None
        window.deleteLater()

    def _present(self, window: PanelWindow | TextWindow | AskWindow) -> None:
        window.show()
        window.raise_()
        window.activateWindow()
        if isinstance(window, PanelWindow):
            self._tray.looked()
            self._tray.ask_usage()

    def _theme(self) -> Theme:
        return theme(dark=desktop_is_dark())
