"""JSON objects one a line, as Ollama's own API streams them: bytes in, whole lines out."""

from __future__ import annotations

from .sse import MAX_EVENT_BYTES, EventTooLargeError

_MEDIA_TYPES = ("application/x-ndjson", "application/ndjson", "application/jsonl")


def is_ndjson(content_type: str) -> bool:
    """Whether an answer of `content_type` is one JSON object a line."""
    return any(kind in content_type for kind in _MEDIA_TYPES)


class LineReader:
    """Collects lines over any splitting of the bytes; holds at most one line."""

    def __init__(self, max_line_bytes: int = MAX_EVENT_BYTES) -> None:
        self._most = max_line_bytes
        self._rest = bytearray()

    def feed(self, piece: bytes) -> list[str]:
        """The lines that `piece` completes, without empty ones. Raises EventTooLargeError."""
        self._rest += piece
        lines: list[bytes] = []
        if b"\n" in piece:
            *lines, rest = bytes(self._rest).split(b"\n")
            self._rest = bytearray(rest)
        if len(self._rest) > self._most or any(len(line) > self._most for line in lines):
            raise EventTooLargeError
        return [text for line in lines if (text := line.decode("utf-8", "replace").strip())]

    def end(self) -> list[str]:
        """The last line, where the stream ended without a newline."""
        return self.feed(b"\n")
