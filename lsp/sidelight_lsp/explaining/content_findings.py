"""What the content rules find in the open documents, searched little by little, and shown quietly.

A finding on the line that is being typed appears when the line is left or asked about. Only a
change of what is shown is told: editors move what they show by themselves. Edits are looked at a
moment later, several at a time, and at once when anybody asks. What is about to be sent is searched
by the broker, whatever is known here.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from sidelight_client.api import (
    Answer,
    Broker,
    ContentFinding,
    ContentPlace,
    ContentPreview,
    Position,
    ScanState,
    Snapshot,
)

from ..documents.document import Edit, TextDocument
from ..documents.documents import Documents
from ..documents.touched_rows import TouchedRows

LOOK_AFTER_S = 0.1
"""How long an edit waits to be looked at: a key must not, and nobody sees the difference."""

ROWS_COMPARED = 256
"""Where more rows were edited, all that is shown is gone through instead."""

MAX_SHOWN = 100
"""A document; whoever has more of them has one problem, not a hundred."""

Key = tuple[str, str, str, str]
"""What makes a finding the same after an edit elsewhere: its rule, its sample, and what is said of it."""


@dataclass(slots=True)
class _Searched:
    """One document while it is open.

    Attributes:
        rows: how many lines it has.
        typing: the line being typed, on which nothing new appears.
        left: whether a line that was typed on was left since it was looked at last.
        touched: what was edited since then.
        shown: what the editor was told.
    """

    preview: ContentPreview
    place: ContentPlace
    state: ScanState
    rows: int
    typing: int | None = None
    left: bool = False
    touched: TouchedRows | None = None
    shown: Counter[Key] = field(default_factory=Counter[Key])


class ContentFindings:
    """The findings of one session; a document's memory is given back when it is closed."""

    def __init__(
        self, broker: Broker, documents: Documents, changed: Callable[[str], None]
    ) -> None:
        self._broker = broker
        self._documents = documents
        self._changed = changed
        self._searched: dict[str, _Searched] = {}
        self._looking: asyncio.Task[None] | None = None
        self._pumping: asyncio.Handle | None = None
        self._checking: asyncio.Handle | None = None
        self._unsubscribe: Callable[[], None] | None = None
        documents.listen(self._edited)

    def start(self) -> None:
        """Follow the rules and the marks, until `stop`."""
        if self._unsubscribe is None:
            self._unsubscribe = self._broker.subscribe(self._something_changed)
            self._check()

    def stop(self) -> None:
        """Give everything back."""
        if self._unsubscribe is not None:
            self._unsubscribe()
        for under_way in (self._looking, self._pumping, self._checking):
            if under_way is not None:
                under_way.cancel()
        self._unsubscribe = self._looking = self._pumping = self._checking = None
        self._searched.clear()

    def of(self, uri: str) -> list[ContentFinding]:
        """What is shown of a document now."""
        searched = self._searched.get(uri)
        if searched is None:
            return []
        if self._caught_up(uri, searched):
            searched.shown = self._to_show(searched)  # Whoever asks is told by the answer.
        left = searched.shown.copy()
        found: list[ContentFinding] = []
        for finding in searched.state.findings():
            if left[_key(finding)] > 0:
                left[_key(finding)] -= 1
                found.append(finding)
        return found

    def at(self, uri: str, start: Position, end: Position) -> list[ContentFinding]:
        """What is found between two places; whoever asks sees it although they are typing there."""
        searched = self._seen(uri)
        if searched is None:
            return []
        if searched.typing is not None and start.line <= searched.typing <= end.line:
            self.left(uri)
        rows = range(start.line, min(end.line, start.line + MAX_SHOWN) + 1)
        found = (finding for row in rows for finding in searched.state.at(row))
        return [f for f in found if f.range.start <= end and start <= f.range.end]

    def left(self, uri: str, line: int | None = None) -> None:
        """The line being typed was left, was saved, or is asked about; `line` is where one is now."""
        searched = self._seen(uri)
        if searched is not None and searched.typing is not None and searched.typing != line:
            searched.typing = None
            self._show(uri, searched)

    def complete(self, uri: str) -> bool:
        """Whether all of a document was looked at with every rule; if not, nothing means nothing."""
        searched = self._seen(uri)
        return searched is not None and searched.state.complete

    def _edited(self, document: TextDocument, edit: Edit | None) -> None:
        searched = self._searched.get(document.uri)
        if edit is None or searched is None:
            self._begin(document)
            return
        row, rows = edit.new_end.line, len(document.lines)
        if (
            row == searched.typing == edit.start.line == edit.end.line
            and rows == searched.rows
            and searched.touched is not None
            and self._looking is not None
        ):
            return  # Typed on in a line that is to be looked at anyway.
        # The document may have joined a bare CR of the row above with the text: that row counts too.
        first = max(edit.start.line - 1, 0)
        removed = edit.end.line - first + 1
        inserted = removed + rows - searched.rows
        searched.rows = rows
        if searched.touched is None:
            searched.touched = TouchedRows(first, removed, inserted)
        else:
            searched.touched.take_in(first, removed, inserted)
        if row != searched.typing:
            searched.left = searched.left or searched.typing is not None
            searched.typing = row
        if self._looking is None:
            self._looking = asyncio.get_running_loop().create_task(self._look_later())

    async def _look_later(self) -> None:
        """Look at what was edited, and tell. No timer runs while nobody edits."""
        await self._broker.clock.sleep(LOOK_AFTER_S)
        self._looking = None
        for uri, searched in list(self._searched.items()):
            if self._caught_up(uri, searched):
                self._show(uri, searched)

    def _seen(self, uri: str) -> _Searched | None:
        """What is known of a document as it stands now; the editor is told if that is news."""
        searched = self._searched.get(uri)
        if searched is not None and self._caught_up(uri, searched):
            self._show(uri, searched)
        return searched

    def _caught_up(self, uri: str, searched: _Searched) -> bool:
        """Search what was edited; whether what is to be shown may be something else now."""
        document, touched = self._documents.get(uri), searched.touched
        if document is None or touched is None:
            return False
        searched.touched = None
        state, first, had, has = searched.state, touched.first, True, True
        few = touched.removed + touched.inserted <= ROWS_COMPARED
        before = max(first - searched.preview.matcher.reach, 0)
        if few:
            had = any(map(state.at, range(before, first + touched.removed)))
        state.edit(document.lines, first, touched.removed, touched.inserted)
        if few:
            has = any(map(state.at, range(before, first + touched.inserted)))
        left, searched.left = searched.left, False
        if state.waiting:
            self._pump_soon()
            return False
        return had or has or left

    def _begin(self, document: TextDocument) -> None:
        before = self._searched.pop(document.uri, None)
        preview = self._broker.preview
        if self._documents.get(document.uri) is not document or preview is None:
            return
        place = self._broker.content_place(document.uri)
        state = preview.live(place)
        state.open(document.lines)
        shown = before.shown if before is not None else Counter[Key]()
        self._searched[document.uri] = _Searched(
            preview, place, state, len(document.lines), shown=shown
        )
        self._pump_soon()

    def _pump_soon(self) -> None:
        if self._pumping is None:
            self._pumping = asyncio.get_running_loop().call_soon(self._pump)

    def _pump(self) -> None:
        """One step of one document a turn of the loop: everybody else goes in between."""
        self._pumping = None
        for uri, searched in list(self._searched.items()):
            document = self._documents.get(uri)
            if document is None or not searched.state.waiting:
                continue
            self._caught_up(uri, searched)
            if searched.state.step(document.lines):
                self._pump_soon()
                return
            self._show(uri, searched)
        if any(searched.state.waiting for searched in self._searched.values()):
            self._pump_soon()

    def _show(self, uri: str, searched: _Searched) -> None:
        """Tell the editor if what is to be shown is another set than before."""
        shown = self._to_show(searched)
        if shown != searched.shown:
            searched.shown = shown
            self._changed(uri)

    @staticmethod
    def _to_show(searched: _Searched) -> Counter[Key]:
        there = Counter[Key]()
        typed = Counter[Key]()
        for finding in searched.state.findings():
            on_typed = finding.range.start.line == searched.typing
            (typed if on_typed else there)[_key(finding)] += 1
            if there.total() + typed.total() >= MAX_SHOWN:
                break
        # On the line being typed only what was shown before stays.
        return there + (typed & (searched.shown - there))

    def _something_changed(self, snapshot: Snapshot) -> None:
        del snapshot
        if self._checking is None:
            self._checking = asyncio.get_running_loop().call_soon(self._check)

    def _check(self) -> None:
        """Search again what the rules or the marks are others for."""
        self._checking = None
        preview = self._broker.preview
        for document in list(self._documents):
            searched = self._searched.get(document.uri)
            if (
                searched is None
                or searched.preview is not preview
                or searched.place != self._broker.content_place(document.uri)
            ):
                self._begin(document)


def would_stop(finding: ContentFinding) -> bool:
    """Whether the gateway is known to refuse text with it."""
    return finding.would_block is Answer.YES


def _key(finding: ContentFinding) -> Key:
    return finding.rule.id, finding.masked, finding.why.value, finding.would_block.value
