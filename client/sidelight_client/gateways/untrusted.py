"""Reading JSON that somebody else wrote: every value is bounded, and what has another type is absent."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeVar, cast

Choice = TypeVar("Choice", bound=StrEnum)

MAX_TEXT = 400
"""The longest text taken over from a gateway, in code points."""


def parsed(body: str | bytes) -> Any:
    """The JSON value, or None for anything that is none (nesting deeper than Python's included)."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def mapping(value: Any) -> Mapping[str, Any]:
    """`value` where it is an object, otherwise an empty one."""
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def items(value: Any, most: int) -> Sequence[Any]:
    """The first `most` elements where `value` is a list, otherwise none."""
    return cast("Sequence[Any]", value)[:most] if isinstance(value, list) else ()


def text(value: Any, longest: int = MAX_TEXT) -> str:
    """One line of printable text, cut at `longest`; empty where `value` is no text."""
    if not isinstance(value, str):
        return ""
    return "".join(c if c.isprintable() else " " for c in value[:longest]).strip()


def number(value: Any) -> float | None:
    """A finite number, also one written as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        read = float(value)
    except (ValueError, OverflowError):
        return None
    return read if math.isfinite(read) else None


def member(kind: type[Choice], value: Any) -> Choice | None:
    """The member of `kind` that is written as `value`, or None."""
    return next((known for known in kind if known.value == value), None)


def amount(value: Any) -> float | None:
    """A sum of money: a number that is not negative."""
    read = number(value)
    return None if read is None or read < 0 else read


def count(value: Any) -> int | None:
    """A whole number that is not negative."""
    read = number(value)
    return None if read is None or read < 0 else int(read)
