"""The suggestions of one document that may still fit, in memory only and bounded."""

from __future__ import annotations

from dataclasses import dataclass, field

from sidelight_client.api import Position

from ..documents.document import Edit, TextDocument
from .through import Suggestion, remaining, typed_at

MOST_KEPT = 16
"""Per document. With the window of 3,000 characters in each, some 50 KB."""


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of a suggestion at the cursor.

    Attributes:
        texts: the rest of each of its texts that continues what was typed.
        typed: how many characters of it were typed already.
    """

    suggestion: Suggestion
    texts: tuple[str, ...]
    typed: int

    @property
    def rank(self) -> tuple[bool, int]:
        """By which the best of several is chosen."""
        return self.suggestion.asked, self.typed


@dataclass(slots=True)
class Suggestions:
    """The latest first: what was of use at the last key is most likely of use at this one."""

    kept: list[Suggestion] = field(default_factory=list[Suggestion])

    def keep(self, suggestion: Suggestion) -> None:
        """Remember a suggestion, and forget the one of longest ago where there are too many.

        It takes the place of what had come of the same answer before.
        """
        self.forget(suggestion.trace_id)
        self.kept.insert(0, suggestion)
        del self.kept[MOST_KEPT:]

    def shift(self, edit: Edit) -> None:
        """Follow the text when lines come or go above a suggestion."""
        if edit.new_end.line != edit.end.line:
            for suggestion in self.kept:
                suggestion.anchor.shift(edit)

    def left(self, document: TextDocument, at: Position, deleted: str = "") -> Left | None:
        """What is left at `at` of the suggestion that fits best: the one that was followed longest.

        What the person asked for comes before what came by itself.

        Args:
            document: the live text.
            at: the cursor.
            deleted: what the person just deleted there; it is not suggested again.
        """
        best: Left | None = None
        for suggestion in self.kept:
            if best is not None and _ranks_behind(suggestion, best.suggestion):
                continue
            typed = typed_at(suggestion.anchor, document, at)
            if typed is None:
                continue
            texts = remaining(suggestion.texts, typed)
            if deleted:
                texts = tuple(text for text in texts if not undoes(text, deleted))
            left = Left(suggestion, texts, len(typed))
            if texts and (best is None or left.rank > best.rank):
                best = left
        if best is not None and self.kept[0] is not best.suggestion:
            self.kept.remove(best.suggestion)
            self.kept.insert(0, best.suggestion)
        return best

    def forget(self, trace_id: str) -> None:
        """Forget what one request brought: it was accepted or dismissed."""
        self.kept = [one for one in self.kept if one.trace_id != trace_id]

    def clear(self) -> None:
        """Forget everything."""
        self.kept.clear()


def _ranks_behind(one: Suggestion, best: Suggestion) -> bool:
    """Whether a suggestion would not be chosen instead of `best` even if it fitted.

    Of what fits at the cursor, what begins further down was followed for less.
    """
    if one.asked != best.asked:
        return best.asked
    at, other = one.anchor.at, best.anchor.at
    return at.line > other.line or (at.line == other.line and at.character >= other.character)


MIN_DELETED = 3
"""Fewer characters are taken back to correct a slip, and what was suggested there is still wanted."""


def undoes(text: str, deleted: str) -> bool:
    """Whether a suggestion begins with what the person just deleted on purpose."""
    cut = deleted.strip()
    return len(cut) >= MIN_DELETED and text.lstrip().startswith(cut[:MOST_COMPARED])


MOST_COMPARED = 20
"""So many characters of a deletion are enough to tell that a suggestion brings it back."""
