"""How much of what could have been sent was left out for want of room: one number before, one after."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from .parts import CutReason, Window
from .tokens_estimate import TokenRates, byte_count

_FOR_ROOM = (CutReason.BUDGET, CutReason.SIZE, CutReason.AGE)
"""What a rule keeps in, or what has nothing to do with the place, was not trimmed."""


@dataclass(frozen=True, slots=True)
class Trim:
    """What a window was cut down to.

    Attributes:
        whole_tokens: an estimate of what it would have been, from the lines that were cut.
        sent_tokens: what was sent; the gateway's own count where it told one.
        why: the reason for most of the lines.
    """

    whole_tokens: int
    sent_tokens: int
    why: CutReason


def trim_of(window: Window, language: str, counted: int | None = None) -> Trim | None:
    """The trim of one request; None where nothing was cut for want of room.

    A line that was cut is taken to be as long as those that were sent: its text is not there to be
    measured.
    """
    cut = Counter[CutReason]()
    for one in window.cuts:
        if one.why in _FOR_ROOM:
            cut[one.why] += one.lines
    lines = sum(part.text.count("\n") + 1 for part in window.parts if part.text)
    if not lines or cut.total() <= 0:
        return None
    size = sum(byte_count(part.text) for part in window.parts)
    sent = counted if counted is not None else round(size / TokenRates().bytes_per_token(language))
    (why, _), *_ = cut.most_common(1)
    return Trim(round(sent * (1 + cut.total() / lines)), sent, why)
