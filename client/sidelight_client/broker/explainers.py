"""The editors' sessions that can say why there is nothing at a place, asked newest first."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from ..domain.explaining.explained import Explained
from ..domain.place import Position

Explain = Callable[[str, Position | None], Explained | None]
"""What a session knows about a place of a document; None where the document is not its own."""


class Explainers:
    """Whom to ask."""

    def __init__(self) -> None:
        self._known: dict[int, Explain] = {}
        self._numbers = itertools.count(1)

    def add(self, explain: Explain) -> Callable[[], None]:
        """Ask `explain` from now on, until the returned function is called."""
        number = next(self._numbers)
        self._known[number] = explain

        def leave() -> None:
            self._known.pop(number, None)

        return leave

    def ask(self, uri: str, at: Position | None) -> Explained | None:
        """The newest session's answer that has the document open."""
        answers = (self._known[number](uri, at) for number in sorted(self._known, reverse=True))
        return next((answer for answer in answers if answer is not None), None)
