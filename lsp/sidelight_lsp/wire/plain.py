"""Reading untrusted JSON: look a value up, or learn that it is not there, without an exception."""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any, cast

_TRACE_DIGITS = 32


def find(value: Any, *path: str) -> Any:
    """The value at `path` inside nested objects, or None where any step is missing."""
    for name in path:
        if not isinstance(value, dict):
            return None
        value = cast("dict[str, Any]", value).get(name)
    return value


def mapping(value: Any) -> dict[str, Any]:
    """`value` if it is an object, else an empty one."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def sequence(value: Any) -> list[Any]:
    """`value` if it is an array, else an empty one; pygls makes tuples of some arrays."""
    return list(cast("Sequence[Any]", value)) if isinstance(value, (list, tuple)) else []


def text(value: Any) -> str | None:
    """`value` if it is a string."""
    return value if isinstance(value, str) else None


def whole(value: Any) -> int | None:
    """`value` if it is a whole number; JSON's true and false are none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def read_trace_id(arguments: Sequence[Any]) -> str | None:
    """The trace id given as the first argument, if it is one (W3C Trace Context)."""
    given = arguments[0] if arguments else None
    if not isinstance(given, str) or len(given) != _TRACE_DIGITS:
        return None
    return given if set(given) <= set(string.hexdigits.lower()) else None
