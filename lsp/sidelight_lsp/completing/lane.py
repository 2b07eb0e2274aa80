"""What goes on in one document: who waits, what was sent, and the policy that decides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sidelight_client.api import Position

from ..deciding.document_policy import DocumentPolicy, joinable
from ..deciding.policy import Because
from ..documents.document import TextDocument
from .asks import Ask, Flight, Kind
from .through import diverged


@dataclass(slots=True)
class Lane:
    """The facts about one document; of each kind only the newest ask waits.

    Attributes:
        flight: the request for the cursor.
        prefetch: the request for what follows a suggestion that is nearly typed.
        adrift: requests for places the cursor has left, the oldest first; what they bring is kept
            for when the person comes back.
        because: why the latest ask bought nothing, or not yet; None when it did.
    """

    asks: dict[Kind, Ask] = field(default_factory=dict[Kind, Ask])
    flight: Flight | None = None
    prefetch: Flight | None = None
    adrift: list[Flight] = field(default_factory=list[Flight])
    policy: DocumentPolicy = field(default_factory=DocumentPolicy)
    because: Because | None = None

    def flights(self) -> Iterator[Flight]:
        """The requests under way."""
        under_way = (self.flight, self.prefetch, *self.adrift)
        return (one for one in under_way if one is not None)

    @property
    def flying(self) -> bool:
        """Whether any request is under way."""
        return self.flight is not None or self.prefetch is not None or bool(self.adrift)

    @property
    def coming(self) -> bool:
        """Whether an answer has begun and not ended."""
        return any(flight.begun_s is not None for flight in self.flights())

    def left(self, document: TextDocument, at: Position) -> tuple[str, ...]:
        """What is left of the best suggestion at `at`."""
        left = self.policy.left(document, at)
        return left.texts if left is not None else ()

    def joinable(self, document: TextDocument, at: Position) -> bool:
        """Whether a request under way leads to `at`."""
        return any(joinable(flight.anchor, document, at) for flight in self.flights())

    def diverged(self, document: TextDocument) -> bool:
        """Whether the text before the request in flight is no longer what was sent."""
        return self.flight is not None and diverged(self.flight.anchor, document)
