"""An index of source text that finds where a context occurred before, by hash chains in flat arrays.

Every position is linked to the previous one with the same last 2, 3 and 5 tokens. That is 16 bytes a
token and no object per n-gram: 4 MB of source take about 30 MB and are looked up in well under a
millisecond, however often a context occurs.
"""

from __future__ import annotations

import bisect
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from .tokens import tokens_of

LONGEST_CONTEXT = 8
"""Tokens of context that count; more did not help in the measurements of n-gram completion."""

_ORDERS = (5, 3, 2)
_CHAIN_LIMIT = 48
"""Occurrences looked at per order, newest first: a bound on the time of one look-up."""

_SLICE_CHARS = 2_048
"""Taken in at a time: one or two milliseconds, so that a keystroke never waits for the index."""

_BOUNDARY = 0


@dataclass(slots=True)
class IndexedFile:
    """Where a file's tokens are. `line_starts` are the positions of its line ends, ascending."""

    label: str
    start: int
    end: int
    alive: bool = True
    line_starts: array[int] = field(default_factory=lambda: array("I"))

    def line_of(self, position: int) -> int:
        """The line, counted from 1, on which the token at `position` stands."""
        return 1 + bisect.bisect_right(self.line_starts, position)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A place where the context occurred: the position right after it, and how many tokens agree."""

    position: int
    agreeing: int


class TokenIndex:
    """An index for at most about `capacity_chars` characters of source."""

    def __init__(self, capacity_chars: int) -> None:
        bits = max(12, (capacity_chars // 8).bit_length())
        self._mask = (1 << bits) - 1
        self._words: list[str] = ["\0"]
        self._ids: dict[str, int] = {"\0": _BOUNDARY}
        self._tokens = array("I", [_BOUNDARY])
        self._heads = tuple(array("I", bytes(4 << bits)) for _ in _ORDERS)
        self._earlier = tuple(array("I", [0]) for _ in _ORDERS)
        self._files: list[IndexedFile] = []
        self._starts: list[int] = []
        self.chars = 0
        """Characters taken in so far, those of removed files included."""
        self.dead_chars = 0

    def __len__(self) -> int:
        return len(self._tokens)

    def add(self, label: str, text: str) -> Iterator[IndexedFile]:
        """Take in a file slice by slice; between two slices the caller may let others run.

        Only one file may be in progress at a time. What is in so far can be found already.
        """
        file = IndexedFile(label, len(self._tokens), len(self._tokens))
        self._files.append(file)
        self._starts.append(file.start)
        start = 0
        while start < len(text):
            # Cut before a line end: a token never reaches across one. A line longer than a slice
            # is cut anywhere; that costs one odd token.
            end = text.rfind("\n", start + 1, start + _SLICE_CHARS)
            if end <= start or start + _SLICE_CHARS >= len(text):
                end = start + _SLICE_CHARS
            self._append(file, tokens_of(text[start:end]))
            self.chars += min(end, len(text)) - start
            start = end
            yield file
        self._append(file, ["\0"])

    def remove(self, file: IndexedFile, chars: int) -> None:
        """Forget a file. Its place is only given back when the whole index is rebuilt."""
        file.alive = False
        self.dead_chars += chars

    def _append(self, file: IndexedFile, pieces: list[str]) -> None:
        ids, words, tokens = self._ids, self._words, self._tokens
        (head5, head3, head2), (earlier5, earlier3, earlier2) = self._heads, self._earlier
        mask = self._mask
        known = len(tokens) - file.start
        recent = [*([_BOUNDARY] * 5), *tokens[len(tokens) - min(known, 5) :]] if known else [0] * 5
        e, d, c, b, a = recent[-5:]
        for position, piece in enumerate(pieces, len(tokens)):
            token = ids.get(piece)
            if token is None:
                token = ids[piece] = len(words)
                words.append(piece)
            h2 = (a * 0x9E3779B1 + b * 0x85EBCA6B) & 0xFFFFFFFF
            h3 = (h2 + c * 0xC2B2AE35) & 0xFFFFFFFF
            h5 = (h3 + d * 0x27D4EB2F + e * 0x165667B1) & 0xFFFFFFFF
            slot2, slot3, slot5 = (
                (h2 ^ h2 >> 15) & mask,
                (h3 ^ h3 >> 15) & mask,
                (h5 ^ h5 >> 15) & mask,
            )
            earlier2.append(head2[slot2])
            earlier3.append(head3[slot3])
            earlier5.append(head5[slot5])
            head2[slot2] = head3[slot3] = head5[slot5] = position
            tokens.append(token)
            if piece[0] == "\n":
                file.line_starts.append(position)
            e, d, c, b, a = d, c, b, a, token
        file.end = len(tokens)

    def find(self, context: Sequence[str]) -> list[Occurrence]:
        """Where `context` (its last tokens) occurred, longest agreement first found, newest first."""
        ids = self._ids
        recent = [ids.get(word, -1) for word in context[-LONGEST_CONTEXT:]]
        recent.reverse()
        found: dict[int, int] = {}
        for number, order in enumerate(_ORDERS):
            if len(recent) < order or -1 in recent[:order]:
                continue
            position = self._heads[number][self._slot(recent, order)]
            earlier = self._earlier[number]
            for _ in range(_CHAIN_LIMIT):
                if position == 0:
                    break
                if position not in found:
                    agreeing = self._agreeing(position, recent)
                    if agreeing >= order and self.file_at(position).alive:
                        found[position] = agreeing
                position = earlier[position]
            if len(found) >= _CHAIN_LIMIT:
                break
        return [Occurrence(position, agreeing) for position, agreeing in found.items()]

    def text_at(self, position: int) -> str:
        """The token there; empty at the end of a file."""
        if position >= len(self._tokens) or self._tokens[position] == _BOUNDARY:
            return ""
        return self._words[self._tokens[position]]

    def file_at(self, position: int) -> IndexedFile:
        return self._files[bisect.bisect_right(self._starts, position) - 1]

    def _slot(self, recent: Sequence[int], order: int) -> int:
        factors = (0x9E3779B1, 0x85EBCA6B, 0xC2B2AE35, 0x27D4EB2F, 0x165667B1)
        mixed = sum(token * factor for token, factor in zip(recent[:order], factors, strict=False))
        mixed &= 0xFFFFFFFF
        return (mixed ^ mixed >> 15) & self._mask

    def _agreeing(self, position: int, recent: Sequence[int]) -> int:
        tokens = self._tokens
        agreeing = 0
        for token in recent:
            position -= 1
            if position < 0 or tokens[position] != token or token == _BOUNDARY:
                break
            agreeing += 1
        return agreeing
