"""Hints about the context, each once a document: a large file, and that most of it was left out."""

from __future__ import annotations

from collections.abc import Callable

from sidelight_client.api import Message, Tier, mostly_cut, say

from ..documents.document import Edit, TextDocument
from ..documents.documents import Documents
from .silences import Story

LARGE_LINES = 20_000
"""Windows have a fixed size, so a large file is not slower; but little of it is ever read."""
TOLD_KEPT = 1_000


class ContextHints:
    """The hints of one session; the next edit takes one away, and it does not come back."""

    def __init__(self, documents: Documents, changed: Callable[[str], None]) -> None:
        self._documents = documents
        self._changed = changed
        self._hints: dict[str, Message] = {}
        self._told: set[tuple[str, str]] = set()
        documents.listen(self._edited)

    def of(self, uri: str) -> Message | None:
        """The hint of a document, for its first line."""
        return self._hints.get(uri)

    def landed(self, story: Story) -> None:
        """A request ended; only who asked for it explicitly is told what it could not know."""
        cut = mostly_cut(story.ledger, story.tier)
        if story.asked and cut is not None and story.tier is not Tier.HEAVY:
            self._tell(story.uri, cut)

    def _edited(self, document: TextDocument, edit: Edit | None) -> None:
        if edit is None and self._documents.get(document.uri) is document:
            lines = len(document.lines)
            if lines > LARGE_LINES:
                self._tell(document.uri, say("context.large_file", {"lines": f"{lines:,}"}))
        elif self._hints.pop(document.uri, None) is not None:
            self._changed(document.uri)

    def _tell(self, uri: str, message: Message) -> None:
        known = (uri, message.code)
        if known not in self._told and len(self._told) < TOLD_KEPT:
            self._told.add(known)
            self._hints[uri] = message
            self._changed(uri)
