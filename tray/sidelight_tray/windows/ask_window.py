"""A small window in which a person gives a reason in their own words, and sends it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QPushButton

from .small_window import SmallWindow, field_style
from .theme import Theme

LONGEST = 1_000
"""The broker takes no more of a reason."""


class AskWindow(SmallWindow):
    """A sentence, room for a reason, and a button that is dead until something is written."""

    def __init__(
        self, title: str, sentence: str, theme: Theme, answered: Callable[[str], None]
    ) -> None:
        super().__init__(title, sentence, theme)
        self._answered = answered
        self.reason = QPlainTextEdit()
        self.reason.setAccessibleName("Your reason")
        self.reason.setTabChangesFocus(True)
        self.reason.setStyleSheet(field_style(theme))
        self.reason.textChanged.connect(self._written)
        self.column.addWidget(self.reason, 1)
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
        self.column.addLayout(line)
        self.resize(520, 240)
        self.reason.setFocus()

    def _written(self) -> None:
        self.send.setEnabled(bool(self.reason.toPlainText().strip()))

    def _send(self) -> None:
        reason = self.reason.toPlainText().strip()[:LONGEST]
        self.close()
        self._answered(reason)
