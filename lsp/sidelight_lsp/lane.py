"""What goes on in one document: who waits, what was sent, what was suggested, and what still fits."""

from __future__ import annotations

from dataclasses import dataclass, field

from sidelight_client.api import Position

from .asks import Ask, Flight, Kind
from .document import TextDocument
from .through import Anchor, Suggestion, remaining, typed_since

MAX_LINES_TYPED = 50
"""A cursor further below the place of a request was moved there; nobody typed that much."""


@dataclass(slots=True)
class Lane:
    """The facts about one document; of each kind only the newest ask waits."""

    asks: dict[Kind, Ask] = field(default_factory=dict[Kind, Ask])
    flight: Flight | None = None
    suggestion: Suggestion | None = None

    def left(self, document: TextDocument, at: Position) -> tuple[str, ...]:
        """What is left of the latest suggestion at `at`. One that no longer fits is forgotten."""
        if self.suggestion is None:
            return ()
        typed = _typed(self.suggestion.anchor, document, at)
        texts = remaining(self.suggestion.texts, typed) if typed is not None else ()
        if not texts:
            self.suggestion = None
        return texts

    def joinable(self, document: TextDocument, at: Position) -> bool:
        """Whether the request in flight still leads to `at`."""
        return self.flight is not None and _typed(self.flight.anchor, document, at) is not None

    def diverged(self, document: TextDocument) -> bool:
        """Whether the text before the request in flight is no longer what was sent."""
        if self.flight is None:
            return False
        anchor = self.flight.anchor
        return document.text(anchor.start, anchor.at) != anchor.before


def _typed(anchor: Anchor, document: TextDocument, at: Position) -> str | None:
    if at < anchor.at or at.line > anchor.at.line + MAX_LINES_TYPED:
        return None
    after = document.line(at.line)[at.character :]
    return typed_since(anchor, document.text(anchor.start, at), after)
