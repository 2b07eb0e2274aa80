"""Numbers, durations and times of day as the panel says them; unknown is always a dash."""

from __future__ import annotations

import time

DASH = "–"
MINUTE_S, HOUR_S, DAY_S = 60, 3_600, 86_400
_LONG_S = 99 * DAY_S
_TENTHS_BELOW = 10
_SECONDS_BELOW_S = 0.9995


def count(value: float | None) -> str:
    """1234 as 1,234."""
    return DASH if value is None else f"{value:,.0f}"


def tokens(value: float | None) -> str:
    """2,110,000 as 2.11 M."""
    if value is None:
        return DASH
    for size, name in ((1e9, "G"), (1e6, "M")):
        if value >= size * 0.9995:
            return f"{value / size:.2f} {name}"
    return f"{value / 1e3:.0f} k" if value >= 10_000 else f"{value:,.0f}"  # noqa: PLR2004 – below, every token counts


def money(value: float | None, currency: str = "$") -> str:
    if value is None:
        return DASH
    return f"{currency}{value:,.2f}" if value < 1_000 else f"{currency}{value:,.0f}"  # noqa: PLR2004 – cents stop to matter


def took(duration_s: float | None) -> str:
    """How long an answer took: 180 ms, 3.9 s, 21 s, 4 min."""
    if duration_s is None:
        return DASH
    if duration_s < _SECONDS_BELOW_S:
        return f"{duration_s * 1000:.0f} ms"
    if duration_s < _TENTHS_BELOW:
        return f"{duration_s:.1f} s"
    return f"{duration_s:.0f} s" if duration_s < 2 * MINUTE_S else lasting(duration_s)


def lasting(duration_s: float | None) -> str:
    """A length of time in its two largest units: 40 s, 18 min, 5 h 12 m, 3 d."""
    if duration_s is None:
        return DASH
    left = int(max(duration_s, 0))
    if left < MINUTE_S:
        return f"{left} s"
    if left < HOUR_S:
        return f"{left // MINUTE_S} min"
    if left < DAY_S:
        return f"{left // HOUR_S} h {left % HOUR_S // MINUTE_S} m"
    return f"{left // DAY_S} d" if left < _LONG_S else "more than 99 d"


def clock(at: float | None, now: float | None = None) -> str:
    """The local time of day, with the weekday where it is not within a day of `now`."""
    if at is None:
        return DASH
    far = now is not None and abs(at - now) > DAY_S
    try:
        return time.strftime("%a %H:%M" if far else "%H:%M", time.localtime(at))
    except (OverflowError, OSError, ValueError):
        return DASH


def percent(share: float | None, digits: int = 0) -> str:
    return DASH if share is None else f"{share * 100:.{digits}f} %"


_LANGUAGES = {
    "bat": "Batch",
    "c": "C",
    "cpp": "C++",
    "csharp": "C#",
    "css": "CSS",
    "dockerfile": "Dockerfile",
    "fsharp": "F#",
    "html": "HTML",
    "javascript": "JavaScript",
    "javascriptreact": "JavaScript React",
    "json": "JSON",
    "jsonc": "JSON",
    "latex": "LaTeX",
    "objective-c": "Objective-C",
    "objective-cpp": "Objective-C++",
    "php": "PHP",
    "plaintext": "Plain text",
    "powershell": "PowerShell",
    "scss": "SCSS",
    "shellscript": "Shell",
    "sql": "SQL",
    "typescript": "TypeScript",
    "typescriptreact": "TypeScript React",
    "xml": "XML",
    "yaml": "YAML",
}


def language(identifier: str) -> str:
    """What people call a language by its LSP identifier; one that is not known is capitalized."""
    return _LANGUAGES.get(identifier, identifier[:1].upper() + identifier[1:])


def place(whole: str, most: int = 26) -> str:
    """A file and line in at most `most` characters; of a longer path the end: …/web/pay.py:41."""
    if len(whole) <= most:
        return whole
    kept = whole[1 - most :]
    folder, slash, _ = kept.partition("/")
    return f"…{kept[len(folder) :]}" if slash else f"…{kept}"


def several(amount: int, one: str, more: str) -> str:
    """1 editor, 2 editors."""
    return f"{amount} {one if amount == 1 else more}"
