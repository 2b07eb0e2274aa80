"""Turns cards into widgets: one function a kind of item."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import assert_never

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from ..face.acts import Action, Tone
from ..face.state import NAMES, TrayState
from ..icon.icon import paint
from ..panels.content import (
    Bars,
    Card,
    Choices,
    Days,
    Entry,
    Figure,
    Gauge,
    Item,
    Lanes,
    Note,
    Row,
    Span,
    Stack,
    Timeline,
)
from .charts import ChartWidget, small
from .lines import FigureWidget, LineWidget, MarkWidget, row_widget
from .theme import Theme

Perform = Callable[[Action], None]


class Picture(QWidget):
    """The icon of a state inside a panel."""

    def __init__(self, state: TrayState, size: int, theme: Theme) -> None:
        super().__init__()
        self._state, self._theme = state, theme
        self.setFixedSize(QSize(size, size))
        self.setAccessibleName(NAMES[state])

    def paintEvent(self, event: QPaintEvent) -> None:
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint(painter, QRectF(self.rect()), self._state, self._theme.palette)
        painter.end()


def card_widget(card: Card, font: QFont, theme: Theme, perform: Perform) -> QFrame:
    """A card with all its items."""
    frame = QFrame()
    frame.setObjectName("card")
    frame.setProperty("tone", card.tone.value if card.tone in {Tone.WARN, Tone.BAD} else "")
    frame.setAccessibleName(card.title)
    layout = QVBoxLayout(frame)
    layout.setContentsMargins(14, 11, 14, 12)
    layout.setSpacing(7)
    layout.addLayout(_heading(card, font, theme, perform))
    for item in card.items:
        layout.addWidget(item_widget(item, font, theme, perform))
    return frame


def _heading(card: Card, font: QFont, theme: Theme, perform: Perform) -> QHBoxLayout:
    line = QHBoxLayout()
    line.setSpacing(8)
    if card.icon is not None:
        line.addWidget(Picture(card.icon, 20, theme))
    prominent = card.tone in {Tone.WARN, Tone.BAD} or card.icon is not None
    title = Span(card.title, Tone.PLAIN if prominent else Tone.MUTED, strong=True)
    line.addWidget(LineWidget(title, card.right, font, theme), 1)
    if card.link is not None:
        line.addWidget(link_button(card.link, font, perform))
    return line


def item_widget(item: Item, font: QFont, theme: Theme, perform: Perform) -> QWidget:
    """The widget of one item."""
    match item:
        case Row():
            return row_widget(item, font, theme)
        case Figure():
            return FigureWidget(item, theme)
        case Gauge() | Bars() | Days() | Lanes() | Stack() | Timeline():
            return ChartWidget(item, theme)
        case Entry():
            return _entry(item, font, theme, perform)
        case Note():
            return paragraph(item.text, theme.text_of(item.tone), font)
        case Choices():
            return _choices(item, perform)
        case _:
            assert_never(item)


class Paragraph(QLabel):
    """A text that wraps and knows how high that makes it."""

    def __init__(self, text: str, colour: str, font: QFont) -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setFont(font)
        self.setText(text)
        self.setWordWrap(True)
        self.setStyleSheet(f"color: {colour}")
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)


def paragraph(text: str, colour: str, font: QFont) -> Paragraph:
    return Paragraph(text, colour, font)


def _entry(entry: Entry, font: QFont, theme: Theme, perform: Perform) -> QWidget:
    whole = QWidget()
    told = (entry.title, entry.whole_place, entry.detail)
    whole.setAccessibleName(", ".join(part for part in told if part))
    if entry.whole_place:
        # Marked up, because Qt would take a file's name for mark-up where it looks like some.
        whole.setToolTip(f"<p>{escape(entry.whole_place)}</p>")
    layout = QHBoxLayout(whole)
    layout.setContentsMargins(0, 2, 0, 2)
    layout.setSpacing(9)
    layout.addWidget(MarkWidget(entry.mark, entry.tone, theme), 0, Qt.AlignmentFlag.AlignTop)
    words = QVBoxLayout()
    words.setSpacing(1)
    words.addWidget(LineWidget(Span(entry.title), (), font, theme))
    for line in (entry.place, entry.detail):
        if line:
            words.addWidget(LineWidget(Span(line, Tone.MUTED), (), small(font), theme))
    layout.addLayout(words, 1)
    if entry.action is not None:
        button = link_button(entry.action, small(font), perform)
        layout.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)
    return whole


def _choices(choices: Choices, perform: Perform) -> QWidget:
    whole = QWidget()
    layout = QHBoxLayout(whole)
    layout.setContentsMargins(0, 3, 0, 0)
    layout.setSpacing(8)
    for index, action in enumerate(choices.actions):
        button = push_button(action, perform)
        button.setProperty("primary", choices.primary and index == 0)
        layout.addWidget(button)
    layout.addStretch(1)
    return whole


def push_button(action: Action, perform: Perform) -> QPushButton:
    """A button; its name aloud is its label without the mnemonic."""
    button = QPushButton(action.label)
    button.setObjectName(f"{action.act.value}:{action.argument}")
    button.setAccessibleName(action.label.replace("&", ""))
    button.setCursor(Qt.CursorShape.PointingHandCursor)
    button.setAutoDefault(True)
    button.clicked.connect(lambda: perform(action))
    return button


def link_button(action: Action, font: QFont, perform: Perform) -> QPushButton:
    """A button that looks like a link."""
    button = push_button(action, perform)
    button.setProperty("link", True)
    button.setFont(font)
    return button
