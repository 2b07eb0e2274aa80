"""The icon: eleven states that can be told apart without colour, at every size, and standing still."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest

from sidelight_tray.face.state import TrayState

pytestmark = pytest.mark.usefixtures("qt")

PAIRS = list(itertools.combinations(TrayState, 2))
SIZES = (16, 18, 20, 22, 24, 32, 36, 44, 48, 64)


def grey(state: TrayState, palette: str, size: int = 22) -> list[int]:
    """The picture on its own kind of panel, as grey values."""
    from PySide6.QtGui import QColor, QImage, QPainter

    from sidelight_tray.icon.icon import Palette, image

    ground = {"dark": "#2b2b2b", "light": "#f0f0f0", "mask": "#ffffff"}[palette]
    canvas = QImage(size, size, QImage.Format.Format_ARGB32)
    canvas.fill(QColor(ground))
    painter = QPainter(canvas)
    painter.drawImage(0, 0, image(state, Palette(palette), size))
    painter.end()
    shown = canvas.convertToFormat(QImage.Format.Format_Grayscale8)
    return [shown.pixelColor(x, y).value() for y in range(size) for x in range(size)]


def outline(state: TrayState, size: int = 22) -> list[bool]:
    """Where the picture covers the panel, without its halo."""
    from sidelight_tray.icon.icon import Palette, image

    drawn = image(state, Palette.MASK, size)
    return [drawn.pixelColor(x, y).alpha() > 127 for y in range(size) for x in range(size)]


def differing(one: Sequence[int], other: Sequence[int], by: int = 48) -> int:
    return sum(abs(a - b) >= by for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("palette", ["dark", "light", "mask"])
def test_every_two_states_differ_in_greyscale_at_22_pixels(palette: str) -> None:
    drawn = {state: grey(state, palette) for state in TrayState}
    counts = {(a, b): differing(drawn[a], drawn[b]) for a, b in PAIRS}
    closest = min(counts, key=lambda pair: counts[pair])
    print(f"{palette}: {closest[0]} and {closest[1]} differ least, in {counts[closest]} pixels")
    assert counts[closest] >= 24


def test_every_two_states_differ_in_outline_alone() -> None:
    drawn = {state: outline(state) for state in TrayState}
    counts = {
        (a, b): sum(x != y for x, y in zip(drawn[a], drawn[b], strict=True)) for a, b in PAIRS
    }
    closest = min(counts, key=lambda pair: counts[pair])
    print(f"outlines: {closest[0]} and {closest[1]} differ least, in {counts[closest]} pixels")
    assert counts[closest] >= 20


@pytest.mark.parametrize("state", TrayState)
def test_a_picture_is_drawn_for_each_size_and_not_scaled(state: TrayState) -> None:
    from PySide6.QtCore import QSize

    from sidelight_tray.icon.icon import Palette, icon

    sizes = {(size.width(), size.height()) for size in icon(state, Palette.DARK).availableSizes()}
    assert sizes == {(size, size) for size in SIZES}
    assert icon(state, Palette.DARK).actualSize(QSize(22, 22)) == QSize(22, 22)


@pytest.mark.parametrize("state", TrayState)
@pytest.mark.parametrize("size", [16, 22, 64])
def test_nothing_is_cut_off_at_the_edge(state: TrayState, size: int) -> None:
    from sidelight_tray.icon.icon import Palette, image

    drawn = image(state, Palette.MASK, size)
    last = size - 1
    edge = [(i, j) for i in range(size) for j in (0, last)] + [
        (j, i) for i in range(size) for j in (0, last)
    ]
    assert max(drawn.pixelColor(x, y).alpha() for x, y in edge) < 200


@pytest.mark.parametrize("state", TrayState)
def test_a_mask_has_no_colour(state: TrayState) -> None:
    from sidelight_tray.icon.icon import Palette, image

    drawn = image(state, Palette.MASK, 32)
    colours = {
        drawn.pixelColor(x, y).getRgb()[:3]
        for x in range(32)
        for y in range(32)
        if drawn.pixelColor(x, y).alpha()
    }
    assert colours == {(0, 0, 0)}


@pytest.mark.parametrize("palette", ["dark", "light"])
@pytest.mark.parametrize("state", TrayState)
def test_the_halo_makes_it_visible_on_the_wrong_panel(state: TrayState, palette: str) -> None:
    """On a panel of the ink's own colour the halo still draws the outline."""
    from PySide6.QtGui import QColor, QImage, QPainter

    from sidelight_tray.icon.icon import Palette, image

    ground = QColor("#ffffff" if palette == "dark" else "#1f2630")
    canvas = QImage(22, 22, QImage.Format.Format_ARGB32)
    canvas.fill(ground)
    painter = QPainter(canvas)
    painter.drawImage(0, 0, image(state, Palette(palette), 22))
    painter.end()
    seen = sum(
        abs(canvas.pixelColor(x, y).lightness() - ground.lightness()) > 40
        for x in range(22)
        for y in range(22)
    )
    assert seen >= 40
