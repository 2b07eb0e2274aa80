"""Where the person edited lately: a bounded ring of places that move with the text. It holds no text."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .document import Edit, TextDocument

KEPT = 16
NEAR_LINES = 12
"""Edits this close belong to one piece of work."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A row of a document in which something was edited."""

    uri: str
    row: int


class RecentEdits:
    """The places of one session, the latest first."""

    def __init__(self) -> None:
        self.spots: tuple[Spot, ...] = ()

    def edited(self, document: TextDocument, edit: Edit | None) -> None:
        """Take note of an edit; None stands for a new text, in which no old place means anything."""
        uri = document.uri
        if edit is None:
            self.forget(uri)
            return
        newest = self.spots[0] if self.spots else None
        moved = edit.new_end.line - edit.end.line
        same = newest is not None and newest.uri == uri and newest.row == edit.new_end.line
        if same and not moved:
            return  # Typing on in one line, which is nearly every edit.
        spots = (
            [self._moved(spot, uri, edit, moved) for spot in self.spots] if moved else self.spots
        )
        row = edit.new_end.line
        others = [s for s in spots if s.uri != uri or abs(s.row - row) > NEAR_LINES]
        self.spots = (Spot(uri, row), *others)[:KEPT]

    def forget(self, uri: str) -> None:
        """The document was closed or replaced."""
        self.spots = tuple(spot for spot in self.spots if spot.uri != uri)

    @staticmethod
    def _moved(spot: Spot, uri: str, edit: Edit, by: int) -> Spot:
        if spot.uri != uri or spot.row < edit.start.line:
            return spot
        return replace(spot, row=max(spot.row + by, edit.start.line))
