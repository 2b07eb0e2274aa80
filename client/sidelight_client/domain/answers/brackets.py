"""Brackets and quotes in source text, read without knowing the language: one pass, never a grammar."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

PAIRS = {")": "(", "]": "[", "}": "{"}
QUOTES = "\"'`"
SEPARATORS = ":;,"
CLOSING_TAIL = "".join(PAIRS) + QUOTES + SEPARATORS + " \t"
"""What editors put behind the cursor by themselves."""
_OPENERS = frozenset(PAIRS.values())
_MARK = re.compile(r"""\\[^\n]|[\n"'`()\[\]{}]""")


@dataclass(frozen=True, slots=True)
class Balance:
    """What a text leaves open and what it closes.

    Attributes:
        opened: the brackets it opens and does not close, the innermost last.
        closing: the places and characters of those that close nothing in it, in order.
    """

    opened: tuple[str, ...]
    closing: tuple[tuple[int, str], ...]


def scan_brackets(text: str, quote: str = "") -> Iterator[tuple[int, str, str]]:
    """Each character with its place and the quote it lies in; a quote ends with its line.

    `quote` is the one in which the text begins.
    """
    escaped = False
    for place, character in enumerate(text):
        if character == "\n":
            quote = ""
        elif escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif quote:
            quote = "" if character == quote else quote
        elif character in QUOTES:
            quote = character
        yield place, character, quote


def quote_at_end(text: str) -> str:
    """The quote that is open where `text` ends; empty where none is."""
    quote = ""
    for _, _, quote in scan_brackets(text.rpartition("\n")[2]):  # noqa: B007 -- only the last state counts
        pass
    return quote


def _outside(text: str, quote: str) -> Iterator[tuple[int, str]]:
    """The brackets of `text` outside of quotes, with their places; `quote` as in `scan_brackets`."""
    for match in _MARK.finditer(text):
        mark = match[0]
        if mark == "\n":
            quote = ""
        elif quote:
            quote = "" if mark == quote else quote
        elif mark in QUOTES:
            quote = mark
        elif mark in _OPENERS or mark in PAIRS:
            yield match.start(), mark


def balance(text: str, quote: str = "") -> Balance:
    """The brackets of `text` outside of quotes. A closer closes what was opened inside it as well."""
    opened: list[str] = []
    closing: list[tuple[int, str]] = []
    for place, character in _outside(text, quote):
        if character in _OPENERS:
            opened.append(character)
        elif PAIRS[character] in opened:
            while opened.pop() != PAIRS[character]:
                pass
        else:
            closing.append((place, character))
    return Balance(tuple(opened), tuple(closing))


def closable(before: str, after: str) -> tuple[str, ...]:
    """What text between `before` and `after` may close, the innermost last.

    What `after` closes itself is not for it, but for closers directly behind the cursor: editors
    put them there, and an answer may bring its own in their place.
    """
    opened = balance(before).opened
    line = after.partition("\n")[0]
    rest = after[len(line) :] if not line.strip(CLOSING_TAIL) else after
    for _, closer in balance(rest).closing:
        if PAIRS[closer] in opened:
            return opened[len(opened) - opened[::-1].index(PAIRS[closer]) :]
    return opened


def excess(text: str, may_close: tuple[str, ...], quote: str = "") -> int | None:
    """The place of the first closer in `text` that closes neither its own nor `may_close`."""
    left = list(may_close)
    opened: list[str] = []
    for place, character in _outside(text, quote):
        if character in _OPENERS:
            opened.append(character)
            continue
        stack = opened or left
        if not stack or stack[-1] != PAIRS[character]:
            return place
        stack.pop()
    return None
