"""Which notification the tray shows by the system's own means, and in how many words. No Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..heard.fields import text

TITLE_LIMIT, TEXT_LIMIT = 63, 255
"""Windows shows no more of either (NOTIFYICONDATAW `szInfoTitle` and `szInfo`, without the zero)."""


@dataclass(frozen=True, slots=True)
class Balloon:
    """A notification; `warning` says that something is wrong, rather than over."""

    title: str
    text: str
    warning: bool


def balloon_of(data: Mapping[str, Any], *, looking: bool) -> Balloon | None:
    """What to show of a notice of the broker's; None where there is nothing to show.

    Args:
        data: the notice as it came over the wire.
        looking: whether the person sees a panel, which says the same. The broker asks that as well,
            but its notice may have been on the way while the panel opened.
    """
    title, words = text(data, "title"), text(data, "text")
    if looking or not title:
        return None
    return Balloon(
        _short(title, TITLE_LIMIT), _short(words, TEXT_LIMIT), data.get("warning") is not False
    )


def _short(words: str, most: int) -> str:
    """At most `most` UTF-16 units of `words`, which is what Windows counts in."""
    if len(words.encode("utf-16-le")) <= 2 * most:
        return words
    kept = words.encode("utf-16-le")[: 2 * (most - 1)].decode("utf-16-le", "ignore")
    return f"{kept.rstrip()}…"
