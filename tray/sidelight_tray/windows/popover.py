"""The popover: the narrow window beside the icon, which goes when something else is clicked."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QCursor, QGuiApplication, QScreen, QShowEvent

from ..panels.content import Panel
from .details import PanelWindow
from .theme import Theme

POPOVER_WIDTH = 400
POPOVER_HEIGHT = 680
"""So that it fits a screen of 768 pixels beside a desktop's own panel."""
_MARGIN = 8


class Popover(PanelWindow):
    """The panel behind the icon. It closes when something else is clicked."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, Qt.WindowType.Tool | Qt.WindowType.FramelessWindowHint)
        self._beside = QRect()

    def show_panel(self, panel: Panel) -> None:
        super().show_panel(panel)
        self._fit()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._fit()  # Only now has the style told every widget how large it is.
        self._move()

    def _fit(self) -> None:
        wanted = self.wanted_height(POPOVER_WIDTH)
        # On a small display, or one that shows everything larger, there is less room than that.
        room = _room(self._at())
        most = POPOVER_HEIGHT if room is None else min(POPOVER_HEIGHT, room.height())
        # A scroll bar makes the cards narrower and thereby higher, so that it would justify itself.
        needed = Qt.ScrollBarPolicy.ScrollBarAsNeeded
        never = Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        policy = needed if wanted > most else never
        self.body.setVerticalScrollBarPolicy(policy)
        self.setFixedSize(POPOVER_WIDTH, min(wanted, most))

    def place(self, icon: QRect) -> None:
        """Beside the icon where its place is known, else at the corner nearest to the pointer.

        On Wayland the compositor decides, whatever is asked for here.
        """
        self._beside = icon if icon.isValid() else QRect(QCursor.pos(), QSize(1, 1))
        self._fit()
        self._move()

    def _at(self) -> QPoint:
        return self._beside.center() if self._beside.isValid() else QCursor.pos()

    def _move(self) -> None:
        at = self._at()
        room = _room(at)
        if room is None:
            return
        x = min(max(at.x() - self.width() // 2, room.left()), room.right() - self.width())
        above = at.y() > room.center().y()
        y = at.y() - self.height() - _MARGIN if above else at.y() + _MARGIN
        y = max(min(y, room.bottom() - self.height()), room.top())
        self.move(QPoint(x, y))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.ActivationChange and not self.isActiveWindow():
            self.close()


def _room(at: QPoint) -> QRect | None:
    """Where a window may stand on the display at a point; None where a display just disappeared."""
    screen = _screen_at(at)
    if screen is None:
        return None
    # Qt 6.11 scales the size of what is available, and not its place: it may reach beyond the display.
    free = screen.availableGeometry().intersected(screen.geometry())
    return free.adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)


def _screen_at(point: QPoint) -> QScreen | None:
    return QGuiApplication.screenAt(point) or QGuiApplication.primaryScreen()
