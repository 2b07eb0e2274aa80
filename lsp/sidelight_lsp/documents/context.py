"""The context of one session's requests: what goes into the window beside the text at the cursor.

Invariant: every piece is compared with the live document before it is sent, and nothing of a
document is sent without asking whether it may leave.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from sidelight_client.api import (
    Chunk,
    Completed,
    CutReason,
    Document,
    Neighbour,
    PartKind,
    Position,
    Range,
    Tier,
    TokenRates,
    Trigger,
    Unavailable,
    UnavailableReason,
    Why,
    Window,
    WindowLimits,
    WindowPace,
    assemble,
    byte_count,
    chunk_of,
    end_of,
    fingerprint,
    head_rows,
    kept_out,
    learn,
    limits_for,
    paced,
    rows_around,
    select,
    take,
)

from ..completing.asks import Landing
from .definitions import definitions
from .document import Edit, TextDocument
from .documents import Documents
from .open_files import MOST_DOCUMENTS, OpenFiles
from .recent_edits import RecentEdits

COMPARED = 1_500
"""Code points before the cursor that say what the person is working on."""


class Places(Protocol):
    """What the context asks the broker."""

    def document(self, uri: str, language: str) -> Document: ...

    def may_leave(self, uri: str, language: str) -> bool: ...


class Context:
    """Gathers context from the documents of one session."""

    def __init__(self, places: Places, documents: Documents) -> None:
        self._places = places
        self._documents = documents
        self._files = OpenFiles(documents)
        self._edits = RecentEdits()
        self._neighbours: list[Neighbour] = []
        self._considered: tuple[Document, int] | None = None
        self._chosen: tuple[Chunk, ...] = ()
        self._key: tuple[str, WindowLimits, Position, int] | None = None
        self._generation = 0
        self._active = ""
        self._paces: dict[Tier, WindowPace] = {}
        self.rates = TokenRates()
        """Bytes a token by language, as the gateway's counts taught it."""
        self.budget_chars = 0
        """How much text the latest window might have held."""
        documents.listen(self._edited)

    def window(
        self, document: TextDocument, at: Position, where: Document, tier: Tier, base: WindowLimits
    ) -> Window:
        """The window for a request at `at`.

        Args:
            document: the live document.
            at: the cursor.
            where: the document's place, as the broker knows it.
            tier: who will answer.
            base: what the settings allow the fast tier.
        """
        self._active = document.uri
        self._files.visited(document.uri, at.line)
        limits = limits_for(tier, base, self._paces.get(tier))
        self.budget_chars = limits.prefix + limits.suffix + limits.context
        around = take(document.lines, at, document.uri, limits)
        others = self._files.others(document.uri)
        if self._considered != (where, self._generation) or not self._may_leave(document.uri):
            self._considered = (where, self._generation)
            self._neighbours = self._look(where, others)
            self._key = None
        kept_in = {one.uri for one in self._neighbours if one.kept_out is None}
        allowed = [other for other in others if other.uri in kept_in]
        more = self._files.read(allowed)
        taken = _taken(around)
        key = (document.uri, limits, taken.start, self._generation)
        if more or key != self._key or not self._stands(taken, document.uri):
            self._key = key
            candidates = self._candidates(document, taken, allowed, limits)
            here = fingerprint(around.prefix[-COMPARED:])
            self._chosen = select(candidates, here, limits.context, self._chosen)
        return assemble(around, document.uri, document.lines, self._chosen, self._neighbours)

    def landed(self, landing: Landing) -> None:
        """Learn from how a request ended: bytes a token, and whether windows are too large.

        Who asks explicitly waits for longer, so that only requests of typing count for the size.
        """
        outcome, request = landing.outcome, landing.request
        target_s = float(landing.facts.get("deadline_ms") or 0) / 1000
        took_s = None
        if isinstance(outcome, Completed):
            took_s = outcome.timings.first_s or outcome.timings.gateway_s
            size = sum(byte_count(part.text) for part in request.window.parts)
            self.rates = learn(self.rates, request.document.language, size, outcome.tokens.prompt)
        elif isinstance(outcome, Unavailable) and outcome.reason is UnavailableReason.DEADLINE:
            took_s = 2 * target_s
        if took_s is not None and target_s and request.trigger is Trigger.AUTOMATIC:
            before = self._paces.get(request.tier, WindowPace())
            self._paces[request.tier] = paced(before, took_s, target_s)

    def _edited(self, document: TextDocument, edit: Edit | None) -> None:
        """Follow an edit. Costs nothing to speak of: the document being typed in is not read."""
        self._edits.edited(document, edit)
        if edit is None and self._documents.get(document.uri) is not document:
            self._files.forget(document.uri)
            self._chosen = tuple(one for one in self._chosen if one.uri != document.uri)
            self._neighbours, self._considered = [], None
        elif edit is None:
            self._files.opened(document.uri)
            self._generation += 1
        elif document.uri != self._active:
            self._generation += 1

    def _may_leave(self, uri: str) -> bool:
        """Whether all that was chosen may still be sent; the rules can change at any time."""
        return all(
            self._places.may_leave(other, document.language)
            for other in {chunk.uri for chunk in self._chosen} - {uri}
            if (document := self._documents.get(other)) is not None
        )

    def _look(self, where: Document, others: Sequence[TextDocument]) -> list[Neighbour]:
        found: list[Neighbour] = []
        for number, other in enumerate(others):
            if number >= MOST_DOCUMENTS:
                why: CutReason | None = CutReason.AGE
            else:
                there = self._places.document(other.uri, other.language)
                allowed = self._places.may_leave(other.uri, other.language)
                why = kept_out(where, there, allowed=allowed)
            found.append(Neighbour(other.uri, end_of(other.lines), why))
        return found

    def _candidates(
        self,
        document: TextDocument,
        taken: Range,
        allowed: Sequence[TextDocument],
        limits: WindowLimits,
    ) -> list[Chunk]:
        found = definitions(document, allowed, self._files)
        rows = head_rows(document.lines, taken.start.line, limits.context)
        found += _some(chunk_of(document.lines, rows, document.uri, PartKind.HEAD, Why.HEAD))
        texts = {other.uri: other for other in (document, *allowed)}
        for age, spot in enumerate(self._edits.spots):
            other = texts.get(spot.uri)
            if other is not None:
                found += _some(self._edited_chunk(other, spot.row, age))
        for age, other in enumerate(allowed):
            found += self._files.chunks(other, age)
        return [chunk for chunk in found if not chunk.overlaps(document.uri, taken)]

    @staticmethod
    def _edited_chunk(document: TextDocument, row: int, age: int) -> Chunk | None:
        rows = rows_around(document.lines, row)
        chunk = chunk_of(document.lines, rows, document.uri, PartKind.EDIT, Why.EDITED)
        return None if chunk is None else replace(chunk, age=age)

    def _stands(self, taken: Range, uri: str) -> bool:
        """Whether what was chosen is still what the documents say, and apart from what is taken."""
        for chunk in self._chosen:
            document = self._documents.get(chunk.uri)
            if document is None or not chunk.stands(document.lines):
                return False
            if chunk.overlaps(uri, taken):
                return False
        return True


def _taken(around: Window) -> Range:
    return Range(around.parts[0].range.start, around.parts[-1].range.end)


def _some(chunk: Chunk | None) -> list[Chunk]:
    return [] if chunk is None else [chunk]
