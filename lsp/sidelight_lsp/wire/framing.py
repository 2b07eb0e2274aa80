"""Content-Length frames out of a stream of bytes (LSP 3.17, Base Protocol), without any I/O."""

from __future__ import annotations

from dataclasses import dataclass

MAX_HEADER = 64 * 1024
MAX_BODY = 64 * 1024 * 1024
MAX_GARBAGE = 1024 * 1024
"""Who sends more than this without a frame in it does not speak this protocol."""
_END = b"\r\n\r\n"
_NAME = b"Content-Length:"
_PLAIN = b"Content-Length: "
_MAX_DIGITS = 12
_END_LENGTH, _PLAIN_LENGTH = len(_END), len(_PLAIN)


class FramingError(Exception):
    """The stream cannot be followed any more; `str()` says why and quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class Garbage:
    """Bytes that are no frame and were skipped: how many, and why."""

    size: int
    why: str


def frame(body: bytes) -> bytes:
    """`body` with its header."""
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


class FrameParser:
    """Takes bytes as they come and gives bodies, each once, in order.

    What is no header is skipped up to the next thing that looks like one, and reported.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0
        self._body: int | None = None
        self._skipped = 0
        self._why = ""

    @property
    def incomplete(self) -> bool:
        """Whether a frame has begun and not ended."""
        return self._body is not None or bool(self._buffer)

    def feed(self, data: bytes) -> list[bytes | Garbage]:
        """The frames that are complete with `data`, and what was skipped before them.

        Raises:
            FramingError: a body is larger than `MAX_BODY`, or nothing but garbage comes.
        """
        found: list[bytes | Garbage] = []
        if not (self._buffer or self._skipped or self._body is not None):
            taken = self._plain(data, found)
            if taken == len(data):
                return found
            data = data[taken:]
        self._buffer += data
        while self._body is not None or (self._buffer and self._header()):
            assert self._body is not None
            if len(self._buffer) < self._body:
                break
            if self._skipped:
                found.append(Garbage(self._skipped, self._why))
                self._skipped = 0
            found.append(bytes(self._buffer[: self._body]))
            del self._buffer[: self._body]
            self._body = None
        return found

    @staticmethod
    def _plain(data: bytes, found: list[bytes | Garbage]) -> int:
        """Take the whole frames that `data` begins with and whose header is the one usual line.

        Returns:
            where the first other thing begins, for which the buffer is needed.
        """
        start, size = 0, len(data)
        while data.startswith(_PLAIN, start):
            end = data.find(_END, start)
            digits = data[start + _PLAIN_LENGTH : end] if end >= 0 else b""
            if not digits.isdigit() or len(digits) > _MAX_DIGITS:
                break
            begin = end + _END_LENGTH
            after = begin + int(digits)
            if after > size or after - begin > MAX_BODY:
                break
            found.append(data[begin:after])
            start = after
        return start

    def _header(self) -> bool:
        """Consume a header if one is complete."""
        while True:
            while not self._searched and self._buffer.startswith((b"\r", b"\n")):
                del self._buffer[:1]
            end = self._buffer.find(_END, self._searched)
            if end < 0:
                self._searched = max(len(self._buffer) - len(_END) + 1, 0)
                if len(self._buffer) > MAX_HEADER:
                    self._resynchronise("a header of more than 64 KiB")
                    if len(self._buffer) > len(_NAME):
                        continue
                return False
            self._searched = 0
            head = bytes(self._buffer[:end])
            # Nearly every header is this one line; `content_length` reads the others.
            digits = head[len(_PLAIN) :] if head.startswith(_PLAIN) else b""
            plain = digits.isdigit() and len(digits) <= _MAX_DIGITS
            length = int(digits) if plain else content_length(head)
            if length is None:
                self._resynchronise("a header without a valid Content-Length")
                continue
            if length > MAX_BODY:
                raise FramingError("a message of more than 64 MiB was announced")
            del self._buffer[: end + len(_END)]
            self._body = length
            return True

    def _resynchronise(self, why: str) -> None:
        """Skip to the next place where a header may begin."""
        place = self._buffer.find(_NAME, 1)
        if place < 0:
            place = max(len(self._buffer) - len(_NAME) + 1, 1)
        del self._buffer[:place]
        self._skipped += place
        self._why = why
        self._searched = 0
        if self._skipped > MAX_GARBAGE:
            raise FramingError("more than 1 MiB of it was no message")


def content_length(header: bytes) -> int | None:
    """The length a header states, or None when it is no header or states none, or two."""
    if len(header) > MAX_HEADER:
        return None
    lengths: set[int] = set()
    for line in header.split(b"\r\n"):
        name, colon, value = line.partition(b":")
        if not colon or not name or not name.replace(b"-", b"").isalnum():
            return None
        if name.lower() == b"content-length":
            digits = value.strip(b" \t")
            if not digits.isdigit() or len(digits) > _MAX_DIGITS:
                return None
            lengths.add(int(digits))
    return lengths.pop() if len(lengths) == 1 else None
