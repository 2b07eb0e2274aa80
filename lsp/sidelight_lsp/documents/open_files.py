"""What the open documents offer as context: pieces and definitions, read little by little and bounded.

No request reads more than `LINES_A_TIME` lines for it, and nothing is read while nobody asks.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sidelight_client.api import CHUNK_LINES, Chunk, PartKind, Why, chunk_of, defined, rows_around

from .document import TextDocument
from .documents import Documents

LINES_A_TIME = 256
"""About a millisecond of reading."""
MOST_DOCUMENTS = 16
"""The latest ones a person looked at; older tabs say little about what is being written."""
MOST_CHUNKS = 12
"""A document; around the place the person last was in it."""
MOST_SYMBOLS = 400
SYMBOL_LINES = 2_000
"""How far into a document definitions are looked for."""


@dataclass(slots=True)
class OpenFile:
    """What was read of one document.

    Attributes:
        revision: of the document that was read; another one makes all of it void.
        visited: the row of the last request in it.
        symbols: the names it defines, with their rows.
    """

    revision: int
    visited: int = 0
    next_chunk: int = 0
    last_chunk: int = 0
    chunks: list[Chunk] = field(default_factory=list[Chunk])
    next_symbol: int = 0
    symbols: dict[str, int] = field(default_factory=dict[str, int])


class OpenFiles:
    """The index of one session; a document's share of it goes when the document is closed."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._files: dict[str, OpenFile] = {}
        self._order: list[str] = []

    def visited(self, uri: str, row: int) -> None:
        """The person is at `row` of the document."""
        known = self._files.get(uri)
        if known is not None:
            known.visited = row
        if self._order and self._order[-1] == uri:
            return
        self.opened(uri)

    def opened(self, uri: str) -> None:
        """The document is the latest the person looked at."""
        if uri in self._order:
            self._order.remove(uri)
        self._order.append(uri)
        for old in self._order[: -MOST_DOCUMENTS - 1]:
            self._files.pop(old, None)

    def forget(self, uri: str) -> None:
        """Give the memory back."""
        self._files.pop(uri, None)
        if uri in self._order:
            self._order.remove(uri)

    def others(self, uri: str) -> list[TextDocument]:
        """The other open documents, the latest first; the first `MOST_DOCUMENTS` may be read."""
        found = (self._documents.get(other) for other in reversed(self._order) if other != uri)
        return [document for document in found if document is not None]

    def read(self, documents: list[TextDocument]) -> bool:
        """Read on in `documents`; whether there is anything new."""
        left = LINES_A_TIME
        for document in documents[:MOST_DOCUMENTS]:
            left -= self._read(document, left)
            if left <= 0:
                return True
        return left < LINES_A_TIME

    def chunks(self, document: TextDocument, age: int) -> list[Chunk]:
        """The pieces of a document that were read and still are in it."""
        known = self._files.get(document.uri)
        if known is None or known.revision != document.revision:
            return []
        return [Chunk(c.kind, c.uri, c.range, c.text, c.why, c.words, age) for c in known.chunks]

    def symbol(self, document: TextDocument, name: str) -> int | None:
        """The row in which a document defines `name`, if that was read."""
        known = self._files.get(document.uri)
        if known is None or known.revision != document.revision:
            return None
        return known.symbols.get(name)

    def _read(self, document: TextDocument, most: int) -> int:
        """Read at most about `most` lines of one document; how many were."""
        known = self._files.get(document.uri)
        if known is None or known.revision != document.revision:
            known = self._begun(document, known)
        read = 0
        while known.next_chunk < known.last_chunk and read < most:
            read += self._read_chunk(document, known)
        lines = document.lines
        last = min(len(lines), SYMBOL_LINES, known.next_symbol + most - read)
        for row in range(known.next_symbol, last):
            name = defined(lines[row], document.language)
            if name is not None and len(known.symbols) < MOST_SYMBOLS:
                known.symbols.setdefault(name, row)
        read += max(last - known.next_symbol, 0)
        known.next_symbol = max(last, known.next_symbol)
        return read

    def _begun(self, document: TextDocument, before: OpenFile | None) -> OpenFile:
        visited = before.visited if before is not None else 0
        first, _ = rows_around(document.lines, visited - MOST_CHUNKS * CHUNK_LINES // 2)
        last = min(first + MOST_CHUNKS * CHUNK_LINES, len(document.lines))
        known = OpenFile(document.revision, visited, first, last)
        self._files[document.uri] = known
        return known

    @staticmethod
    def _read_chunk(document: TextDocument, known: OpenFile) -> int:
        first = known.next_chunk
        _, last = rows_around(document.lines, first)
        last = max(last, first + 1)
        chunk = chunk_of(document.lines, (first, last), document.uri, PartKind.TAB, Why.SIMILAR)
        if chunk is not None:
            known.chunks.append(chunk)
        known.next_chunk = last
        return last - first
