"""A small window in which a person gives a reason in their own words, and sends it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from .cards import paragraph
from .details import STYLE
from .theme import Theme

LONGEST = 1_000
"""The broker takes no more of a reason."""


class AskWindow(QWidget):
    """A sentence, room for a reason, and a button that is dead until something is written."""

    def __init__(
        self, title: str, sentence: str, theme: Theme, answered: Callable[[str], None]
    ) -> None:
        super().__init__(None, Qt.WindowType.Window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setObjectName("ground")
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self._answered = answered
        colours = {name: getattr(theme, name) for name in Theme.__slots__}
        self.setStyleSheet(STYLE.format(**colours))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.setSpacing(10)
        layout.addWidget(paragraph(sentence, theme.text, self.font()))
        self.reason = QPlainTextEdit()
        self.reason.setAccessibleName("Your reason")
        self.reason.setTabChangesFocus(True)
        self.reason.setStyleSheet(
            f"QPlainTextEdit {{ background: {theme.card}; color: {theme.text}; "
            f"border: 1px solid {theme.edge}; border-radius: 7px; padding: 6px; }}"
            f"QPlainTextEdit:focus {{ border: 2px solid {theme.focus}; }}"
        )
        self.reason.textChanged.connect(self._written)
        layout.addWidget(self.reason, 1)
        self.send = QPushButton("&Send")
        self.send.setProperty("primary", True)
        self.send.setEnabled(False)
        self.send.clicked.connect(self._send)
        cancel = QPushButton("&Cancel")
        cancel.clicked.connect(self.close)
        line = QHBoxLayout()
        line.addStretch(1)
        line.addWidget(self.send)
        line.addWidget(cancel)
        layout.addLayout(line)
        QShortcut(QKeySequence(Qt.Key.Key_Escape), self, self.close)
        self.resize(520, 240)
        self.reason.setFocus()

    def _written(self) -> None:
        self.send.setEnabled(bool(self.reason.toPlainText().strip()))

    def _send(self) -> None:
        reason = self.reason.toPlainText().strip()[:LONGEST]
        self.close()
        self._answered(reason)
