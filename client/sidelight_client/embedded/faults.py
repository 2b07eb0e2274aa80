"""The switches that make the embedded gateway fail on purpose, for tests and for the demonstration."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, cast


class Dialect(StrEnum):
    """In whose words a 429 is said. The spellings differ by product; clients must read all."""

    NEUTRAL = "neutral"
    """Our error body and `Retry-After` (RFC 9110 §10.2.3)."""
    RETRY_AFTER_MS = "retry-after-ms"
    """Azure OpenAI and OpenAI: milliseconds in `retry-after-ms`, nothing in the body."""
    OPENAI = "openai"
    """`x-ratelimit-limit-requests`, `-remaining-requests`, `-reset-requests` as `6m0s`."""
    LITELLM = "litellm"
    """`x-ratelimit-api_key-*`, `retry-after`, type `throttling_error`."""
    KONG = "kong"
    """`RateLimit-Limit`, `-Remaining`, `-Reset` and a bare message."""


@dataclass(slots=True)
class Faults:
    """What goes wrong at the moment. Everything is off by default; durations in seconds."""

    expire_tokens: bool = False
    """Every access token counts as expired."""
    expire_up_to: int = 0
    """Access tokens up to this serial number count as expired; renewed ones work."""
    reject_refresh: bool = False
    """The issuer answers each renewal `invalid_grant`."""
    throttle: str = ""
    """Answer 429 in this dialect (see `Dialect`); empty is off."""
    throttle_delay_s: float = 60.0
    """How long those answers ask the client to wait."""
    hang_mid_stream: bool = False
    """Send the first half of the answer, then nothing, and keep the connection open.

    This and the next four break an answer that is asked for whole as well: nothing of it is sent.
    """
    cut_stream: bool = False
    """Send the first half of the answer, then drop the connection."""
    garbage: bool = False
    """Send something that is no event and no JSON in the middle of the stream."""
    stream_error: bool = False
    """Send an error inside a stream that began with status 200."""
    never_end: bool = False
    """Go on sending empty pieces for ever."""
    bad_gateway_html: bool = False
    """Answer 502 with a proxy's HTML page."""
    block: bool = False
    """A content rule objects to the last line before the cursor, whatever it is."""
    budget: bool = False
    """The month's money is spent: 402."""
    outage: bool = False
    """Answer 503, and the status page reports a major incident."""
    model_denied: bool = False
    """The person may not use the model: 403."""
    scanner_down: bool = False
    """The content scanner fails, so nothing may pass: 500."""
    context_limit: int = 0
    """The model takes only this many tokens; 0 is off."""
    ignore_suffix: bool = False
    """Drop what stands after the cursor without a word, as llama.cpp's `/v1/completions` does."""
    slow_s: float = 0.0
    """Wait this long before the first text."""

    def set(self, switches: Mapping[str, Any]) -> None:
        """Set some switches, all or none. Raises ValueError with a sentence about the first wrong one."""
        checked = {name: _checked(name, value) for name, value in switches.items()}
        for name, value in checked.items():
            setattr(self, name, value)

    def clear(self) -> None:
        """Everything works again."""
        self.set(asdict(Faults()))

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


LARGEST = 1_000_000
"""The largest number a switch takes."""

_DEFAULTS = asdict(Faults())


def _checked(name: str, value: object) -> bool | float | str:
    if name not in _DEFAULTS:
        raise ValueError(f"there is no fault switch called {name[:40]!r}")
    default: object = _DEFAULTS[name]
    if isinstance(default, bool):
        if isinstance(value, bool):
            return value
        raise ValueError(f"{name} must be true or false")
    if isinstance(default, str):
        if value == "" or (isinstance(value, str) and value in set(Dialect)):
            return str(value)
        raise ValueError(f"{name} must be empty or one of {', '.join(Dialect)}")
    if type(value) in (int, float):
        number = cast("float", value)
        if math.isfinite(number) and 0 <= number <= LARGEST:
            return int(number) if isinstance(default, int) else float(number)
    raise ValueError(f"{name} must be a number between 0 and {LARGEST}")
