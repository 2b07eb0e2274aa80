"""Reading untrusted JSON: look a value up, or learn that it is not there, without an exception."""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any

_TRACE_DIGITS = 32

# As `Any`, what is looked at stays `Any`: a checker would otherwise want a cast after each
# `isinstance`, which is a call, and several of these are made at each key.
OBJECT: Any = dict
"""What a JSON object is read as."""
_ARRAYS: Any = (list, tuple)


def find(value: Any, *path: str) -> Any:
    """The value at `path` inside nested objects, or None where any step is missing."""
    for name in path:
        if not isinstance(value, OBJECT):
            return None
        value = value.get(name)
    return value


def mapping(value: Any) -> dict[str, Any]:
    """`value` if it is an object, else an empty one."""
    return value if isinstance(value, OBJECT) else {}


def sequence(value: Any) -> Sequence[Any]:
    """`value` if it is an array, else an empty one; pygls makes tuples of some arrays."""
    return value if isinstance(value, _ARRAYS) else ()


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
