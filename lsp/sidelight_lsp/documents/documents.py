"""The open documents of one session, kept in step by didOpen, didChange and didClose, and bounded."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

from ..wire.encoding import PositionEncoding
from ..wire.plain import OBJECT, find, mapping, sequence, text, whole
from .document import Edit, TextDocument

log = logging.getLogger("sidelight.lsp")

MAX_CHARACTERS = 64 * 1024 * 1024
"""What one session may hold in all its documents; a document beyond it is not followed."""

Listener = Callable[[TextDocument, "Edit | None"], None]
"""Told of every edit; None stands for a new text: opened, replaced or forgotten."""


class Documents:
    """Documents by uri. A document that cannot be followed is forgotten, never guessed."""

    def __init__(self) -> None:
        self.encoding = PositionEncoding.UTF16
        self._documents: dict[str, TextDocument] = {}
        self._characters = 0
        self._listeners: list[Listener] = []
        self._told_of_texts: list[Callable[[TextDocument], None]] = []

    def __iter__(self) -> Iterator[TextDocument]:
        return iter(self._documents.values())

    def get(self, uri: str | None) -> TextDocument | None:
        """The open document, or None."""
        return self._documents.get(uri) if uri is not None else None

    def listen(self, listener: Listener) -> None:
        """Call `listener` after every edit, also when a document was opened and when it is forgotten."""
        self._listeners.append(listener)

    def listen_to_texts(self, listener: Callable[[TextDocument], None]) -> None:
        """Call `listener` after a document was opened, replaced or forgotten: not at each key."""
        self._told_of_texts.append(listener)

    def did_open(self, params: Any) -> None:
        """Handle `textDocument/didOpen`; opening twice replaces."""
        uri, content = (
            text(find(params, "textDocument", "uri")),
            find(params, "textDocument", "text"),
        )
        if uri is None or not isinstance(content, str):
            log.warning("a didOpen without uri or text was ignored")
            return
        self.forget(uri)
        if self._characters + len(content) > MAX_CHARACTERS:
            log.info("a document of %d characters is too large to follow", len(content))
            return
        self._documents[uri] = document = TextDocument(
            uri,
            text(find(params, "textDocument", "languageId")) or "plaintext",
            whole(find(params, "textDocument", "version")) or 0,
            content,
            self.encoding,
        )
        self._characters += document.size
        self._tell(document, None)

    def did_change(self, params: Any) -> TextDocument | None:
        """Handle `textDocument/didChange`; the document when it is still followed."""
        params = mapping(params)
        identifier = mapping(params.get("textDocument"))
        uri = identifier.get("uri")
        document = self._documents.get(uri) if isinstance(uri, str) else None
        if document is None:
            return None
        before, understood = document.size, True
        for change in sequence(params.get("contentChanges")):
            if not self._apply(document, change):
                understood = False
                break
        self._characters += document.size - before
        if not understood:
            log.warning("a document was forgotten: one of its changes could not be read")
        if not understood or self._characters > MAX_CHARACTERS:
            self.forget(document.uri)
            return None
        version = identifier.get("version")
        if type(version) is int:  # True and false are none.
            document.version = version or document.version
        return document

    def did_close(self, params: Any) -> None:
        """Handle `textDocument/didClose`."""
        self.forget(text(find(params, "textDocument", "uri")))

    def forget(self, uri: str | None) -> None:
        """Give a document's memory back."""
        document = self._documents.pop(uri, None) if uri is not None else None
        if document is not None:
            self._characters -= document.size
            self._tell(document, None)

    def forget_all(self) -> None:
        """A message was lost; it may have been an edit, so no document can be trusted any more."""
        for uri in list(self._documents):
            self.forget(uri)

    def _apply(self, document: TextDocument, change: Any) -> bool:
        if not isinstance(change, OBJECT):
            return False
        content, place = change.get("text"), change.get("range")
        if not isinstance(content, str):
            return False
        if place is None:
            document.replace_all(content)
            self._tell(document, None)
            return True
        place = mapping(place)
        asked_start, asked_end = place.get("start"), place.get("end")
        start = document.position(asked_start)
        # Typing replaces nothing: its two ends are one place, which is looked up once.
        end = start if asked_start == asked_end else document.position(asked_end)
        if start is None or end is None:
            return False
        self._tell(document, document.replace(start, end, content))
        return True

    def _tell(self, document: TextDocument, edit: Edit | None) -> None:
        for listener in self._listeners:
            listener(document, edit)
        if edit is None:
            for told in self._told_of_texts:
                told(document)
