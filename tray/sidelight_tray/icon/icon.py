"""Draws the icon: a caret with three rays of light, and for each state a badge with its own outline.

Drawn anew for every size and never animated. The panel's colour cannot be known, so each picture
brings a halo in the opposite tone; states differ in outline first and in colour second.

Nothing here makes PySide6 load its namespace `Qt` (see `icon_badges`), which choosing between
`QImage.fill(Qt.GlobalColor)` and its other forms, or making a `QBrush`, would do as well.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import (
    QBrush,
    QColor,
    QIcon,
    QImage,
    QPainter,
    QPainterPath,
    QPainterPathStroker,
    QPalette,
    QPixmap,
)

from ..face.acts import Tone
from ..face.face import TONES
from ..face.state import TrayState
from .badges import badge, line

SIZES = (16, 18, 20, 22, 24, 32, 36, 44, 48, 64)
"""Every size a panel may ask for, so that none of them has to scale a picture."""

_PIXEL_BYTES = 4
_USABLE = {
    TrayState.OK,
    TrayState.DEGRADED,
    TrayState.QUOTA,
    TrayState.BLOCKED,
    TrayState.REFRESHING,
}
"""The states in which suggestions come: one ray stays lit beside the badge."""


class Palette(StrEnum):
    """For which background the picture is made; a mask has no colours at all (macOS)."""

    DARK = "dark"
    LIGHT = "light"
    MASK = "mask"


@dataclass(frozen=True, slots=True)
class _Colours:
    ink: str
    halo: str
    red: str
    amber: str
    blue: str


# Qt reads eight hexadecimal digits as #AARRGGBB.
_COLOURS = {
    Palette.DARK: _Colours("#ffffff", "#b0101418", "#ff5c50", "#ffb224", "#4aa8ff"),
    Palette.LIGHT: _Colours("#1f2630", "#d0ffffff", "#d92d20", "#e08600", "#1668dc"),
    Palette.MASK: _Colours("#000000", "#00000000", "#000000", "#000000", "#000000"),
}


def icon(state: TrayState, palette: Palette) -> QIcon:
    """The icon with all its sizes."""
    drawn = QIcon()
    for size in SIZES:
        drawn.addPixmap(QPixmap.fromImage(image(state, palette, size)))
    drawn.setIsMask(palette is Palette.MASK)
    return drawn


def image(state: TrayState, palette: Palette, size: int) -> QImage:
    """The picture of one size in pixels."""
    form = QImage.Format.Format_ARGB32_Premultiplied
    canvas = QImage(bytes(_PIXEL_BYTES * size * size), size, size, form).copy()
    painter = QPainter(canvas)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    paint(painter, QRectF(0, 0, size, size), state, palette)
    painter.end()
    return canvas


def paint(painter: QPainter, box: QRectF, state: TrayState, palette: Palette) -> None:
    """Paint the picture into `box`, which is square."""
    colours = _COLOURS[palette]
    size = box.width()
    glyph, shape, hole = _shapes(state, size)
    painter.save()
    painter.translate(box.topLeft())
    if palette is not Palette.MASK:
        halo = QPainterPathStroker()
        halo.setWidth(max(size / 11, 1.6))
        whole = glyph.united(shape)
        painter.fillPath(halo.createStroke(whole).united(whole), _brush(colours.halo))
    painter.fillPath(glyph, _brush(colours.ink))
    painter.fillPath(shape.subtracted(hole), _brush(_badge_colour(state, colours)))
    if palette is not Palette.MASK:
        amber = TONES[state] is Tone.WARN
        painter.fillPath(hole, _brush("#1f2630" if amber else "#ffffff"))
    painter.restore()


def _brush(colour: str) -> QBrush:
    """A brush of one colour, by way of a palette: every constructor of QBrush knows `Qt`."""
    held = QPalette()
    held.setColor(QPalette.ColorRole.Window, QColor.fromString(colour))
    return held.window()


def _badge_colour(state: TrayState, colours: _Colours) -> str:
    match TONES[state]:
        case Tone.BAD:
            return colours.red
        case Tone.WARN:
            return colours.amber
        case Tone.ACCENT:
            return colours.blue
        case Tone.PLAIN | Tone.MUTED | Tone.GOOD:
            return colours.ink


def _shapes(state: TrayState, size: float) -> tuple[QPainterPath, QPainterPath, QPainterPath]:
    """The glyph, the badge, and what is cut out of the badge, in pixels of `size`."""
    unit = size / 22
    caret_width = max(round(2.6 * unit), 2)
    left = max(round(2.4 * unit), 1)
    glyph = QPainterPath()
    glyph.addRoundedRect(
        QRectF(left, round(2 * unit), caret_width, size - 2 * round(2 * unit)),
        caret_width / 2,
        caret_width / 2,
    )
    shape, hole = badge(state, size, unit)
    source = QPointF(left + caret_width - 0.6 * unit, 11 * unit)
    if state is TrayState.OK:
        for angle in (-38, 0, 38):
            glyph = glyph.united(_ray(source, angle, unit, (5.4, 13.6)))
    elif state in _USABLE:
        glyph = glyph.united(_ray(QPointF(source.x(), 8.2 * unit), -30, unit, (4.4, 11.2)))
    if not shape.isEmpty():
        gap = QPainterPathStroker()
        gap.setWidth(max(2.4 * unit, 2.0))
        around = shape.united(hole)
        glyph = glyph.subtracted(gap.createStroke(around).united(around))
    return glyph, shape, hole


def _ray(source: QPointF, angle: float, unit: float, between: tuple[float, float]) -> QPainterPath:
    """A ray from `source`, drawn between two distances from it."""
    turned = math.radians(angle)
    along = QPointF(math.cos(turned), math.sin(turned)) * unit
    return line([source + along * between[0], source + along * between[1]], max(2.3 * unit, 1.7))
