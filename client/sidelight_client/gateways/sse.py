"""Server-sent events, byte by byte: bytes in, the data of whole events out (WHATWG HTML §9.2)."""

from __future__ import annotations

MAX_EVENT_BYTES = 262_144


class EventTooLargeError(ValueError):
    """A line or an event that never ends."""


class EventReader:
    """Collects events over any splitting of the bytes; holds at most one event."""

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._most = max_event_bytes
        self._rest = b""
        self._data: list[str] = []
        self._size = 0
        self._begun = False

    def feed(self, piece: bytes) -> list[str]:
        """The data of every event that `piece` completes. Raises EventTooLargeError."""
        text = self._rest + piece
        held = b""
        if text.endswith(b"\r"):
            # The other half of a CRLF may come with the next piece.
            text, held = text[:-1], b"\r"
        *lines, rest = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        self._rest = rest + held
        if len(self._rest) > self._most:
            raise EventTooLargeError
        return [data for line in lines if (data := self._line(line)) is not None]

    def end(self) -> list[str]:
        """What is left when the stream ends: a last event without its blank line.

        The standard drops it; gateways that end without one mean it all the same.
        """
        told = self.feed(b"\n\n")
        self._rest = b""
        return told

    def _line(self, line: bytes) -> str | None:
        if not self._begun:
            self._begun = True
            line = line.removeprefix(b"\xef\xbb\xbf")
        if not line:
            data, self._data, self._size = self._data, [], 0
            return "\n".join(data) if data else None
        name, _, value = line.partition(b":")
        if name == b"data":
            self._size += len(value)
            if self._size > self._most:
                raise EventTooLargeError
            self._data.append(value.removeprefix(b" ").decode("utf-8", "replace"))
        return None
