"""Whether the desktop is dark: what it says of itself, or the colour of its windows."""

from __future__ import annotations

from PySide6.QtGui import QGuiApplication

_MIDDLE = 128


def windows_are_dark() -> bool:
    """By the colour of windows alone, which is known at once."""
    return QGuiApplication.palette().window().color().lightness() < _MIDDLE


def desktop_is_dark() -> bool:
    """What the desktop says of itself; where it says nothing, its windows' colour."""
    # Imported here because the first use of the namespace `Qt` takes long (see icon/badges.py).
    from PySide6.QtCore import Qt

    scheme = QGuiApplication.styleHints().colorScheme()
    if scheme is not Qt.ColorScheme.Unknown:
        return scheme is Qt.ColorScheme.Dark
    return windows_are_dark()
