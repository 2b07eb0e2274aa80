"""How long a pause that is named by a word lasts."""

from __future__ import annotations

import time

MORNING_HOUR = 8
"""Tomorrow begins at eight in the morning, local time."""


def until_tomorrow(now: float) -> float:
    """The moment a pause until tomorrow ends, in seconds since the epoch."""
    today = time.localtime(now)
    return time.mktime(
        (today.tm_year, today.tm_mon, today.tm_mday + 1, MORNING_HOUR, 0, 0, 0, 0, -1)
    )
