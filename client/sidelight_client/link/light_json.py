"""JSON without the module `json`, whose `re` and `enum` cost each editor window 15 ms.

The shim imports this file, so it imports next to nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False  # The checkers know the name; importing `typing` would cost the shim 5 ms.
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any


def encode(message: Mapping[str, Any]) -> bytes:
    """As `json.dumps` has it, in ASCII on one line. Raises ValueError for what JSON has no number for."""
    return _encoder()(message).encode("ascii")


def decode(line: bytes) -> Any:
    """As `json.loads` has it. Raises ValueError."""
    return _decoder()(line.decode())


def _encoder() -> Callable[[Any], str]:
    """The compiled half of CPython's own; where it has none, or another, the whole."""
    try:
        from _json import encode_basestring_ascii, make_encoder

        write = make_encoder({}, _refuse, encode_basestring_ascii, None, ": ", ", ", *[False] * 3)
    except (ImportError, TypeError):
        from json import dumps

        return dumps
    return lambda value: "".join(write(value, 0))


def _decoder() -> Callable[[str], Any]:
    try:
        from _json import make_scanner

        scan: Any = make_scanner(_Rules())  # type: ignore[arg-type]  # its type is told as its own
    except (ImportError, TypeError, AttributeError):
        from json import loads

        return loads

    def read(text: str) -> Any:
        try:
            value, end = scan(text, 0)
        except StopIteration:
            raise ValueError("not JSON") from None
        if text[end:].strip():
            raise ValueError("more than one value")
        return value

    return read


class _Rules:
    """What `json.JSONDecoder` asks the scanner for."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    array_hook = None
    parse_float = float
    parse_int = int
    parse_constant = float


def _refuse(value: object) -> object:
    raise TypeError(type(value).__name__)
