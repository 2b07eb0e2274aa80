"""What both windows are made of, and the details window."""

from __future__ import annotations

from itertools import pairwise

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QFont,
    QHideEvent,
    QKeyEvent,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QFrame,
    QGraphicsOpacityEffect,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from ..face.acts import Act, Tone
from ..panels.content import Card, Panel, Span
from .cards import Picture, card_widget, push_button
from .lines import LineWidget
from .theme import Theme

DETAILS_SIZE = QSize(880, 720)
STALE_OPACITY = 0.6

STYLE = """
QWidget#ground {{ background: {window}; }}
QFrame#card {{ background: {card}; border: 1px solid {edge}; border-radius: 9px; }}
QFrame#card[tone="warn"] {{ background: {warn_ground}; border-color: {warn}; }}
QFrame#card[tone="bad"] {{ background: {bad_ground}; border-color: {bad}; }}
QLabel#pill {{ border-radius: 11px; padding: 4px 13px; font-weight: 600; }}
QPushButton {{ background: {button}; color: {text}; border: 1px solid {edge};
  border-radius: 7px; padding: 5px 12px; }}
QPushButton:hover {{ background: {button_over}; }}
QPushButton:focus {{ border: 2px solid {focus}; padding: 4px 11px; outline: none; }}
QPushButton[primary="true"] {{ background: {accent}; color: {on_accent}; border-color: {accent};
  font-weight: 600; }}
QPushButton[primary="true"]:focus {{ border-color: {text}; }}
QPushButton[link="true"] {{ background: transparent; color: {accent_text};
  border: 2px solid transparent; font-weight: 600; padding: 1px 5px; border-radius: 5px; }}
QPushButton[link="true"]:hover {{ color: {text}; }}
QPushButton[link="true"]:focus {{ border-color: {focus}; }}
QScrollArea {{ background: transparent; border: none; }}
QScrollBar:vertical {{ background: transparent; width: 8px; margin: 0; }}
QScrollBar::handle:vertical {{ background: {track}; border-radius: 4px; min-height: 28px; }}
QScrollBar::add-line, QScrollBar::sub-line {{ height: 0; }}
"""


def style_of(theme: Theme) -> str:
    """The style sheet of a window in the colours of `theme`."""
    return STYLE.format(**{name: getattr(theme, name) for name in Theme.__slots__})


class PanelWindow(QWidget):
    """A window that shows one `Panel` and keeps the focus where it was when the panel changes."""

    performed = Signal(object)
    """An `Action` was chosen."""
    closed = Signal()
    seen = Signal()
    """The window was shown, hidden, reduced to its name in a task bar, or brought back."""

    def __init__(self, theme: Theme, flags: Qt.WindowType) -> None:
        super().__init__(None, flags)
        self.setObjectName("ground")
        self.setWindowTitle("Sidelight")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.panel: Panel | None = None
        self._theme: Theme | None = None
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(16, 14, 16, 14)
        self._layout.setSpacing(10)
        self.body = QScrollArea()
        self.body.setWidgetResizable(True)
        self.body.setFrameShape(QFrame.Shape.NoFrame)
        self.body.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.body.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._header, self._footer = QWidget(), QWidget()
        for part, stretch in ((self._header, 0), (self.body, 1), (self._footer, 0)):
            self._layout.addWidget(part, stretch)
        self.wear(theme)

    def wear(self, theme: Theme) -> None:
        """Take on the colours of `theme`."""
        if theme is self._theme:
            return
        self._theme = theme
        self.setStyleSheet(style_of(theme))
        if self.panel is not None:
            panel, self.panel = self.panel, None
            self.show_panel(panel)

    def show_panel(self, panel: Panel) -> None:
        """Show `panel`; nothing is done when it is the one that is shown already."""
        if panel == self.panel or self._theme is None:
            return
        name = _name_of(self.focusWidget())
        self.panel = panel
        self.setAccessibleName(f"Sidelight: {panel.pill}")
        self._header = self._replaced(self._header, self._make_header(panel, self._theme))
        self._footer = self._replaced(self._footer, self._make_footer(panel))
        body, scrolled = self._make_body(panel, self._theme), self.body.verticalScrollBar().value()
        self.body.setWidget(body)  # It deletes the one before.
        self.body.verticalScrollBar().setValue(scrolled)
        self._order_focus(name)

    def _replaced(self, before: QWidget, after: QWidget) -> QWidget:
        self._layout.replaceWidget(before, after)
        before.hide()
        before.deleteLater()
        return after

    def _make_header(self, panel: Panel, theme: Theme) -> QWidget:
        header = QWidget()
        line = QHBoxLayout(header)
        line.setContentsMargins(2, 0, 0, 2)
        line.setSpacing(11)
        line.addWidget(Picture(panel.state, 32, theme))
        names = QVBoxLayout()
        names.setSpacing(0)
        large = QFont(self.font())
        large.setPointSizeF(large.pointSizeF() * 1.15)
        title = LineWidget(Span(panel.title, strong=True), (), large, theme)
        names.addWidget(title)
        names.addWidget(LineWidget(Span(panel.subtitle, Tone.MUTED), (), self.font(), theme))
        line.addLayout(names, 1)
        pill = QLabel(panel.pill)
        pill.setObjectName("pill")
        pill.setAccessibleName(f"State: {panel.pill}")
        colour, ground = theme.text_of(panel.pill_tone), theme.ground_of(panel.pill_tone)
        pill.setStyleSheet(f"color: {colour}; background: {ground}")
        pill.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        line.addWidget(pill)
        return header

    def _make_footer(self, panel: Panel) -> QWidget:
        footer = QWidget()
        line = QHBoxLayout(footer)
        line.setContentsMargins(0, 2, 0, 0)
        line.setSpacing(8)
        for action in panel.buttons:
            line.addWidget(push_button(action, self.performed.emit))
        line.addStretch(1)
        for action in panel.last:
            line.addWidget(push_button(action, self.performed.emit))
        return footer

    def _make_body(self, panel: Panel, theme: Theme) -> QWidget:
        body = QWidget()
        body.setObjectName("ground")
        # Otherwise one wide button would push every card out of the window at the right.
        body.setMinimumWidth(1)
        whole = QVBoxLayout(body)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(10)
        for card in panel.wide:
            whole.addWidget(self._card(card, panel, theme))
        columns = QHBoxLayout()
        columns.setSpacing(10)
        for cards in panel.columns:
            column = QVBoxLayout()
            column.setSpacing(10)
            for card in cards:
                column.addWidget(self._card(card, panel, theme))
            column.addStretch(1)
            columns.addLayout(column, 1)
        whole.addLayout(columns)
        whole.addStretch(1)
        return body

    def _card(self, card: Card, panel: Panel, theme: Theme) -> QWidget:
        """A card; what it shows is faded where it is from before, save why that is so."""
        made = card_widget(card, self.font(), theme, self.performed.emit)
        if panel.stale and card.icon is None:
            faded = QGraphicsOpacityEffect(made)
            faded.setOpacity(STALE_OPACITY)
            made.setGraphicsEffect(faded)
        return made

    def _order_focus(self, before: str) -> None:
        """Tab goes through the cards and then the footer; the first stop is the first action."""
        buttons = [
            *self.body.findChildren(QPushButton),
            *self._footer.findChildren(QPushButton),
        ]
        for one, following in pairwise(buttons):
            QWidget.setTabOrder(one, following)
        kept = next((one for one in buttons if before and one.objectName() == before), None)
        primary = next((one for one in buttons if one.property("primary")), None)
        first = kept or primary or next(iter(self._footer.findChildren(QPushButton)), None)
        if first is not None:
            first.setFocus(Qt.FocusReason.OtherFocusReason)

    def body_height(self, width: int) -> int:
        """How high the cards are at `width`, wrapped paragraphs included."""
        body = self.body.widget()
        for widget in body.findChildren(QWidget) if body is not None else ():
            widget.ensurePolished()
        layout = body.layout() if body is not None else None
        if layout is None:
            return 0
        return (
            layout.heightForWidth(width)
            if layout.hasHeightForWidth()
            else layout.sizeHint().height()
        )

    def wanted_height(self, width: int) -> int:
        """The height at which nothing has to be scrolled."""
        margins = self._layout.contentsMargins()
        inside = width - margins.left() - margins.right()
        parts = self._header.sizeHint().height() + self._footer.sizeHint().height()
        gaps = 2 * self._layout.spacing() + margins.top() + margins.bottom()
        return self.body_height(inside) + parts + gaps

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        super().closeEvent(event)
        self.closed.emit()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.seen.emit()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.seen.emit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.WindowStateChange:
            self.seen.emit()


def _name_of(widget: QWidget | None) -> str:
    return "" if widget is None else widget.objectName()


class DetailsWindow(PanelWindow):
    """The window with everything in it."""

    def menu_button(self) -> QPushButton | None:
        """The button that opens the icon's menu."""
        return self._footer.findChild(QPushButton, f"{Act.MENU.value}:")

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, Qt.WindowType.Window)
        self.setMinimumSize(640, 420)
        self.resize(DETAILS_SIZE)

    def fit(self) -> None:
        """As high as what is in it, where the screen allows; before it is shown for the first time."""
        screen = self.screen().availableGeometry().height() * 9 // 10
        self.resize(self.width(), min(self.wanted_height(self.width()), screen))
