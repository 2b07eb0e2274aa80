"""Typed-through reuse: what is left of a suggestion, or of a request in flight, while the user types.

Keeping a request in flight and trimming its answer by what was typed meanwhile shows more right
suggestions with fewer requests than cancelling at each key, whatever the debounce.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sidelight_client.api import PartKind, Position, Source, Tier, Window

from ..documents.document import Edit, TextDocument

CLOSERS = ")]}>\"'`:;, \t"
"""What editors put behind the cursor by themselves, or take away when it is typed over."""

MAX_LINES_TYPED = 50
"""A cursor further below the place of a request was moved there; nobody typed that much."""

LINES_ABOVE = 12
"""So many lines above the cursor must stand as they did. What is further up may change under a
suggestion: an import that an editor adds at the top of the file does not make it wrong."""

CLOSER_SEARCHED = 400
"""In so many characters behind the cursor the next line is looked for."""

LINES_BELOW = 2
LINES_SEARCHED = 6
"""Lines below the cursor that make the key of a suggestion, and where they are looked for."""


@dataclass(eq=False, slots=True)
class Anchor:
    """The text around the cursor when a suggestion was asked for.

    Attributes:
        start: where `before` begins in the live document; `shift` keeps it so.
        at: the cursor, likewise.
        before: the text from `start` to `at`, of the cursor's line and the `LINES_ABOVE` it.
        after: the rest of the cursor's line.
        below: the next lines that hold more than closers, as `below` reads them.
        closer: the next line that is not blank, where it holds nothing but closers; else empty.
        head: what of `before` stands on the cursor's line, from the column `head_column` on.
    """

    start: Position
    at: Position
    before: str
    after: str
    below: tuple[str, ...] = ()
    closer: str = ""
    head: str = field(init=False)
    head_column: int = field(init=False)

    def __post_init__(self) -> None:
        cut = max(self.before.rfind("\n"), self.before.rfind("\r")) + 1
        self.head = self.before[cut:]
        self.head_column = 0 if cut else self.start.character

    def shift(self, edit: Edit) -> None:
        """Follow the text when lines come or go above it."""
        rows = edit.new_end.line - edit.end.line
        if rows and edit.end.line < self.start.line:
            self.start = replace(self.start, line=self.start.line + rows)
            self.at = replace(self.at, line=self.at.line + rows)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a request brought: texts that continue at its anchor, of which the first is the best.

    Attributes:
        asked: the person asked for it, and so for what there is beside the first text as well.
        shown_early: its first lines were shown before the rest was there.
    """

    anchor: Anchor
    texts: tuple[str, ...]
    trace_id: str
    source: Source
    tier: Tier
    asked: bool = False
    shown_early: bool = False


def anchor_of(window: Window, after: str, below: tuple[str, ...] = ()) -> Anchor:
    """The anchor of a request for `window`; `after` is the rest of the cursor's line."""
    prefix = next(part for part in reversed(window.parts) if part.kind is PartKind.PREFIX)
    start, before = prefix.range.start, prefix.text
    cut = len(before)
    for _ in range(LINES_ABOVE + 1):
        cut = before.rfind("\n", 0, cut)
        if cut < 0:
            break
    if cut >= 0:
        before = before[cut + 1 :]
        start = Position(prefix.range.end.line - LINES_ABOVE, 0)
    closer = closer_in(unix(window.suffix[:CLOSER_SEARCHED]).split("\n")[1:])
    return Anchor(start, prefix.range.end, before, after, below, closer)


def closer_in(lines: Sequence[str]) -> str:
    """The first of some lines that is not blank, where it holds nothing but closers; else nothing."""
    line = next((line for line in lines if line.strip()), "").rstrip()
    return "" if line.strip(CLOSERS) else line


def below(document: TextDocument, row: int) -> tuple[str, ...]:
    """The first lines below `row` that hold more than closers and blanks, without them.

    Blank lines and closers come and go while a block is typed; what they stand before does not.
    """
    found: list[str] = []
    for line in document.lines[row + 1 : row + 1 + LINES_SEARCHED]:
        if text := line.strip().strip(CLOSERS):
            found.append(text)
            if len(found) == LINES_BELOW:
                break
    return tuple(found)


def typed_at(anchor: Anchor, document: TextDocument, at: Position) -> str | None:
    """What was typed at the anchor up to the cursor `at`, or None when the text has diverged."""
    row, lines = anchor.at.line, document.lines
    if at.line < row or at.line > row + MAX_LINES_TYPED or row >= len(lines):
        return None
    # The cheapest question first: of most suggestions kept the cursor's line reads differently now.
    if not lines[row].startswith(anchor.head, anchor.head_column):
        return None
    if at.line == row and at.character < anchor.at.character:
        return None
    after = document.line(at.line)[at.character :]
    if not _same_after(anchor, after):
        return None
    typed = typed_since(anchor, document.text(anchor.start, at), after)
    if typed is None or below(document, at.line)[: len(anchor.below)] != anchor.below:
        return None
    return typed


def _same_after(anchor: Anchor, after: str) -> bool:
    """Whether the rest of the cursor's line is what it was, but for closers at its beginning."""
    return after == anchor.after or after.lstrip(CLOSERS) == anchor.after.lstrip(CLOSERS)


def diverged(anchor: Anchor, document: TextDocument) -> bool:
    """Whether the text before the anchor is no longer what was sent."""
    return document.text(anchor.start, anchor.at) != anchor.before


def typed_since(anchor: Anchor, before: str, after: str) -> str | None:
    """What was typed at the anchor since, or None when the text has diverged.

    Args:
        anchor: the text when it was asked.
        before: the text from `anchor.start` to the cursor as it is now.
        after: the rest of the cursor's line as it is now. Closers at its beginning do not count:
            typing "(" makes editors insert ")", and typing ")" steps over it.
    """
    if not before.startswith(anchor.before) or not _same_after(anchor, after):
        return None
    return unix(before[len(anchor.before) :])


def remaining(texts: tuple[str, ...], typed: str) -> tuple[str, ...]:
    """What is left of each text that continues `typed`; texts that do not are left out."""
    length = len(typed)
    return tuple([text[length:] for text in texts if text.startswith(typed) and len(text) > length])


def unix(text: str) -> str:
    """`text` with LF line ends, as suggestions are compared; editors insert their own."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
