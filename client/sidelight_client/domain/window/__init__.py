"""The context window of one request: what goes in, in which order, and what was cut and why."""

from .around import take
from .parts import (
    AROUND,
    Cut,
    CutReason,
    Part,
    PartKind,
    Why,
    Window,
    WindowLimits,
    cuts_of,
    end_of,
    gaps,
    line_count,
)

__all__ = [
    "AROUND",
    "Cut",
    "CutReason",
    "Part",
    "PartKind",
    "Why",
    "Window",
    "WindowLimits",
    "cuts_of",
    "end_of",
    "gaps",
    "line_count",
    "take",
]
