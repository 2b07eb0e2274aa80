"""A small window with a text that can be read before it is copied."""

from __future__ import annotations

from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QPushButton

from .small_window import SmallWindow, field_style
from .theme import Theme


class TextWindow(SmallWindow):
    """A sentence, a text below it, and buttons to copy and to close."""

    def __init__(self, title: str, sentence: str, text: str, theme: Theme) -> None:
        super().__init__(title, sentence, theme)
        self._text = text
        if text:
            self.column.addWidget(self._shown(text, theme), 1)
        self.column.addLayout(self._buttons(bool(text)))
        self.resize(640, 460 if text else 150)

    def _shown(self, text: str, theme: Theme) -> QPlainTextEdit:
        shown = QPlainTextEdit(text)
        shown.setReadOnly(True)
        shown.setTabChangesFocus(True)
        shown.setAccessibleName("The text that will be copied")
        shown.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        shown.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        shown.setStyleSheet(field_style(theme))
        return shown

    def _buttons(self, can_copy: bool) -> QHBoxLayout:
        line = QHBoxLayout()
        line.addStretch(1)
        close = QPushButton("Cl&ose")
        close.clicked.connect(self.close)
        if can_copy:
            copy = QPushButton("&Copy")
            copy.setProperty("primary", True)
            copy.clicked.connect(self._copy)
            line.addWidget(copy)
            copy.setFocus()
        line.addWidget(close)
        return line

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._text)
        self.close()
