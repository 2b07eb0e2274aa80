"""What was sent for one request, kept in memory for whoever asks; its `repr` holds none of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ..window import Window


@dataclass(frozen=True, slots=True)
class SentText:
    """One request as it left.

    Attributes:
        trace_id: of the request.
        at: when it was sent, in seconds since the epoch.
        to: the address that was asked.
        window: what was sent, as it was sent.
        placeholders: what stands in the place of values that did not leave.
        searched: False where not all of it could be looked at by the content rules.
        shrunk: whether less was sent than was meant to, because the model takes no more.
    """

    trace_id: str
    at: float
    to: str
    window: Window = field(repr=False)
    placeholders: tuple[str, ...] = ()
    searched: bool = True
    shrunk: bool = False

    @property
    def size(self) -> int:
        """Code points."""
        return sum(len(part.text) for part in self.window.parts)

    def redactions(self) -> Iterator[str]:
        """The placeholders that are really in the text, in order and once each."""
        text = "".join(part.text for part in self.window.parts)
        found = ((text.find(one), one) for one in self.placeholders)
        yield from (one for place, one in sorted(found) if place >= 0)
