"""From the bytes of an answer to its events, whatever the splitting and whatever the bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from ..domain.completion import MOST_ALTERNATIVES, Source, SourceKind, TokenUse
from ..domain.failure import Failure, FailureKind
from ..domain.spending.budget import Reading
from ..ports import Delta, Finish, GatewayEvent
from .fences import FenceStripper
from .ndjson import LineReader, is_ndjson
from .profile import Ended, Piece, Profile, StreamPart, Told
from .sse import EventReader, EventTooLargeError

LONGEST_ANSWER = 64_000
"""Code points; a stream that goes on is not a completion."""
LARGEST_BODY = 1_000_000
"""Bytes of an answer that is not streamed."""


class AnswerReader:
    """Reads one answer; after its `Finish` or `Failure` it is `over` and says nothing more."""

    def __init__(
        self,
        profile: Profile,
        content_type: str,
        *,
        strip_fences: bool = False,
        readings: tuple[Reading, ...] = (),
        model: str = "",
        cost: float | None = None,
    ) -> None:
        """Begin to read.

        Args:
            profile: whose answer it is.
            content_type: of the answer.
            strip_fences: whether a chat model may have put its answer between fences.
            readings: what the headers said of limits.
            model: the one asked for; it names the source where the gateway does not.
            cost: what the headers said. Those of a stream are written before the answer and do
                not know it (LiteLLM's says 0), so there only the body's own number counts.
        """
        self.begun = False
        self.over = False
        self._profile = profile
        self._events = _reader(content_type)
        self._body = bytearray()
        self._strips_fences = strip_fences
        self._fences: dict[int, FenceStripper] = {}
        self._readings = readings
        self._model = model
        self._source: Source | None = None
        self._tokens = TokenUse(cost=cost if self._events is None else None)
        self._ended = False
        self._length = 0

    def feed(self, piece: bytes) -> list[GatewayEvent]:
        """The events `piece` completes; an empty piece is the end of the body."""
        told: list[GatewayEvent] = []
        for data in self._data(piece):
            for part in self._profile.decode(data):
                told += self._part(part)
        return told if piece else told + self._end()

    def leave(self) -> Finish:
        """The end of an answer whose rest is not read; counts told only at its end stay unknown."""
        self.over = True
        return self._finish()

    def _data(self, piece: bytes) -> Sequence[str | bytes]:
        """What can be decoded now: whole events, or the whole body at its end."""
        if self.over:
            return []
        try:
            if self._events is not None:
                return self._events.feed(piece) if piece else self._events.end()
        except EventTooLargeError:
            return [b""]
        self._body += piece
        if len(self._body) > LARGEST_BODY:
            return [b""]
        return [] if piece else [bytes(self._body)]

    def _part(self, part: StreamPart) -> list[GatewayEvent]:
        if self.over:
            return []
        match part:
            case Piece(text, choice):
                self._length += len(text)
                if self._length > LONGEST_ANSWER:
                    return self._stop(Failure(FailureKind.UPSTREAM_DOWN))
                if choice >= MOST_ALTERNATIVES:
                    return []
                if self._strips_fences:
                    text = self._fences.setdefault(choice, FenceStripper()).feed(text)
                return self._text(text, choice)
            case Told(tokens, source, model):
                self._tokens = _merged(self._tokens, tokens or TokenUse())
                self._source = source or self._source
                self._model = model or self._model
                return []
            case Ended():
                self._ended = True
                return []
            case Failure():
                return self._stop(part)
            case _:
                assert_never(part)

    def _text(self, text: str, choice: int) -> list[GatewayEvent]:
        if not text:
            return []
        self.begun = True
        return [Delta(text, choice)]

    def _end(self) -> list[GatewayEvent]:
        """The body is over: complete if the gateway said so, cut off if it did not."""
        if self.over:
            return []
        if not self._ended:
            return self._stop(Failure(FailureKind.UPSTREAM_DOWN))
        rest = [
            event
            for choice, fences in self._fences.items()
            for event in self._text(fences.end(), choice)
        ]
        return [*rest, *self._stop(self._finish())]

    def _finish(self) -> Finish:
        source = self._source or Source(SourceKind.MODEL, self._model or "model")
        return Finish(source, self._tokens, self._model, self._readings)

    def _stop(self, last: Finish | Failure) -> list[GatewayEvent]:
        self.over = True
        return [last]


def _merged(before: TokenUse, now: TokenUse) -> TokenUse:
    """Anthropic tells what went in at the beginning, and what came out at the end."""
    return TokenUse(
        before.prompt if now.prompt is None else now.prompt,
        before.cached if now.cached is None else now.cached,
        before.output if now.output is None else now.output,
        before.cost if now.cost is None else now.cost,
    )


def _reader(content_type: str) -> EventReader | LineReader | None:
    """What splits the body into events; None for one that is read whole."""
    if "text/event-stream" in content_type:
        return EventReader()
    return LineReader() if is_ndjson(content_type) else None
