"""Every text reads well on every ground it can stand on (WCAG 2.2, 1.4.3)."""

from __future__ import annotations

import itertools

import pytest

from sidelight_tray.face.acts import Tone

pytest.importorskip("PySide6.QtGui")

from sidelight_tray.windows.theme import DARK, LIGHT, Theme

ON_CARDS = ("text", "muted", "accent_text", "good_text", "warn_text", "bad_text")
GROUNDS = ("card", "window")
TINTED = ("warn_ground", "bad_ground")


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


PAIRS = [
    *itertools.product(ON_CARDS, GROUNDS),
    *itertools.product(("text", "muted"), TINTED),
    ("text", "button"),
    ("text", "button_over"),
    ("on_accent", "accent"),
]


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=["dark", "light"])
@pytest.mark.parametrize(("ink", "ground"), PAIRS)
def test_text_stands_out(theme: Theme, ink: str, ground: str) -> None:
    assert contrast(getattr(theme, ink), getattr(theme, ground)) >= 4.5


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=["dark", "light"])
@pytest.mark.parametrize("tone", Tone)
def test_the_pill_reads_in_every_tone(theme: Theme, tone: Tone) -> None:
    assert contrast(theme.text_of(tone), theme.ground_of(tone)) >= 4.5


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=["dark", "light"])
def test_the_focus_ring_can_be_seen(theme: Theme) -> None:
    assert contrast(theme.focus, theme.card) >= 3
    assert contrast(theme.focus, theme.window) >= 3
