"""Reads single fields of the broker's JSON, whatever is in it; none of these functions raises.

A field that is missing, of another type or absurd is None or empty, never zero.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, cast

T = TypeVar("T")

TEXT_LIMIT = 400
ADDRESS_LIMIT = 8_192
"""The address of a sign-in page carries a challenge, a state and more: over 400 characters is usual."""
LIST_LIMIT = 50
LATEST_MOMENT = 32_503_680_000.0
"""The year 3000: a moment beyond it cannot be told as a time of day everywhere."""
LARGEST = 1e15


def section(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The object called `name`; empty where there is none."""
    value = data.get(name)
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def many(
    data: Mapping[str, Any], name: str, read: Callable[[Mapping[str, Any]], T | None]
) -> tuple[T, ...]:
    """What could be read of the list called `name`; at most `LIST_LIMIT` of it is looked at."""
    found: list[T] = []
    for item in items(data, name):
        value = read(cast("Mapping[str, Any]", item)) if isinstance(item, dict) else None
        if value is not None:
            found.append(value)
    return tuple(found)


def items(data: Mapping[str, Any], name: str) -> Sequence[Any]:
    value = data.get(name)
    return cast("Sequence[Any]", value[:LIST_LIMIT]) if isinstance(value, list) else ()


def text(data: Mapping[str, Any], name: str) -> str:
    """The text called `name`, fit to be shown; empty where there is none."""
    return clean(data.get(name))


def clean(value: Any) -> str:
    """`value` without what could break or turn round a line, and not longer than `TEXT_LIMIT`.

    Of the invisible characters only the joiners stay, without which some scripts cannot be written;
    overrides of the writing direction could make one name look like another (Unicode TR #36 §2.5).
    """
    if not isinstance(value, str):
        return ""
    kept = [
        character
        for character in " ".join(value[: 4 * TEXT_LIMIT].split())
        if character.isprintable() or character in "\u200c\u200d"
    ]
    return "".join(kept)[:TEXT_LIMIT]


def address(data: Mapping[str, Any], name: str) -> str:
    """The address called `name`, whole; empty where there is none that could be one."""
    value = data.get(name)
    if not isinstance(value, str) or len(value) > ADDRESS_LIMIT:
        return ""
    return value if value.isascii() and value.isprintable() and " " not in value else ""


def number(data: Mapping[str, Any], name: str) -> float | None:
    """The number called `name`, from 0; None where there is none that makes sense."""
    value = data.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if not 0 <= value <= LARGEST or not math.isfinite(value):
        return None
    return float(value)


def moment(data: Mapping[str, Any], name: str) -> float | None:
    """Seconds since the epoch; None for what is no moment between 1970 and 3000."""
    value = number(data, name)
    return value if value is not None and value <= LATEST_MOMENT else None


def seconds(data: Mapping[str, Any], name: str) -> float | None:
    """A duration that travels as milliseconds, in seconds."""
    value = number(data, name)
    return None if value is None else value / 1000
