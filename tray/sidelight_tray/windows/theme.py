"""The colours of the panels, for a dark and a light desktop; every pair of text and ground reads well.

Contrast is at least 4.5 to 1 for text (WCAG 2.2, 1.4.3), which tests/tray/test_theme.py computes.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..face.acts import Tone
from ..icon.icon import Palette


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours as Qt reads them."""

    palette: Palette
    window: str
    card: str
    edge: str
    text: str
    muted: str
    accent: str
    accent_soft: str
    accent_text: str
    good: str
    warn: str
    bad: str
    good_text: str
    warn_text: str
    bad_text: str
    track: str
    button: str
    button_over: str
    warn_ground: str
    bad_ground: str
    good_ground: str
    focus: str
    on_accent: str

    def text_of(self, tone: Tone) -> str:
        """The colour of words in `tone`."""
        match tone:
            case Tone.PLAIN:
                return self.text
            case Tone.MUTED:
                return self.muted
            case Tone.ACCENT:
                return self.accent_text
            case Tone.GOOD:
                return self.good_text
            case Tone.WARN:
                return self.warn_text
            case Tone.BAD:
                return self.bad_text

    def fill_of(self, tone: Tone) -> str:
        """The colour of bars and marks in `tone`."""
        match tone:
            case Tone.PLAIN | Tone.ACCENT:
                return self.accent
            case Tone.MUTED:
                return self.muted
            case Tone.GOOD:
                return self.good
            case Tone.WARN:
                return self.warn
            case Tone.BAD:
                return self.bad

    def ground_of(self, tone: Tone) -> str:
        """The ground of a pill or a card in `tone`."""
        match tone:
            case Tone.GOOD:
                return self.good_ground
            case Tone.WARN:
                return self.warn_ground
            case Tone.BAD:
                return self.bad_ground
            case Tone.PLAIN | Tone.MUTED | Tone.ACCENT:
                return self.button


DARK = Theme(
    palette=Palette.DARK,
    window="#161a20",
    card="#1e242c",
    edge="#2d3540",
    text="#eceff4",
    muted="#a0aab8",
    accent="#6ea8ff",
    accent_soft="#3a5f9e",
    accent_text="#8bb9ff",
    good="#2fb37f",
    warn="#f0a92b",
    bad="#f2594b",
    good_text="#4fd19c",
    warn_text="#ffc053",
    bad_text="#ff8b80",
    track="#323b47",
    button="#2a323d",
    button_over="#36404d",
    warn_ground="#372a12",
    bad_ground="#3b1d1c",
    good_ground="#153529",
    focus="#8bb9ff",
    on_accent="#0c1420",
)

LIGHT = Theme(
    palette=Palette.LIGHT,
    window="#f3f5f9",
    card="#ffffff",
    edge="#dfe4ec",
    text="#1a2029",
    muted="#586373",
    accent="#2563eb",
    accent_soft="#9dbcf7",
    accent_text="#1d55d0",
    good="#1f9d69",
    warn="#e08e0b",
    bad="#dc3b2c",
    good_text="#0f7048",
    warn_text="#8a5200",
    bad_text="#b3271b",
    track="#e4e8ef",
    button="#ffffff",
    button_over="#edf1f7",
    warn_ground="#fff3dc",
    bad_ground="#fdeae8",
    good_ground="#dff5ea",
    focus="#1d55d0",
    on_accent="#ffffff",
)


def theme(*, dark: bool) -> Theme:
    return DARK if dark else LIGHT
