"""The charts, each a small widget that paints one item and reads aloud as one sentence."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import assert_never

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ..face.acts import Tone
from ..panels.content import Bars, Days, Gauge, Lanes, Stack, Timeline
from .theme import Theme

Chart = Gauge | Bars | Days | Lanes | Stack | Timeline

SMALL_POINTS = 0.9
"""The size of labels in a chart, of the panel's own text size."""
_GAP = 8.0


def small(font: QFont) -> QFont:
    """The font of labels and remarks."""
    smaller = QFont(font)
    smaller.setPointSizeF(max(font.pointSizeF() * SMALL_POINTS, 7.0))
    return smaller


class ChartWidget(QWidget):
    """One chart. It takes part in nothing but painting, and its name is its sentence."""

    def __init__(self, chart: Chart, theme: Theme) -> None:
        super().__init__()
        self._chart, self._theme = chart, theme
        self.setAccessibleName(chart.spoken)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        line = QFontMetricsF(small(self.font())).height()
        chart = self._chart
        match chart:
            case Gauge():
                height = max(line, 12.0) + 2 if chart.label else 12.0
            case Bars():
                height = 62 + line
            case Days():
                height = 26.0
            case Lanes():
                height = (len(chart.lanes) + 1) * (line + 5)
            case Stack():
                height = 14 + 6 + line
            case Timeline():
                height = 14 + 2 * line
            case _:
                assert_never(chart)
        return QSize(200, math.ceil(height))

    def paintEvent(self, event: QPaintEvent) -> None:
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(small(self.font()))
        box, theme, chart = QRectF(self.rect()), self._theme, self._chart
        match chart:
            case Gauge():
                _gauge(painter, box, chart, theme)
            case Bars():
                _bars(painter, box, chart, theme)
            case Days():
                _days(painter, box, chart, theme)
            case Lanes():
                _lanes(painter, box, chart, theme)
            case Stack():
                _stack(painter, box, chart, theme)
            case Timeline():
                _timeline(painter, box, chart, theme)
            case _:
                assert_never(chart)
        painter.end()


def _rounded(box: QRectF, radius: float) -> QPainterPath:
    path = QPainterPath()
    path.addRoundedRect(box, radius, radius)
    return path


def _text(painter: QPainter, box: QRectF, flags: Qt.AlignmentFlag, words: str, colour: str) -> None:
    """`words` in `box`, shortened where they do not fit."""
    painter.setPen(QColor(colour))
    metrics = QFontMetricsF(painter.font())
    fitting = metrics.elidedText(words, Qt.TextElideMode.ElideRight, box.width() + 1)
    painter.drawText(box, flags | Qt.AlignmentFlag.AlignVCenter, fitting)


_LEFT, _RIGHT = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
_CENTRE = Qt.AlignmentFlag.AlignHCenter


def _gauge(painter: QPainter, box: QRectF, chart: Gauge, theme: Theme) -> None:
    height, bar = 8.0, QRectF(box)
    if chart.label:
        height = 6.0
        metrics = QFontMetricsF(painter.font())
        left = max(88.0, metrics.horizontalAdvance(chart.label) + _GAP)
        right = max(128.0, metrics.horizontalAdvance(chart.value) + _GAP)
        _text(painter, QRectF(0, 0, left, box.height()), _LEFT, chart.label, theme.text)
        at = QRectF(box.width() - right, 0, right, box.height())
        _text(painter, at, _RIGHT, chart.value, theme.text)
        bar = QRectF(left, 0, box.width() - left - right, box.height())
    bar = QRectF(bar.left(), box.center().y() - height / 2, max(bar.width(), 8), height)
    track = _rounded(bar, height / 2)
    if chart.share is None:
        painter.setPen(QPen(QColor(theme.muted), 1, Qt.PenStyle.DashLine))
        painter.drawPath(track)
        return
    painter.fillPath(track, QColor(theme.track))
    filled = QRectF(bar)
    filled.setWidth(bar.width() * min(max(chart.share, 0.0), 1.0))
    strong = not chart.label
    colour = theme.accent_soft if chart.tone is Tone.ACCENT and not strong else None
    painter.fillPath(
        _rounded(filled, height / 2).intersected(track),
        QColor(colour or theme.fill_of(chart.tone)),
    )
    if chart.soft:
        # A soft limit asks and does not stop: its end is drawn open.
        painter.setPen(QPen(QColor(theme.muted), 1.5, Qt.PenStyle.DotLine))
        x = bar.right() - 1
        painter.drawLine(QPointF(x, bar.top() - 2), QPointF(x, bar.bottom() + 2))
    if chart.tick is not None:
        x = bar.left() + bar.width() * min(max(chart.tick, 0.0), 1.0)
        tick = _rounded(QRectF(x - 1, bar.top() - 3, 2, height + 6), 1)
        painter.fillPath(tick, QColor(theme.text))


def _bars(painter: QPainter, box: QRectF, chart: Bars, theme: Theme) -> None:
    line = QFontMetricsF(painter.font()).height()
    floor, ceiling = box.height() - line - 2, line * 0.9
    known = [value for value in chart.values if value is not None]
    top = max([*known, chart.limit or 0, 1.0])
    painter.setPen(QPen(QColor(theme.edge), 1))
    painter.drawLine(QPointF(0, floor + 0.5), QPointF(box.width(), floor + 0.5))
    step = box.width() / max(len(chart.values), 1)
    width = min(max(step - 3, 1.5), 22.0)
    for index, value in enumerate(chart.values):
        x = index * step + (step - width) / 2
        if value is None:
            painter.setPen(QPen(QColor(theme.muted), 1.2))
            painter.drawLine(QPointF(x, floor - 2), QPointF(x + width, floor - 2))
        elif value > 0:
            height = max((floor - ceiling) * value / top, 2.0)
            over = chart.limit is not None and value >= chart.limit
            last = index == chart.current % len(chart.values)
            colour = theme.bad if over else theme.accent if last else theme.accent_soft
            shape = _rounded(QRectF(x, floor - height, width, height + 4), min(3.0, width / 3))
            keep = _rounded(QRectF(x, floor - height, width, height), 0)
            painter.fillPath(shape.intersected(keep), QColor(colour))
    if chart.limit is not None:
        y = floor - (floor - ceiling) * chart.limit / top
        painter.setPen(QPen(QColor(theme.muted), 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(0, y), QPointF(box.width(), y))
        _text(
            painter, QRectF(0, y - line, box.width(), line), _RIGHT, chart.limit_label, theme.muted
        )
    _axis(painter, box, chart, theme, step)


def _axis(painter: QPainter, box: QRectF, chart: Bars, theme: Theme, step: float) -> None:
    metrics = QFontMetricsF(painter.font())
    line, free_from = metrics.height(), -1.0
    for index, words in chart.axis:
        width = metrics.horizontalAdvance(words)
        x = min(max((index + 0.5) * step - width / 2, 0), box.width() - width)
        if x > free_from:
            at = QRectF(x, box.height() - line, width + 2, line)
            _text(painter, at, _LEFT, words, theme.muted)
            free_from = x + width + _GAP


def _days(painter: QPainter, box: QRectF, chart: Days, theme: Theme) -> None:
    step = box.width() / max(len(chart.tones), 1)
    width = max(step - 2.5, 1.5)
    for index, tone in enumerate(chart.tones):
        bar = QRectF(index * step, 0, width, box.height())
        unknown = tone is Tone.MUTED
        painter.fillPath(_rounded(bar, 2), QColor(theme.track if unknown else theme.fill_of(tone)))
        if tone in {Tone.WARN, Tone.BAD}:
            # The colour's twin: a notch for slowness, a cut through most of the bar for an outage.
            height = 4.0 if tone is Tone.WARN else box.height() * 0.62
            notch = QRectF(bar.left() + width * 0.3, bar.bottom() - height, width * 0.4, height)
            painter.fillRect(notch, QColor(theme.card))


def _lanes(painter: QPainter, box: QRectF, chart: Lanes, theme: Theme) -> None:
    metrics = QFontMetricsF(painter.font())
    line = metrics.height() + 5
    name_width = max([56.0, *(metrics.horizontalAdvance(lane.name) + 12 for lane in chart.lanes)])
    cell = max(
        [50.0, *(metrics.horizontalAdvance(t) + 12 for lane in chart.lanes for t in lane.texts)]
    )
    scale = _log_scale(chart, name_width, max(box.width() - 3 * cell - 10, name_width + 20))
    for column, words in enumerate(("p50", "p95", "target")):
        at = QRectF(box.width() - (3 - column) * cell, 0, cell, line)
        _text(painter, at, _RIGHT, words, theme.muted)
    for row, lane in enumerate(chart.lanes, 1):
        y = row * line
        _text(painter, QRectF(0, y, name_width, line), _LEFT, lane.name, theme.text)
        middle, left, right = y + line / 2, scale(0), scale(math.inf)
        track = QRectF(left, middle - 3, right - left, 6)
        painter.fillPath(_rounded(track, 3), QColor(theme.track))
        if lane.p50_s is not None and lane.p95_s is not None:
            begin, end = scale(lane.p50_s), scale(lane.p95_s)
            bar = QRectF(begin, middle - 3, max(end - begin, 6), 6)
            painter.fillPath(_rounded(bar, 3), QColor(theme.fill_of(lane.tone)))
        if lane.target_s is not None:
            tick = QRectF(scale(lane.target_s) - 1, middle - 6, 2, 12)
            painter.fillPath(_rounded(tick, 1), QColor(theme.text))
        for column, words in enumerate(lane.texts):
            at = QRectF(box.width() - (3 - column) * cell, y, cell, line)
            shown = (theme.text, theme.text_of(lane.tone), theme.muted)[column]
            _text(painter, at, _RIGHT, words, shown)


def _log_scale(chart: Lanes, left: float, right: float) -> Callable[[float], float]:
    """Seconds to pixels, from the fastest to the slowest of all lanes, by powers of ten."""
    times = [
        value
        for lane in chart.lanes
        for value in (lane.p50_s, lane.p95_s, lane.target_s)
        if value is not None and value > 0
    ]
    low, high = (
        math.log10(min(times, default=0.1)) - 0.15,
        math.log10(max(times, default=10)) + 0.15,
    )

    def place(seconds: float) -> float:
        if seconds <= 0:
            return left
        if math.isinf(seconds):
            return right
        return left + (right - left) * min(max((math.log10(seconds) - low) / (high - low), 0), 1)

    return place


def _stack(painter: QPainter, box: QRectF, chart: Stack, theme: Theme) -> None:
    colours = (theme.accent, theme.accent_soft, theme.muted)
    whole = sum(part.amount for part in chart.parts)
    bar, x = QRectF(0, 0, box.width(), 12), 0.0
    painter.fillPath(_rounded(bar, 4), QColor(theme.track))
    for part in chart.parts:
        width = box.width() * part.amount / whole if whole > 0 else 0
        piece = QRectF(x, 0, max(width - 1.5, 0), 12)
        painter.fillPath(
            _rounded(piece, 0).intersected(_rounded(bar, 4)), QColor(colours[part.level])
        )
        x += width
    metrics = QFontMetricsF(painter.font())
    x, line = 0.0, metrics.height()
    for part in chart.parts:
        painter.fillPath(
            _rounded(QRectF(x, 20 + line / 2 - 5, 9, 9), 2), QColor(colours[part.level])
        )
        width = metrics.horizontalAdvance(part.label)
        _text(painter, QRectF(x + 14, 19, width + 2, line), _LEFT, part.label, theme.text)
        x += width + 14 + 2 * _GAP


def _timeline(painter: QPainter, box: QRectF, chart: Timeline, theme: Theme) -> None:
    line = QFontMetricsF(painter.font()).height()
    count = max(len(chart.steps), 1)
    step = box.width() / count
    reached = [index for index, one in enumerate(chart.steps) if one.at or one.current]
    last = max(reached, default=0)
    for index in range(count - 1):
        done = index < last
        style = Qt.PenStyle.SolidLine if done else Qt.PenStyle.DotLine
        painter.setPen(QPen(QColor(theme.warn if done else theme.muted), 1.5, style))
        painter.drawLine(QPointF(index * step + 6, 6), QPointF((index + 1) * step + 6, 6))
    for index, one in enumerate(chart.steps):
        centre, passed = QPointF(index * step + 6, 6), index <= last
        painter.setPen(QPen(QColor(theme.warn if passed else theme.muted), 1.5))
        painter.setBrush(QColor(theme.warn) if passed else QColor(theme.card))
        radius = 5.0 if one.current else 3.5
        painter.drawEllipse(centre, radius, radius)
        font = QFont(painter.font())
        font.setBold(one.current)
        painter.setFont(font)
        colour = theme.text if one.current else theme.muted
        _text(painter, QRectF(index * step, 14, step - 4, line), _LEFT, one.label, colour)
        _text(painter, QRectF(index * step, 14 + line, step - 4, line), _LEFT, one.at, colour)
