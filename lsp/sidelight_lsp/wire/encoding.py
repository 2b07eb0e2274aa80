"""Columns in the editor's units (utf-8, utf-16, utf-32) and in code points, both ways.

The protocol counts columns in code units of the negotiated encoding (LSP 3.17,
PositionEncodingKind); everything inside Sidelight counts code points.

A file that is not valid UTF-8 reaches us with raw bytes in the JSON (Neovim sends them as they
are). Each such byte is kept as one code point U+DC80 to U+DCFF, as PEP 383 has it, because the
editor counts it as one unit; `sendable` replaces them before text leaves a document.
"""

from __future__ import annotations

from enum import StrEnum
from typing import assert_never


class PositionEncoding(StrEnum):
    """What one unit of a column is."""

    UTF8 = "utf-8"
    UTF16 = "utf-16"
    UTF32 = "utf-32"


def column_of(line: str, units: int, encoding: PositionEncoding) -> int:
    """The code point column in `line` that lies `units` units from its start.

    A column behind the end means the end (LSP 3.17, Position); one inside a character means the
    beginning of that character. `line` has no line end.
    """
    units = max(units, 0)
    if encoding is PositionEncoding.UTF32 or line.isascii():
        return min(units, len(line))
    match encoding:
        case PositionEncoding.UTF16:
            data = line.encode("utf-16-le", "surrogatepass")[: 2 * units]
            if data and 0xD8 <= data[-1] <= 0xDB:  # noqa: PLR2004 -- a high surrogate: the cut went through a pair
                data = data[:-2]
            return len(data.decode("utf-16-le", "surrogatepass"))
        case PositionEncoding.UTF8:
            head = line.encode("utf-8", "surrogateescape")[:units]
            text = head.decode("utf-8", "surrogateescape")
            while not line.startswith(text):  # A cut character's bytes, three at most.
                text = text[:-1]
            return len(text)
        case _:
            assert_never(encoding)


def units_of(line: str, column: int, encoding: PositionEncoding) -> int:
    """How many units of `encoding` the first `column` code points of `line` take."""
    head = line[: max(column, 0)]
    if encoding is PositionEncoding.UTF32 or head.isascii():
        return len(head)
    match encoding:
        case PositionEncoding.UTF16:
            return len(head.encode("utf-16-le", "surrogatepass")) // 2
        case PositionEncoding.UTF8:
            return len(head.encode("utf-8", "surrogateescape"))
        case _:
            assert_never(encoding)


def holdable(text: str) -> str:
    r"""`text` with every lone surrogate replaced by U+FFFD, except those of PEP 383.

    JSON can carry half a pair ("\\ud83d"), and an editor may send the halves one by one. The
    replacement is as long as what it replaces in all three encodings, so columns stay right.
    """
    return _without(text, "\udc80", "\udcff")


def sendable(text: str) -> str:
    """`text` with every lone surrogate replaced by U+FFFD: as many code points as before."""
    return _without(text, "\ud800", "\ud7ff")


def _without(text: str, spared_from: str, spared_to: str) -> str:
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return "".join(
            "\ufffd" if "\ud800" <= one <= "\udfff" and not spared_from <= one <= spared_to else one
            for one in text
        )
    return text
