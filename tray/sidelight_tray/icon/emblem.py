"""Draws the picture of the application: the icon's lamp on a tile, for menus, docks and window lists."""

from __future__ import annotations

from PySide6.QtCore import QBuffer, QIODevice, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter

from ..face.state import TrayState
from .icon import Palette, paint

_TILE = "#1d2733"
_EDGE = 0.06
_ROUND = 0.22
_GLYPH = 0.64
"""Parts of the picture's width: the margin, the corners' radius, and the lamp."""
_ASIDE = 0.08


def png(size: int) -> bytes:
    """The picture of one size in pixels. No application of Qt and no display is needed for it."""
    canvas = QImage(size, size, QImage.Format.Format_ARGB32_Premultiplied)
    canvas.fill(Qt.GlobalColor.transparent)
    painter = QPainter(canvas)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(_TILE))
    margin = round(size * _EDGE)
    tile = QRectF(margin, margin, size - 2 * margin, size - 2 * margin)
    painter.drawRoundedRect(tile, size * _ROUND, size * _ROUND)
    glyph = round(size * _GLYPH)
    start = (size - glyph) / 2
    # Without a badge the lamp fills the left of its box.
    box = QRectF(start + round(glyph * _ASIDE), start, glyph, glyph)
    paint(painter, box, TrayState.OK, Palette.DARK)
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    canvas.save(buffer, "PNG")  # type: ignore[call-overload]
    return bytes(buffer.data().data())
