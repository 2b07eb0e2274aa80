"""The tray itself: keeps what was heard, shows its face, and carries out what a person asks for."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QGuiApplication

from .desktop import desktop_is_dark, windows_are_dark
from .door import Json, Surroundings
from .face.acts import Act, Action
from .face.face import Face, MenuItem, face
from .face.state import Heard, TrayState
from .heard.link import Link
from .icon.balloon import balloon_of
from .icon.host import TrayHost
from .icon.icon import Palette, icon
from .icon.menu import TrayMenu
from .wishes import Wishes

if TYPE_CHECKING:
    from sidelight_client.api import Message

    from .heard.view import View
    from .windows.windows import Windows

HISTORY = 50
LONGEST_ALARM_MS = 3_600_000
SETTLED_MS = 1_000
"""After this the icon is in its panel, and its first colours are looked at more closely."""
NO_TRAY_AFTER_MS = 3_000
"""How long a desktop may take to offer a place for icons before the window opens instead."""


def chosen_palette(wanted: str, *, at_once: bool = False) -> Palette:
    """For which panel the icon is drawn. On macOS the system colours a mask as its bar needs it.

    `at_once` is for the first picture, which must not wait for what the desktop says of itself.
    """
    if wanted != "auto":
        return Palette(wanted)
    if sys.platform == "darwin":
        return Palette.MASK
    dark = windows_are_dark() if at_once else desktop_is_dark()
    return Palette.DARK if dark else Palette.LIGHT


class Tray(QObject):
    """Everything one person sees of Sidelight outside of the editor."""

    def __init__(
        self,
        around: Surroundings,
        quit_now: Callable[[], None],
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__()
        self.around, self.now = around, now
        self.heard = Heard()
        self.history: deque[tuple[float, TrayState]] = deque(maxlen=HISTORY)
        self.link = Link(around.door, self)
        self.wishes = Wishes(self, quit_now)
        self._windows: Windows | None = None
        self._drawn: tuple[TrayState, Palette] | None = None
        self._looking = False
        self._alarm = QTimer(self)
        self._alarm.setSingleShot(True)
        self._alarm.timeout.connect(self.renew)
        self.face: Face = face(self.heard, now())
        self.menu = TrayMenu(self._menu_items, self.wishes.perform)
        self.host = TrayHost(self.menu, self.toggle, self.show_details)
        self.link.heard.connect(self._hear)
        self.link.lost.connect(self._lose)
        self.link.prompted.connect(self.wishes.prompted)
        self.link.noticed.connect(self._notice)
        self.link.opened.connect(self._greet)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._recolour)
        self.menu.recoloured.connect(self._recolour)

    def begin(self) -> None:
        """Show the icon, then reach for the broker: the icon must not wait for anybody."""
        self.look_at_login_start()
        self.host.show()
        self.link.open(start=True)
        QTimer.singleShot(SETTLED_MS, self.renew)

    def explain_without_tray(self) -> None:
        """Where the desktop shows no icons, open the window and say so, once."""
        if not self.host.available:
            self.windows.show_no_tray()

    def end(self) -> None:
        """Let go of everything."""
        self._alarm.stop()
        self.link.close()
        if self._windows is not None:
            self._windows.close()
        self.host.item.hide()

    # --- what was heard ---

    def _hear(self, view: View) -> None:
        before = self.heard.view
        watched = self._windows is not None and bool(self._windows.open_names())
        if watched and (before is None or before.decisions != view.decisions):
            self.ask_usage()
        self.heard = replace(self.heard, view=view, connected=True, lost_at=None, problem=None)
        self.renew()

    def ask_usage(self) -> None:
        """Ask for today's usage; the answer renews the windows. An older broker has none."""
        self.link.ask("usage", {}, self._hear_usage)

    def _hear_usage(self, answer: Mapping[str, Any]) -> None:
        result = answer.get("result")
        if isinstance(result, dict):
            from .heard.view_usage import usage_of

            usage = usage_of(cast("dict[str, Any]", result))
            self.heard = replace(self.heard, usage=usage)
            self.renew()

    def _lose(self, problem: Message | None) -> None:
        lost_at = self.heard.lost_at
        if lost_at is None and self.heard.connected:
            lost_at = self.now()
        problem = problem or self.heard.problem
        self.heard = replace(self.heard, connected=False, lost_at=lost_at, problem=problem)
        self.renew()

    def look_at_login_start(self) -> None:
        """See whether the tray starts at login, and show that."""
        switch = self.around.login_start
        self.heard = replace(self.heard, at_login=None if switch is None else switch.is_on())
        self.menu.renew()
        self.renew()

    def looked(self) -> None:
        """The person sees a panel: blocks up to now are no news any more."""
        self.heard = replace(self.heard, blocks_seen_at=self.now())
        self.renew()

    def look(self) -> None:
        """Tell the broker when the person begins or ceases to see a panel.

        Where the connection ends, the broker knows by itself that nobody looks.
        """
        looking = self._windows is not None and self._windows.are_seen()
        if looking is not self._looking:
            self._looking = looking
            self.link.ask("looking", {"open": looking})

    def _greet(self) -> None:
        """Tell a broker that has just been reached what it cannot know."""
        if self.around.shows_notices:
            self.link.ask("notices")
        if self._looking:
            self.link.ask("looking", {"open": True})

    def _notice(self, data: Mapping[str, Any]) -> None:
        balloon = balloon_of(data, looking=self._looking)
        if balloon is not None:
            self.host.show_balloon(balloon)

    # --- what is shown ---

    def renew(self) -> None:
        """Decide the face anew and show what of it has changed."""
        now = self.now()
        self.face = face(self.heard, now)
        state = self.face.state
        if not self.history or self.history[-1][1] is not state:
            self.history.append((now, state))
            self.menu.renew()
        palette = chosen_palette(self.around.icon, at_once=self._drawn is None)
        if self._drawn != (state, palette):
            self._drawn = (state, palette)
            self.host.set_picture(icon(state, palette))
        self.host.set_tooltip(self.face.tooltip)
        self.menu.renew_choices()
        if self._windows is not None:
            self._windows.renew()
        if self.face.changes_at is None:
            self._alarm.stop()
        else:
            wait_ms = (self.face.changes_at - now) * 1000 + 50
            self._alarm.start(int(min(max(wait_ms, 50), LONGEST_ALARM_MS)))

    def _recolour(self) -> None:
        self.renew()

    def _menu_items(self) -> tuple[MenuItem, ...]:
        return face(self.heard, self.now()).menu

    @property
    def windows(self) -> Windows:
        """The windows, whose code is loaded when the first of them is asked for."""
        if self._windows is None:
            from .windows.windows import Windows

            self._windows = Windows(self)
        return self._windows

    def toggle(self) -> None:
        """Open the popover beside the icon, or close it."""
        self.windows.toggle_popover()

    def show_details(self) -> None:
        """Open the window: what a click on a notification asks for."""
        self.windows.show_details()

    # --- other processes ---

    def answer(self, wish: str) -> Mapping[str, Any]:
        """What a later launch is told: it wished the window, the state, or the end."""
        match wish:
            case "show":
                self.wishes.perform(Action(Act.DETAILS, ""))
            case "quit":
                QTimer.singleShot(0, lambda: self.wishes.perform(Action(Act.QUIT, "")))
            case _:
                pass
        return self.as_json()

    def as_json(self) -> Json:
        """What the tray shows, for scripts and for whoever looks for a fault."""
        view = self.heard.view
        return {
            "state": self.face.state.value,
            "tooltip": self.face.tooltip,
            "connected": self.heard.connected,
            "seq": view.seq if view is not None else None,
            "tray": self.host.kind,
            "windows": self._windows.open_names() if self._windows is not None else [],
        }
