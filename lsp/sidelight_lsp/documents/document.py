"""An open document as a list of lines: an edit costs what it changes, not what the file weighs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sidelight_client.api import Position, Range

from ..wire.encoding import PositionEncoding, column_of, holdable, units_of
from ..wire.plain import OBJECT


@dataclass(slots=True)
class Edit:
    """What an edit replaced (`start` to `end`) and where the new text ends.

    It is never changed. It is not frozen because one is made at each key, and a frozen one takes
    several times as long to make.
    """

    start: Position
    end: Position
    new_end: Position


class TextDocument:
    """The live text. Invariant: joining `lines` is the text; only the last line has no line end."""

    __slots__ = ("encoding", "language", "lines", "revision", "size", "uri", "version")

    def __init__(
        self,
        uri: str,
        language: str,
        version: int,
        text: str,
        encoding: PositionEncoding = PositionEncoding.UTF16,
    ) -> None:
        self.uri = uri
        self.language = language
        self.version = version
        self.encoding = encoding
        self.lines: list[str] = [""]
        self.size = 0
        self.revision = 0
        self.replace_all(text)

    def line(self, row: int) -> str:
        """The text of a line without its line end; empty for a line that does not exist."""
        return self.lines[row].rstrip("\r\n") if 0 <= row < len(self.lines) else ""

    def text(self, start: Position, end: Position) -> str:
        """The text from `start` to `end`, which may lie outside the document."""
        if start.line >= len(self.lines):
            return ""
        if start.line == end.line:
            return self.lines[start.line][start.character : end.character]
        if end < start:
            return ""
        last = self.lines[end.line][: end.character] if end.line < len(self.lines) else ""
        first = self.lines[start.line][start.character :]
        return first + "".join(self.lines[start.line + 1 : end.line]) + last

    def position(self, raw: Any) -> Position | None:
        """The place an LSP position means, clamped into the document; None if it is none.

        LSP 3.17: a character behind the end of its line means the end of the line.
        """
        if not isinstance(raw, OBJECT):
            return None
        line, character = raw.get("line"), raw.get("character")
        if type(line) is not int or type(character) is not int:  # True and false are none.
            return None
        if line < 0:
            return Position(0, 0)
        if line >= len(self.lines):
            last = len(self.lines) - 1
            return Position(last, len(self.lines[last]))
        row = self.lines[line]
        if character >= 0 and row.isascii():  # Each character is one unit.
            return Position(line, min(character, len(row.rstrip("\r\n"))))
        return Position(line, column_of(self.line(line), character, self.encoding))

    def lsp_position(self, position: Position) -> dict[str, int]:
        """`position` in the editor's units."""
        return {
            "line": position.line,
            "character": self.lsp_column(position.line, position.character),
        }

    def lsp_column(self, line: int, column: int) -> int:
        """A column of a line in the editor's units."""
        row = self.lines[line] if 0 <= line < len(self.lines) else ""
        if column >= 0 and row.isascii():
            return min(column, len(row.rstrip("\r\n")))
        return units_of(self.line(line), column, self.encoding)

    def lsp_range(self, place: Range) -> dict[str, dict[str, int]]:
        """`place` in the editor's units."""
        return {"start": self.lsp_position(place.start), "end": self.lsp_position(place.end)}

    def lsp_columns(self, line: int, start: int, end: int) -> dict[str, dict[str, int]]:
        """From column `start` to column `end` of a line in the editor's units."""
        first = self.lsp_column(line, start)
        last = first if end == start else self.lsp_column(line, end)
        return {
            "start": {"line": line, "character": first},
            "end": {"line": line, "character": last},
        }

    def replace(self, start: Position, end: Position, text: str) -> Edit:
        """Replace what lies between two places of this document; swapped ends are put right."""
        if end is not start and end < start:
            start, end = end, start
        if not text.isascii():
            text = holdable(text)
        self.revision += 1
        head = self.lines[start.line][: start.character]
        tail = self.lines[end.line][end.character :]
        first = start.line
        chunk = head + text + tail
        if first == end.line and "\n" not in text and "\r" not in text:
            line = self.lines[first]
            if end.character <= len(line.rstrip("\r\n")) and not chunk.startswith("\n"):
                # One line changes and its line end stays its own, as in nearly every edit.
                self.lines[first] = chunk
                self.size += len(chunk) - len(line)
                return Edit(start, end, Position(first, start.character + len(text)))
        self.size += len(text) - self._length(start, end)
        if first and chunk.startswith("\n") and self.lines[first - 1].endswith("\r"):
            # A bare CR and the LF that now follows it have become one line end.
            first -= 1
            chunk = self.lines[first] + chunk
        new = split_lines(chunk)
        if end.line + 1 < len(self.lines):
            new.pop()  # What follows the last line end is the line that is there already.
        self.lines[first : end.line + 1] = new
        last = first + len(new) - 1
        column = min(len(new[-1]) - len(tail), len(self.line(last)))
        return Edit(start, end, Position(last, column))

    def replace_all(self, text: str) -> None:
        """Replace the whole text."""
        text = holdable(text)
        self.revision += 1
        self.size = len(text)
        self.lines = split_lines(text)

    def _length(self, start: Position, end: Position) -> int:
        if start.line == end.line:
            return end.character - start.character
        between = sum(map(len, self.lines[start.line : end.line]))
        return between - start.character + end.character


_ONLY_PYTHONS = "\v\f\x1c\x1d\x1e\x85\u2028\u2029"
"""Where `str.splitlines` cuts and editors do not: form feeds, Unicode separators and their like."""


def split_lines(text: str) -> list[str]:
    """`text` as lines with their ends: LF, CRLF or CR and nothing else (LSP 3.17, EOL)."""
    if not any(one in text for one in _ONLY_PYTHONS):
        # A file of 20,000 lines held the loop for 10 ms when it was cut piece by piece.
        plain = text.splitlines(keepends=True)
        if not plain or plain[-1].endswith(("\r", "\n")):
            plain.append("")
        return plain
    pieces = text.split("\n")
    last = pieces.pop()
    if "\r" not in text:
        return [*(piece + "\n" for piece in pieces), last]
    lines: list[str] = []
    for piece in pieces:
        if piece.endswith("\r"):
            lines += _split_at_cr(piece[:-1])
            lines[-1] += "\r\n"
        else:
            lines += _split_at_cr(piece)
            lines[-1] += "\n"
    return lines + _split_at_cr(last)


def _split_at_cr(text: str) -> list[str]:
    *ended, rest = text.split("\r")
    return [*(piece + "\r" for piece in ended), rest]
