"""Lines of text that never push a panel apart: what does not fit is shortened, and read aloud in full."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import assert_never

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ..face.acts import Tone
from ..panels.content import Figure, Mark, Row, Span
from .charts import small
from .theme import Theme

_BETWEEN = 12.0
_SPAN_GAP = 6.0


class LineWidget(QWidget):
    """One line: a text at the left, several pieces at the right."""

    def __init__(self, left: Span, right: Sequence[Span], font: QFont, theme: Theme) -> None:
        super().__init__()
        self._left, self._right, self._theme = left, tuple(right), theme
        self.setFont(font)
        told = " ".join(span.text for span in right)
        self.setAccessibleName(": ".join(part for part in (left.text, told) if part))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(60, math.ceil(QFontMetricsF(self.font()).height()) + 1)

    def paintEvent(self, event: QPaintEvent) -> None:
        del event
        painter = QPainter(self)
        box = QRectF(self.rect())
        used = paint_right(painter, box, self._right, self.font(), self._theme)
        room = box.adjusted(0, 0, -(used + _BETWEEN if used else 0), 0)
        paint_left(painter, room, self._left, self.font(), self._theme)
        painter.end()


def paint_left(painter: QPainter, room: QRectF, span: Span, font: QFont, theme: Theme) -> None:
    """Paint `span` at the left of `room`, shortened where it does not fit."""
    used = _weighted(font, strong=span.strong)
    painter.setFont(used)
    painter.setPen(QColor(theme.text_of(span.tone)))
    words = QFontMetricsF(used).elidedText(
        span.text, Qt.TextElideMode.ElideRight, max(room.width(), 0)
    )
    painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)


def paint_right(
    painter: QPainter, box: QRectF, spans: Sequence[Span], font: QFont, theme: Theme
) -> float:
    """Paint `spans` against the right edge; return how wide they are."""
    right = box.right()
    most = box.width() * 0.78
    for span in reversed(spans):
        used = _weighted(font, strong=span.strong)
        metrics = QFontMetricsF(used)
        left_over = most - (box.right() - right)
        words = metrics.elidedText(span.text, Qt.TextElideMode.ElideRight, max(left_over, 0))
        width = metrics.horizontalAdvance(words) + 1
        painter.setFont(used)
        painter.setPen(QColor(theme.text_of(span.tone)))
        at = QRectF(right - width, box.top(), width, box.height())
        painter.drawText(at, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, words)
        right -= width + _SPAN_GAP
    return box.right() - right if spans else 0.0


def _weighted(font: QFont, *, strong: bool) -> QFont:
    used = QFont(font)
    used.setWeight(QFont.Weight.DemiBold if strong else QFont.Weight.Normal)
    return used


class FigureWidget(QWidget):
    """One large number with what it is of, and a verdict at the right."""

    def __init__(self, figure: Figure, theme: Theme) -> None:
        super().__init__()
        self._figure, self._theme = figure, theme
        self.setAccessibleName(figure.spoken)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def _large(self) -> QFont:
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * 2.0)
        font.setWeight(QFont.Weight.DemiBold)
        return font

    def sizeHint(self) -> QSize:
        return QSize(120, math.ceil(QFontMetricsF(self._large()).height()))

    def paintEvent(self, event: QPaintEvent) -> None:
        del event
        painter = QPainter(self)
        figure, large, box = self._figure, self._large(), QRectF(self.rect())
        metrics, line = QFontMetricsF(large), QFontMetricsF(self.font())
        base = metrics.ascent()
        painter.setFont(large)
        painter.setPen(QColor(self._theme.text))
        painter.drawText(QPointF(0, base), figure.value)
        after = QPointF(metrics.horizontalAdvance(figure.value) + 8, base)
        painter.setFont(self.font())
        painter.setPen(QColor(self._theme.muted))
        painter.drawText(after, figure.of)
        rest = QRectF(0, base - line.ascent(), box.width(), line.height())
        paint_right(painter, rest, (figure.verdict,), self.font(), self._theme)
        painter.end()


def row_widget(row: Row, font: QFont, theme: Theme) -> LineWidget:
    return LineWidget(row.left, row.right, small(font) if row.small else font, theme)


class MarkWidget(QWidget):
    """The shape beside an entry. It says nothing aloud: the words beside it say the same."""

    def __init__(self, mark: Mark, tone: Tone, theme: Theme) -> None:
        super().__init__()
        self._mark, self._colour = mark, theme.fill_of(tone)
        self.setFixedSize(14, 14)

    def paintEvent(self, event: QPaintEvent) -> None:
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillPath(_mark(self._mark), QColor(self._colour))
        painter.end()


def _mark(mark: Mark) -> QPainterPath:
    path = QPainterPath()
    match mark:
        case Mark.SQUARE:
            path.addRoundedRect(QRectF(2, 2, 10, 10), 2.5, 2.5)
        case Mark.TRIANGLE:
            path.moveTo(7, 1.5)
            path.lineTo(13, 12)
            path.lineTo(1, 12)
            path.closeSubpath()
        case Mark.DASH:
            path.addRoundedRect(QRectF(2, 5.5, 10, 3.5), 1.7, 1.7)
        case Mark.RING:
            path.addEllipse(QPointF(7, 7), 5.5, 5.5)
            path.addEllipse(QPointF(7, 7), 2.8, 2.8)
        case _:
            assert_never(mark)
    return path
