"""A secret string that prints nothing: tokens, authorization codes, keys."""

from __future__ import annotations

import hashlib
import hmac
from typing import NoReturn


class Secret:
    """A string that leaves only through `reveal()`.

    `repr`, `str`, `format` and pickling never show it, so no log line, traceback or crash
    report can. Equality is constant-time.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The string itself, for the one place that sends or stores it."""
        return self._value

    def fingerprint(self) -> str:
        """Eight hex digits that tell two secrets apart in memory; never written to a log."""
        return hashlib.sha256(self._value.encode()).hexdigest()[:8]

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is never pickled")
