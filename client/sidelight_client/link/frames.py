"""Frames of the local socket: one JSON object a line, capped; and the careful reading of its fields."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, NoReturn, TypeVar, cast

from ..errors import SidelightError
from .greeting import FRAME_LIMIT

Json = dict[str, Any]

E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")

LIST_LIMIT = 10_000
"""The longest list a message may hold; ours hold dozens."""


class WireError(SidelightError):
    """A message that cannot be taken: `wire.malformed` or `wire.oversized`.

    Its text names the field and never quotes the value: a message may hold source code.
    """


def malformed(problem: str) -> WireError:
    """The error for a message that was received whole and makes no sense."""
    return WireError("wire.malformed", problem=problem)


def encode(message: Mapping[str, Any]) -> bytes:
    """One line. Raises WireError `wire.oversized` when it would be longer than the cap.

    Everything beyond ASCII is escaped, so a lone surrogate in somebody's file survives the way.
    """
    line = json.dumps(message, allow_nan=False, separators=(",", ":")).encode("ascii") + b"\n"
    if len(line) > FRAME_LIMIT:
        raise WireError("wire.oversized", limit=FRAME_LIMIT)
    return line


def decode(line: bytes) -> Json:
    """The object on one line. Raises WireError."""
    try:
        message = json.loads(line.decode("utf-8"), parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise malformed("it is not UTF-8") from error
    except RecursionError as error:
        raise malformed("it is nested too deeply") from error
    except ValueError as error:
        raise malformed("it is not JSON") from error
    if not isinstance(message, dict):
        raise malformed("it is not a JSON object")
    return cast("Json", message)


def _refuse_constant(_name: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON (RFC 8259 §6)")


class FrameBuffer:
    """Turns chunks of bytes into lines, holding at most one frame's worth."""

    def __init__(self) -> None:
        self._held = bytearray()

    @property
    def partial(self) -> bool:
        """Whether a message has begun and not ended."""
        return bool(self._held)

    def feed(self, chunk: bytes) -> list[bytes]:
        """The lines `chunk` completes, without their newlines.

        Raises:
            WireError: `wire.oversized`; the stream cannot be read any further.
        """
        start = len(self._held)
        self._held += chunk
        if b"\n" not in chunk:
            if len(self._held) >= FRAME_LIMIT:
                raise WireError("wire.oversized", limit=FRAME_LIMIT)
            return []
        end = self._held.rindex(b"\n", start)
        lines = bytes(self._held[:end]).split(b"\n")
        del self._held[: end + 1]
        if len(self._held) >= FRAME_LIMIT or any(len(line) >= FRAME_LIMIT for line in lines):
            raise WireError("wire.oversized", limit=FRAME_LIMIT)
        return [line for line in lines if line.strip()]


def error_body(error: SidelightError) -> Json:
    """An error as it travels, with the words a person reads."""
    said = error.message
    return {
        "code": said.code,
        "title": said.title,
        "what": said.what,
        "means": said.means,
        "do": said.do,
    }


# --- fields; each raises WireError naming the field ------------------------------------------


def _wrong(name: str, kind: str) -> WireError:
    return malformed(f"{name} must be {kind}")


def text(data: Json, name: str, default: str | None = None, limit: int = FRAME_LIMIT) -> str:
    value = data.get(name, default)
    if not isinstance(value, str) or len(value) > limit:
        raise _wrong(name, "text")
    return value


def optional_text(data: Json, name: str) -> str | None:
    return None if data.get(name) is None else text(data, name)


def flag(data: Json, name: str, default: bool | None = None) -> bool:
    value = data.get(name, default)
    if not isinstance(value, bool):
        raise _wrong(name, "true or false")
    return value


def optional_flag(data: Json, name: str) -> bool | None:
    return None if data.get(name) is None else flag(data, name)


def integer(data: Json, name: str, default: int | None = None, minimum: int = 0) -> int:
    value = data.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not minimum <= value < 1 << 53:
        raise _wrong(name, f"a whole number from {minimum}")
    return value


def optional_integer(data: Json, name: str) -> int | None:
    return None if data.get(name) is None else integer(data, name)


def number(data: Json, name: str, minimum: float = 0.0) -> float:
    value = data.get(name)
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise _wrong(name, "a number")
    if not minimum <= value < 1 << 53 or not math.isfinite(value):
        raise _wrong(name, f"a number from {minimum:g}")
    return value


def optional_number(data: Json, name: str) -> float | None:
    return None if data.get(name) is None else number(data, name)


def seconds(data: Json, name: str) -> float:
    """A duration that travels as milliseconds, in seconds; a thousandth of a millisecond survives."""
    return round(number(data, name) / 1000, 6)


def optional_seconds(data: Json, name: str) -> float | None:
    return None if data.get(name) is None else seconds(data, name)


def milliseconds(duration_s: float | None) -> float | None:
    """A duration as it travels."""
    return None if duration_s is None else round(duration_s * 1000, 3)


def member(data: Json, name: str, kind: type[E]) -> E:
    value = data.get(name)
    if isinstance(value, str):
        for known in kind:
            if known.value == value:
                return known
    raise _wrong(name, f"one of {', '.join(kind)}")


def section(data: Json, name: str) -> Json:
    value = data.get(name)
    if not isinstance(value, dict):
        raise _wrong(name, "an object")
    return cast("Json", value)


def sections(data: Json, name: str, read: Callable[[Json], T]) -> tuple[T, ...]:
    """A list of objects, each read by `read`."""
    return tuple(read(_object(name, item)) for item in _list(data, name))


def texts(data: Json, name: str, limit: int = FRAME_LIMIT) -> tuple[str, ...]:
    items = _list(data, name)
    if not all(isinstance(item, str) and len(item) <= limit for item in items):
        raise _wrong(name, "a list of texts")
    return tuple(items)


def text_map(data: Json, name: str, limit: int = 4096) -> dict[str, str]:
    """An object whose values are short texts."""
    found = section(data, name)
    if len(found) > LIST_LIMIT or not all(
        isinstance(value, str) and len(value) <= limit for value in found.values()
    ):
        raise _wrong(name, "an object of texts")
    return dict(found)


def _list(data: Json, name: str) -> Sequence[Any]:
    value = data.get(name)
    if not isinstance(value, list):
        raise _wrong(name, "a list")
    items = cast("Sequence[Any]", value)
    if len(items) > LIST_LIMIT:
        raise _wrong(name, f"a list of at most {LIST_LIMIT}")
    return items


def _object(name: str, item: Any) -> Json:
    if not isinstance(item, dict):
        raise _wrong(name, "a list of objects")
    return cast("Json", item)
