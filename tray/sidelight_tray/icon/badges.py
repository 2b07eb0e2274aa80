"""The badges of the icon, as outlines in pixels: each state has one of its own.

Nothing here names a value of Qt's namespace `Qt`: PySide6 makes all of its enumerations at the
first one, which takes as long as a quarter of everything else until the icon is there.
"""

from __future__ import annotations

import math
from itertools import pairwise

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainterPath, QPainterPathStroker, QTransform

from ..face.state import TrayState


def badge(state: TrayState, size: float, unit: float) -> tuple[QPainterPath, QPainterPath]:
    """The badge of `state` at the lower right, and what is cut out of it."""
    centre = QPointF(size - 7.2 * unit, size - 7.4 * unit)
    radius = 6.4 * unit
    thick = max(2.5 * unit, 1.8)
    nothing = QPainterPath()
    match state:
        case TrayState.OK:
            return nothing, nothing
        case TrayState.DOWN:
            return _cross(centre, 4.9 * unit, max(2.9 * unit, 2.0)), nothing
        case TrayState.OFFLINE:
            slash = [QPointF(2.2 * unit, 19.8 * unit), QPointF(19.8 * unit, 2.2 * unit)]
            return line(slash, max(2.3 * unit, 1.7)), nothing
        case TrayState.PAUSED:
            return _bars(centre, unit), nothing
        case TrayState.SIGN_IN:
            return _person(centre, radius, unit), nothing
        case TrayState.OUTAGE:
            return _octagon(centre, radius), _cross(centre, 2.3 * unit, max(1.8 * unit, 1.2))
        case TrayState.LIMITED:
            return _arc(centre, radius - thick / 2, thick, 0, 360), nothing
        case TrayState.DEGRADED:
            return _triangle(centre, radius, unit), _exclamation(centre, unit)
        case TrayState.QUOTA:
            dot = QPainterPath()
            dot.addEllipse(centre, 1.7 * unit, 1.7 * unit)
            return _arc(centre, radius - thick / 2, thick, 145, 250).united(dot), nothing
        case TrayState.BLOCKED:
            return _shield(centre, radius), _bar(centre, unit)
        case TrayState.REFRESHING:
            return _turning(centre, radius - thick / 2, thick), nothing


def line(points: list[QPointF], width: float, *, closed: bool = False) -> QPainterPath:
    """The outline of a line through `points`, with round ends."""
    drawn = QPainterPath()
    for start, end in pairwise([*points, points[0]] if closed else points):
        drawn = drawn.united(_capsule(start, end, width))
    return drawn


def _capsule(start: QPointF, end: QPointF, width: float) -> QPainterPath:
    along, half = end - start, width / 2
    length = math.hypot(along.x(), along.y())
    lying = QPainterPath()
    lying.addRoundedRect(QRectF(-half, -half, length + width, width), half, half)
    turned = QTransform().translate(start.x(), start.y())
    return turned.rotateRadians(math.atan2(along.y(), along.x())).map(lying)


def _cross(centre: QPointF, reach: float, width: float) -> QPainterPath:
    falling = [centre - QPointF(reach, reach), centre + QPointF(reach, reach)]
    rising = [centre + QPointF(-reach, reach), centre + QPointF(reach, -reach)]
    return line(falling, width).united(line(rising, width))


def _bars(centre: QPointF, unit: float) -> QPainterPath:
    """Two tall bars, as high as the caret: a small pause sign reads weakly beside it."""
    path = QPainterPath()
    width, gap = max(round(3.6 * unit), 2), max(round(2.4 * unit), 2)
    right = round(centre.x() + 5.6 * unit)
    top, height = round(5.0 * unit), round(14.6 * unit) - round(2.0 * unit)
    for x in (right - width, right - 2 * width - gap):
        path.addRoundedRect(QRectF(x, top, width, height), width / 3, width / 3)
    return path


def _person(centre: QPointF, radius: float, unit: float) -> QPainterPath:
    head = QPainterPath()
    head.addEllipse(centre - QPointF(0, 4.0 * unit), 3.0 * unit, 3.0 * unit)
    shoulders = QPainterPath()
    shoulders.moveTo(centre.x() - radius, centre.y() + radius)
    box = QRectF(
        centre.x() - radius, centre.y() + 0.4 * unit, 2 * radius, 2 * (radius - 0.4 * unit)
    )
    shoulders.arcTo(box, 180, -180)
    shoulders.closeSubpath()
    return head.united(shoulders)


def _octagon(centre: QPointF, radius: float) -> QPainterPath:
    path = QPainterPath()
    for corner in range(8):
        angle = math.radians(22.5 + 45 * corner)
        point = centre + QPointF(math.cos(angle), math.sin(angle)) * radius * 1.06
        if corner == 0:
            path.moveTo(point)
        else:
            path.lineTo(point)
    path.closeSubpath()
    return path


def _triangle(centre: QPointF, radius: float, unit: float) -> QPainterPath:
    points = [
        centre + QPointF(0, -radius * 0.95),
        centre + QPointF(radius * 0.9, radius * 0.82),
        centre + QPointF(-radius * 0.9, radius * 0.82),
    ]
    inner = QPainterPath(points[0])
    inner.lineTo(points[1])
    inner.lineTo(points[2])
    inner.closeSubpath()
    return inner.united(line(points, 1.6 * unit, closed=True))


def _exclamation(centre: QPointF, unit: float) -> QPainterPath:
    width = max(1.7 * unit, 1.2)
    top = centre + QPointF(0, -1.9 * unit)
    stem = line([top, centre + QPointF(0, 1.2 * unit)], width)
    dot = QPainterPath()
    dot.addEllipse(centre + QPointF(0, 4.0 * unit), width * 0.58, width * 0.58)
    return stem.united(dot)


def _shield(centre: QPointF, radius: float) -> QPainterPath:
    x, y, r = centre.x(), centre.y(), radius
    path = QPainterPath(QPointF(x, y - r * 1.05))
    path.cubicTo(x + r * 0.3, y - r * 0.75, x + r * 0.6, y - r * 0.65, x + r * 0.95, y - r * 0.65)
    path.cubicTo(x + r * 1.0, y + r * 0.2, x + r * 0.6, y + r * 0.8, x, y + r * 1.08)
    path.cubicTo(x - r * 0.6, y + r * 0.8, x - r * 1.0, y + r * 0.2, x - r * 0.95, y - r * 0.65)
    path.cubicTo(x - r * 0.6, y - r * 0.65, x - r * 0.3, y - r * 0.75, x, y - r * 1.05)
    path.closeSubpath()
    return path


def _bar(centre: QPointF, unit: float) -> QPainterPath:
    return line(
        [centre - QPointF(2.0 * unit, 0), centre + QPointF(2.0 * unit, 0)], max(1.8 * unit, 1.3)
    )


def _arc(centre: QPointF, radius: float, width: float, start: float, sweep: float) -> QPainterPath:
    """A piece of a ring. Degrees, counter-clockwise from three o'clock, as Qt counts."""
    box = QRectF(centre.x() - radius, centre.y() - radius, 2 * radius, 2 * radius)
    path = QPainterPath()
    path.arcMoveTo(box, start)
    path.arcTo(box, start, sweep)
    if sweep == 360:  # noqa: PLR2004 – the whole turn
        path.closeSubpath()
    stroker = QPainterPathStroker()
    stroker.setWidth(width)
    return stroker.createStroke(path).simplified()


def _turning(centre: QPointF, radius: float, width: float) -> QPainterPath:
    """Half a ring with an arrow head: something that is being renewed, and stands still."""
    arc = _arc(centre, radius, width, 60, 215)
    tip = centre + QPointF(math.cos(math.radians(60)), -math.sin(math.radians(60))) * radius
    head = QPainterPath(tip + QPointF(width * 1.45, width * 0.75))
    head.lineTo(tip + QPointF(-width * 0.75, width * 1.1))
    head.lineTo(tip + QPointF(width * 0.05, -width * 1.25))
    head.closeSubpath()
    return arc.united(head)
