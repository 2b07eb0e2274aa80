"""LSP base protocol, as an editor speaks it: `Content-Length` frames cut from bytes, and made."""

from __future__ import annotations

import json
from typing import Any, cast

Message = dict[str, Any]

MAX_HEADER_BYTES = 4_096
MAX_BODY_BYTES = 64 * 1024 * 1024


class FramingError(Exception):
    """The bytes are no frames of the base protocol; nothing behind them can be trusted."""


class FrameReader:
    """Cuts messages from bytes that arrive in any pieces (LSP 3.18, base protocol)."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def empty(self) -> bool:
        """Whether no half message is kept."""
        return not self._buffer

    def feed(self, data: bytes) -> list[Message]:
        """Take bytes and return the messages they complete.

        Raises:
            FramingError: a header is too long or has no valid length, or a body is no object.
        """
        self._buffer += data
        messages: list[Message] = []
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            length = _length(bytes(self._buffer[:end]))
            start = end + 4
            if len(self._buffer) < start + length:
                return messages
            body = bytes(self._buffer[start : start + length])
            del self._buffer[: start + length]
            messages.append(_message(body))
        if len(self._buffer) > MAX_HEADER_BYTES:
            raise FramingError(f"no end of a header within {MAX_HEADER_BYTES} bytes")
        return messages


def frame(message: Message) -> bytes:
    """The bytes of one message."""
    body = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


def _length(header: bytes) -> int:
    if len(header) > MAX_HEADER_BYTES:
        raise FramingError(f"a header of {len(header)} bytes")
    for line in header.split(b"\r\n"):
        name, colon, value = line.partition(b":")
        if not colon:
            raise FramingError("a header line without a colon")
        if name.strip().lower() == b"content-length":
            digits = value.strip()
            if not digits.isdigit() or int(digits) > MAX_BODY_BYTES:
                raise FramingError("a length that is no number or too large")
            return int(digits)
    raise FramingError("a header without Content-Length")


def _message(body: bytes) -> Message:
    try:
        message: object = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise FramingError(f"a body of {len(body)} bytes is no JSON") from error
    if not isinstance(message, dict):
        raise FramingError("a body is no JSON object")
    return cast("Message", message)
