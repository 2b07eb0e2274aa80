"""What became of a suggestion, told from the edits alone: accepted, in part, typed over, dismissed.

Most editors never say what a person did with a ghost text: LSP4IJ and Helix ignore the item's
command. The document says it all the same. A pure reducer; it neither waits nor counts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import assert_never

from sidelight_client.api import PAIRS, QUOTES, Position

from ..completing.answers import Answer
from ..completing.through import CLOSERS, unix
from ..documents.document import Edit, TextDocument

_PAIRED = frozenset({opened + closed for closed, opened in PAIRS.items()} | {q + q for q in QUOTES})
"""What one key puts in where an editor closes brackets and quotes by itself."""


@dataclass(slots=True)
class Offer:
    """A suggestion that an editor shows.

    It is never changed, only replaced. It is not frozen because one is made at each key, and a frozen
    one takes several times as long to make.

    Attributes:
        at: where it begins in the live document, in code points.
        head: what stands before it on its line.
        rest: what stood behind it on its line when it was shown.
        after: what is to stand behind it there once it is in place.
        texts: what would be put in, with LF line ends; an editor shows one of them.
        placed: how many characters of it are in place by now, whoever put them there.
    """

    trace_id: str
    at: Position
    head: str
    rest: str
    after: str
    texts: tuple[str, ...]
    placed: int = 0


@dataclass(frozen=True, slots=True)
class Accepted:
    """The whole of it is in place, and the last of that was put in at once."""

    trace_id: str
    characters: int


@dataclass(frozen=True, slots=True)
class PartlyAccepted:
    """A word or a line of it was put in at once; `characters` of it are in place by now."""

    trace_id: str
    characters: int


@dataclass(frozen=True, slots=True)
class TypedOver:
    """The person typed it to its end, key by key."""

    trace_id: str
    characters: int


@dataclass(frozen=True, slots=True)
class Dismissed:
    """The person typed something else or went somewhere else, with `characters` of it in place."""

    trace_id: str
    characters: int


Verdict = Accepted | PartlyAccepted | TypedOver | Dismissed


@dataclass(frozen=True, slots=True)
class Edited:
    """The document is now as `document` says; `edit` is None where its whole text was sent anew.

    Attributes:
        most_typed: how many characters of typing this editor may send as one edit.
    """

    document: TextDocument
    edit: Edit | None
    most_typed: int = 1


@dataclass(frozen=True, slots=True)
class Asked:
    """The editor asks for a suggestion at `at`, so that is where the cursor is."""

    document: TextDocument
    at: Position
    most_typed: int = 1


Event = Edited | Asked


def offer_of(at: Position, line: str, answers: list[Answer], trace_id: str) -> Offer | None:
    """What an editor shows that was given `answers` for the cursor `at` in `line`."""
    if not answers:
        return None
    end = answers[0].end
    texts = tuple(one.text[at.character - one.start :] for one in answers if one.end == end)
    head, rest = line[: at.character], line[at.character :]
    return Offer(trace_id, at, head, rest, line[end:], texts)


def gone_on(offer: Offer, new: Offer, document: TextDocument) -> Offer:
    """`offer` after the editor was given `new` of the same request, where the cursor is by now.

    That may be more than it showed before, or fewer alternatives.
    """
    placed = unix(document.text(offer.at, new.at))
    if not any(text.startswith(placed) for text in offer.texts):
        return offer
    texts = tuple(placed + text for text in new.texts)
    if texts == offer.texts and new.after == offer.after:
        return offer
    return replace(offer, texts=texts, after=new.after)


def typed_on(offer: Offer, document: TextDocument, cursor: Position) -> int | None:
    """How many characters of the offer are in place where it is the only one, and nothing is behind it.

    That is what typing along a suggestion at the end of a line leads to, key by key, and told by one
    look at that line. None where more must be looked at, or where all of it is in place.
    """
    at, text = offer.at, offer.texts[0]
    placed = cursor.character - at.character
    if (
        cursor.line != at.line
        or not 0 <= placed < len(text)
        or len(offer.texts) > 1
        or text[placed] in "\r\n"
        or document.line(at.line) != offer.head + text[:placed]
        or offer.rest.strip(CLOSERS)
    ):
        return None
    return placed


def still_shows(offer: Offer, at: Position, line: str, answers: list[Answer]) -> bool:
    """Whether `answers` for the cursor `at` in `line` are what is left of the offer, and nothing else."""
    if len(answers) != 1 or len(offer.texts) != 1:
        return False
    new, placed = answers[0], at.character - offer.at.character
    return (
        at.line == offer.at.line
        and placed == offer.placed
        and new.text[at.character - new.start :] == offer.texts[0][placed:]
        and line[new.end :] == offer.after
    )


def in_place(offer: Offer, verdict: Verdict, document: TextDocument) -> str:
    """What of the offer stands in the document after `verdict`, of the alternative that was taken."""
    for text in offer.texts:
        placed = text[: verdict.characters]
        rows, last = placed.count("\n"), placed.rsplit("\n", 1)[-1]
        column = len(last) if rows else offer.at.character + len(last)
        if unix(document.text(offer.at, Position(offer.at.line + rows, column))) == placed:
            return placed
    return ""


def reduce(offer: Offer, event: Event) -> tuple[Offer | None, Verdict | None]:
    """What is still shown after `event`, and what became of it, if anything did."""
    match event:
        case Edited(document, None, most_typed):
            whole = _whole(offer, document)
            if whole is None:
                return offer, None  # Where the cursor is, only the next ask will tell.
            return _ended(offer, whole, whole[offer.placed :], most_typed)
        case Edited(document, edit, most_typed):
            assert edit is not None
            return _edited(offer, document, edit, most_typed)
        case Asked(document, at, most_typed):
            placed = _placed(offer, document, at)
            if placed is None:
                return None, Dismissed(offer.trace_id, offer.placed)
            return _advanced(offer, placed, placed[offer.placed :], most_typed)
        case _:
            assert_never(event)


def _edited(
    offer: Offer, document: TextDocument, edit: Edit, most_typed: int
) -> tuple[Offer | None, Verdict | None]:
    put_in = edit.new_end.character - edit.start.character
    if edit.start.line == edit.new_end.line and 0 <= put_in <= 1:
        typed = typed_on(offer, document, edit.new_end)
        if typed is not None:
            return _with_placed(offer, typed), None
    if edit.end.line < offer.at.line:
        row = offer.at.line + edit.new_end.line - edit.end.line
        return replace(offer, at=replace(offer.at, line=row)), None
    if edit.start.line > offer.at.line + max(_rows(offer)):
        return offer, None  # Another cursor, or a formatter, further below.
    inserted = unix(document.text(edit.start, edit.new_end))
    whole = _whole(offer, document)
    if whole is not None:
        return _ended(offer, whole, inserted, most_typed)
    placed = _placed(offer, document, edit.new_end)
    if placed is None:
        return None, Dismissed(offer.trace_id, offer.placed)
    return _advanced(offer, placed, inserted, most_typed)


def _ended(
    offer: Offer, whole: str, inserted: str, most_typed: int
) -> tuple[None, Accepted | TypedOver]:
    # All of a short suggestion in one edit was no typing either, if none of it was typed before.
    short = offer.placed == 0 and 1 < len(whole) <= len(inserted) and inserted not in _PAIRED
    new = len(whole) - offer.placed
    if short or _at_once(inserted, new, most_typed):
        return None, Accepted(offer.trace_id, len(whole))
    return None, TypedOver(offer.trace_id, len(whole))


def _advanced(
    offer: Offer, placed: str, inserted: str, most_typed: int
) -> tuple[Offer | None, Verdict | None]:
    if placed in offer.texts:
        return _ended(
            offer, placed, inserted, most_typed
        )  # Closers of the editor's stand behind it.
    now = _with_placed(offer, len(placed))
    if _at_once(inserted, len(placed) - offer.placed, most_typed):
        return now, PartlyAccepted(offer.trace_id, len(placed))
    return now, None


def _with_placed(offer: Offer, placed: int) -> Offer:
    if placed == offer.placed:
        return offer
    # Written out: this is made at each key, and `replace` looks at every field three times.
    at, head, rest, after = offer.at, offer.head, offer.rest, offer.after
    return Offer(offer.trace_id, at, head, rest, after, offer.texts, placed)


def _at_once(inserted: str, new: int, most_typed: int) -> bool:
    """Whether no key typed this: a key brings one character, a pair, or a line end with its indent."""
    typed = inserted in _PAIRED or not inserted.strip()
    return min(len(inserted), new) > most_typed and not typed


def _rows(offer: Offer) -> list[int]:
    """Within which row of the offer the cursor may be, by what is in place of each text."""
    return [text[: offer.placed].count("\n") for text in offer.texts]


def _whole(offer: Offer, document: TextDocument) -> str | None:
    """The text of the offer that stands in the document as if it had been accepted."""
    if document.line(offer.at.line)[: offer.at.character] != offer.head:
        return None
    for text in offer.texts:
        rows, last = text.count("\n"), text.rsplit("\n", 1)[-1]
        column = len(last) if rows else offer.at.character + len(last)
        end = Position(offer.at.line + rows, column)
        same = unix(document.text(offer.at, end)) == text
        if same and document.line(end.line)[column:] == offer.after:
            return text
    return None


def _placed(offer: Offer, document: TextDocument, cursor: Position) -> str | None:
    """What stands in the document of the offer up to the cursor; None when something else does.

    An edit may end behind the cursor, with the closers that an editor adds by itself.
    """
    if cursor < offer.at or document.line(offer.at.line)[: offer.at.character] != offer.head:
        return None
    between = unix(document.text(offer.at, cursor))
    behind = document.line(cursor.line)[cursor.character :]
    for text in offer.texts:
        placed = _common(text, between)
        added = between[len(placed) :]
        if added.strip(CLOSERS):
            continue
        if (added + behind).lstrip(CLOSERS) == offer.rest.lstrip(CLOSERS):
            return placed
    return None


def _common(one: str, other: str) -> str:
    """What both begin with."""
    if one.startswith(other):
        return other  # As long as nothing else is typed.
    length = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        length += 1
    return one[:length]
