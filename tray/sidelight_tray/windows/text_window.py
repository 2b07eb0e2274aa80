"""A small window with a text that can be read before it is copied."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontDatabase, QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from .cards import paragraph
from .details import STYLE
from .theme import Theme


class TextWindow(QWidget):
    """A sentence, a text below it, and buttons to copy and to close."""

    def __init__(self, title: str, sentence: str, text: str, theme: Theme) -> None:
        super().__init__(None, Qt.WindowType.Window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setObjectName("ground")
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self._text = text
        colours = {name: getattr(theme, name) for name in Theme.__slots__}
        self.setStyleSheet(STYLE.format(**colours))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.setSpacing(10)
        layout.addWidget(paragraph(sentence, theme.text, self.font()))
        if text:
            layout.addWidget(self._shown(text, theme), 1)
        layout.addLayout(self._buttons(bool(text)))
        QShortcut(QKeySequence(Qt.Key.Key_Escape), self, self.close)
        self.resize(640, 460 if text else 150)

    def _shown(self, text: str, theme: Theme) -> QPlainTextEdit:
        shown = QPlainTextEdit(text)
        shown.setReadOnly(True)
        shown.setTabChangesFocus(True)
        shown.setAccessibleName("The text that will be copied")
        shown.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        shown.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        shown.setStyleSheet(
            f"QPlainTextEdit {{ background: {theme.card}; color: {theme.text}; "
            f"border: 1px solid {theme.edge}; border-radius: 7px; padding: 6px; }}"
            f"QPlainTextEdit:focus {{ border: 2px solid {theme.focus}; }}"
        )
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
