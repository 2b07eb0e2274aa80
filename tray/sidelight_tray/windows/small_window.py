"""What the small windows share: a title, a sentence, room below it, and Esc that closes."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QVBoxLayout, QWidget

from .cards import paragraph
from .details import style_of
from .theme import Theme


class SmallWindow(QWidget):
    """A window of its own that is gone once it is closed.

    Attributes:
        column: the sentence, and below it what the window is for.
    """

    def __init__(self, title: str, sentence: str, theme: Theme) -> None:
        super().__init__(None, Qt.WindowType.Window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setObjectName("ground")
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self.setStyleSheet(style_of(theme))
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(16, 14, 16, 14)
        self.column.setSpacing(10)
        self.column.addWidget(paragraph(sentence, theme.text, self.font()))
        QShortcut(QKeySequence(Qt.Key.Key_Escape), self, self.close)


def field_style(theme: Theme) -> str:
    """The look of a field with several lines of text."""
    return (
        f"QPlainTextEdit {{ background: {theme.card}; color: {theme.text}; "
        f"border: 1px solid {theme.edge}; border-radius: 7px; padding: 6px; }}"
        f"QPlainTextEdit:focus {{ border: 2px solid {theme.focus}; }}"
    )
