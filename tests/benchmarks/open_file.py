"""A document as the editor has it: what is told to the server of each edit, whole or in part as it asked."""

from __future__ import annotations

from typing import Any

from sidelight_client.api import Position

from .driver import WHOLE, Driver, frame


class OpenFile:
    """One open document of one editor window. Columns are code points here, UTF-16 units on the wire."""

    def __init__(self, driver: Driver, uri: str, text: str, language: str = "python") -> None:
        self.uri = uri
        self._lines = text.split("\n")
        self._driver = driver
        self._version = 1
        driver.open(uri, text, language)

    def edited(self, begin: Position, end: Position, insert: str) -> bytes:
        """The didChange of an edit, to be written by the caller at its moment.

        Line by line: what an edit costs the driver must not grow with the file it measures.
        """
        self._version += 1
        span = {"start": place(self.on_the_wire(begin)), "end": place(self.on_the_wire(end))}
        first, last = self._lines[begin.line], self._lines[end.line]
        whole = first[: begin.character] + insert + last[end.character :]
        self._lines[begin.line : end.line + 1] = whole.split("\n")
        change: dict[str, Any] = {"range": span, "text": insert}
        if self._driver.sync == WHOLE:
            change = {"text": "\n".join(self._lines)}
        document = {"uri": self.uri, "version": self._version}
        return frame(
            {
                "jsonrpc": "2.0",
                "method": "textDocument/didChange",
                "params": {"textDocument": document, "contentChanges": [change]},
            }
        )

    def on_the_wire(self, at: Position) -> Position:
        """The same place, its column in UTF-16 code units."""
        before = self._lines[at.line][: at.character]
        if before.isascii():
            return at
        return Position(at.line, len(before.encode("utf-16-le")) // 2)


def place(at: Position) -> dict[str, int]:
    """A position as it is written on the wire."""
    return {"line": at.line, "character": at.character}
