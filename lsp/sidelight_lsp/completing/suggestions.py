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
class _Followed:
    """What was left at a place of one revision of a document: the next key most likely goes on there."""

    document: TextDocument
    revision: int
    at: Position
    left: Left


@dataclass(slots=True)
class Suggestions:
    """The latest first: what was of use at the last key is most likely of use at this one."""

    kept: list[Suggestion] = field(default_factory=list[Suggestion])
    _followed: _Followed | None = None

    def keep(self, suggestion: Suggestion) -> None:
        """Remember a suggestion, and forget the one of longest ago where there are too many.

        It takes the place of what had come of the same answer before.
        """
        self.forget(suggestion.trace_id)
        self.kept.insert(0, suggestion)
        del self.kept[MOST_KEPT:]

    def edited(self, document: TextDocument, edit: Edit) -> None:
        """Follow the text: suggestions move when lines come or go above them."""
        if edit.new_end.line != edit.end.line:
            self._followed = None
            for suggestion in self.kept:
                suggestion.anchor.shift(edit)
        elif self._followed is not None:
            self._followed = _typed_on(self._followed, document, edit)

    def left(self, document: TextDocument, at: Position, deleted: str = "") -> Left | None:
        """What is left at `at` of the suggestion that fits best: the one that was followed longest.

        What the person asked for comes before what came by itself.

        Args:
            document: the live text.
            at: the cursor.
            deleted: what the person just deleted there; it is not suggested again.
        """
        followed = self._followed
        if (
            followed is not None
            and followed.revision == document.revision
            and followed.at == at
            and followed.document is document
            and not deleted
        ):
            return followed.left
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
        self._followed = None
        if best is not None and not deleted and not self._may_outrank(best.suggestion):
            self._followed = _Followed(document, document.revision, at, best)
        return best

    def _may_outrank(self, best: Suggestion) -> bool:
        """Whether one that does not fit now would be chosen instead if it fitted after the next key.

        What is typed next may only make one fit that begins right there, and was followed for nothing.
        """
        return not best.asked and any(one.asked for one in self.kept)

    def forget(self, trace_id: str) -> None:
        """Forget what one request brought: it was accepted or dismissed."""
        self._followed = None
        self.kept = [one for one in self.kept if one.trace_id != trace_id]

    def clear(self) -> None:
        """Forget everything."""
        self._followed = None
        self.kept.clear()


def _typed_on(followed: _Followed, document: TextDocument, edit: Edit) -> _Followed | None:
    """What is left after an edit that put text in at the cursor and left the rest of the document alone.

    None for any other edit, and where the suggestion does not go on like that. Neither the lines
    around the cursor nor what stands behind it need to be looked at: they are what they were.
    """
    at, to = followed.at, edit.new_end
    if (
        followed.document is not document
        or followed.revision + 1 != document.revision
        or edit.end != at
        or edit.start != at
        or to.character == at.character
    ):
        return None
    typed = document.lines[at.line][at.character : to.character]
    texts = remaining(followed.left.texts, typed)
    if not texts:
        return None
    left = Left(followed.left.suggestion, texts, followed.left.typed + len(typed))
    return _Followed(document, document.revision, to, left)


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
