"""What was objected to in the open documents, and where it stands now: edits move it or settle it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from sidelight_client.api import (
    Blocked,
    Completed,
    Finding,
    Message,
    PartKind,
    Position,
    Range,
    Window,
)

from ..completing.asks import Landing
from ..documents.document import Edit, TextDocument
from ..documents.documents import Documents

MAX_NOTICES = 100
"""Per document; a gateway that objects to more has made its point."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One finding, with the sentence that explains it. It never holds the matched text."""

    range: Range
    rule: str
    masked: str
    message: Message
    appeal_url: str
    trace_id: str


class Notices:
    """The notices of one session. `changed` is called with a uri whenever its set has changed."""

    def __init__(self, documents: Documents, changed: Callable[[str], None]) -> None:
        self._documents = documents
        self._changed = changed
        self._notices: dict[str, tuple[Notice, ...]] = {}
        self.latest: tuple[Message, str] | None = None
        """The explanation of the latest request that brought nothing, and its trace id."""
        documents.listen(self._edited)

    def of(self, uri: str) -> tuple[Notice, ...]:
        """The notices of a document, in the order of the text."""
        return self._notices.get(uri, ())

    def at(self, uri: str, start: Position, end: Position) -> tuple[Notice, ...]:
        """The notices that touch `start` to `end`."""
        return tuple(n for n in self.of(uri) if n.range.start <= end and start <= n.range.end)

    def explanation(self, trace_id: str) -> tuple[Message, str] | None:
        """The explanation of the request with this trace id, while it is still known."""
        if self.latest is not None and self.latest[1] == trace_id:
            return self.latest
        for notices in self._notices.values():
            for notice in notices:
                if notice.trace_id == trace_id:
                    return notice.message, trace_id
        return None

    def landed(self, landing: Landing) -> None:
        """Learn from how a request ended."""
        message = landing.explanation()
        if message is not None:
            self.latest = (message, landing.outcome.trace_id)
        if isinstance(landing.outcome, Blocked) and message is not None:
            for finding in landing.outcome.findings:
                self._add(landing, landing.outcome, finding, message)
        elif isinstance(landing.outcome, Completed):
            # The same text went through now, so nothing in it is objected to any more.
            inside = _covers(landing.request.window, landing.uri)
            self._keep(landing.uri, tuple(n for n in self.of(landing.uri) if not inside(n.range)))

    def _add(self, landing: Landing, blocked: Blocked, finding: Finding, message: Message) -> None:
        document = self._documents.get(finding.uri)
        if document is None or finding.range.empty or not _stands(document, landing, finding):
            return
        notice = Notice(
            finding.range,
            finding.rule,
            finding.masked,
            message,
            blocked.appeal_url,
            blocked.trace_id,
        )
        others = tuple(
            n for n in self.of(finding.uri) if (n.range, n.rule) != (notice.range, notice.rule)
        )
        merged = sorted((*others, notice), key=lambda n: (n.range.start, n.range.end, n.rule))
        self._keep(finding.uri, tuple(merged[:MAX_NOTICES]))

    def _edited(self, document: TextDocument, edit: Edit | None) -> None:
        before = self._notices.get(document.uri)
        if not before:
            return
        moved = tuple(
            replace(notice, range=place)
            for notice in before
            if edit is not None and (place := shifted(notice.range, edit)) is not None
        )
        if len(moved) == len(before):
            # Editors move what they show by themselves; only a change of the set is news.
            self._notices[document.uri] = moved
        else:
            self._keep(document.uri, moved)

    def _keep(self, uri: str, notices: tuple[Notice, ...]) -> None:
        if notices == self.of(uri):
            return
        if notices:
            self._notices[uri] = notices
        else:
            del self._notices[uri]
        self._changed(uri)


def shifted(place: Range, edit: Edit) -> Range | None:
    """Where `place` is after `edit`, or None when its text has changed."""
    if edit.start >= place.end:
        return place
    if edit.end > place.start:
        return None
    return Range(_moved(place.start, edit), _moved(place.end, edit))


def _moved(position: Position, edit: Edit) -> Position:
    line = position.line + edit.new_end.line - edit.end.line
    if position.line != edit.end.line:
        return Position(line, position.character)
    return Position(line, position.character + edit.new_end.character - edit.end.character)


def _stands(document: TextDocument, landing: Landing, finding: Finding) -> bool:
    """Whether a finding's place still holds the text that was sent.

    What lies before the cursor is the same as long as the request was not abandoned; what lies
    behind it is known to be the same only if nothing was typed meanwhile.
    """
    if document.uri != landing.uri or document.revision == landing.revision:
        return True
    parts = landing.request.window.parts
    return any(
        part.kind is PartKind.PREFIX and finding.range.end <= part.range.end for part in parts
    )


def _covers(window: Window, uri: str) -> Callable[[Range], bool]:
    sent = [part.range for part in window.parts if part.uri == uri]
    return lambda place: any(s.start <= place.start and place.end <= s.end for s in sent)
