"""Replaces what may not leave by placeholders of the same shape, and brings it back afterwards.

Invariants, each held by a property test: nothing the rules find is in what is sent; restoring
gives back what was there; text outside the spans is untouched; no placeholder stands in the file.
The map lives as long as the one request it was made for.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

Spans = Sequence[tuple[int, int]]
Find = Callable[[str], Spans | None]
"""What may not leave a text, in code points; None when the answer would be incomplete."""

SHORTEST = 8
"""A shorter placeholder could be written by a model by chance."""
LONGEST = 128
MAX_PLACEHOLDERS = 200
MAX_ROUNDS = 16
MAX_TRIES = 64
_KEEPS_DIGITS = 1
_KEEPS_PUNCTUATION = 2
"""Before this attempt: a rule may object to the shape alone, so later ones keep less of it."""
_SHAPELY_ROUNDS = 3
"""Afterwards a value newly found starts with a later attempt: in a run of values without anything
between them each placeholder makes its neighbour another finding, and all would begin anew."""
_LETTERS = "abcdefghijkmnpqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Redacted:
    """Texts that may be sent. The originals are not part of its `repr`.

    Attributes:
        texts: in the order in which they were given.
        originals: what each placeholder stands for.
    """

    texts: tuple[str, ...]
    originals: Mapping[str, str] = field(repr=False)

    def restore(self, text: str) -> str:
        """`text` with every placeholder replaced by what it stands for."""
        restorer = Restorer(self.originals)
        return restorer.feed(text) + restorer.end()


class Restorer:
    """Restores a text that arrives in pieces; a placeholder may be split over several."""

    def __init__(self, originals: Mapping[str, str]) -> None:
        self._originals = dict(originals)
        self._first = frozenset(placeholder[0] for placeholder in originals)
        self._longest = max(map(len, originals), default=0)
        self._held = ""

    def feed(self, piece: str) -> str:
        """What is certain now of the text so far."""
        text = self._held + piece
        out: list[str] = []
        at = 0
        for start, placeholder in _occurrences(text, self._originals):
            if start < at:
                continue  # It overlaps one that is restored already.
            out += (text[at:start], self._originals[placeholder])
            at = start + len(placeholder)
        keep = self._unfinished(text, at)
        out.append(text[at:keep])
        self._held = text[keep:]
        return "".join(out)

    def end(self) -> str:
        """The rest, once nothing more comes."""
        held, self._held = self._held, ""
        return held

    def _unfinished(self, text: str, at: int) -> int:
        """Where a placeholder may have begun that is not finished yet; else the end."""
        for start in range(max(at, len(text) - self._longest + 1), len(text)):
            if text[start] in self._first:
                tail = text[start:]
                if any(placeholder.startswith(tail) for placeholder in self._originals):
                    return start
        return len(text)


def _occurrences(text: str, placeholders: Mapping[str, str]) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    for placeholder in placeholders:
        start = text.find(placeholder)
        while start >= 0:
            found.append((start, placeholder))
            start = text.find(placeholder, start + 1)
    return sorted(found)


@dataclass(slots=True)
class _Piece:
    """A run of one text: as it is, or to be replaced."""

    text: str
    hidden: bool


def redact(texts: Sequence[str], find: Find, salt: bytes, avoid: str = "") -> Redacted | None:
    """The texts without what `find` finds in each of them and in all of them joined.

    A rule may object to a placeholder as well: then another is tried, at last one without digits.

    Args:
        texts: what would be sent, in order; a finding may run from one into the next.
        find: what may not leave.
        salt: makes the placeholders of one process differ from another's; within a process equal
            values keep equal placeholders, so that a cached prompt prefix stays the same.
        avoid: text in which no placeholder may occur, beside `texts`: the rest of the file.

    Returns:
        None when it cannot be done: the search was incomplete, there is too much to hide, or a
        rule objects to whatever stands in the value's place.
    """
    pieces = [[_Piece(text, hidden=False)] for text in texts]
    names = _Names("\n".join((*texts, avoid)), salt)
    for round_ in range(MAX_ROUNDS):
        names.first_attempt = max(0, round_ - _SHAPELY_ROUNDS)
        shown = [[names.of(p.text) if p.hidden else p.text for p in parts] for parts in pieces]
        if names.exhausted:
            return None
        sent = tuple("".join(part) for part in shown)
        spans = _all_spans(sent, find)
        if spans is None:
            return None
        result = Redacted(
            sent, names.originals(p.text for parts in pieces for p in parts if p.hidden)
        )
        if not spans:
            if _comes_back(result, texts):
                return result
            for value in result.originals.values():
                names.next(value)
            continue
        offset = 0
        for at, parts in enumerate(pieces):
            pieces[at] = _hidden_within(parts, shown[at], offset, spans, names)
            offset += len(sent[at])
    return None


def _all_spans(sent: Sequence[str], find: Find) -> list[tuple[int, int]] | None:
    """What is found in each text and in all of them joined, as offsets into the latter."""
    offset = 0
    spans: list[tuple[int, int]] = []
    for text in sent:
        found = find(text)
        if found is None:
            return None
        spans += ((start + offset, end + offset) for start, end in found)
        offset += len(text)
    if len(sent) > 1:
        joined = find("".join(sent))
        if joined is None:
            return None
        spans += joined
    return spans


def _comes_back(result: Redacted, texts: Sequence[str]) -> bool:
    return result.restore("".join(result.texts)) == "".join(texts) and all(
        result.restore(sent) == text for sent, text in zip(result.texts, texts, strict=True)
    )


def _hidden_within(
    parts: list[_Piece],
    shown: list[str],
    offset: int,
    spans: Sequence[tuple[int, int]],
    names: _Names,
) -> list[_Piece]:
    """The pieces of one text, with those parts hidden that a span touches."""
    result: list[_Piece] = []
    for piece, text in zip(parts, shown, strict=True):
        begin, end = offset, offset + len(text)
        offset = end
        inside = _merged((max(s, begin) - begin, min(e, end) - begin) for s, e in spans)
        if not inside:
            result.append(piece)
        elif piece.hidden:
            names.next(piece.text)
            result.append(piece)
        else:
            at = 0
            for start, stop in inside:
                result += (
                    _Piece(text[at:start], hidden=False),
                    _Piece(text[start:stop], hidden=True),
                )
                at = stop
            result.append(_Piece(text[at:], hidden=False))
    return [piece for piece in result if piece.text]


def _merged(spans: Iterator[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


class _Names:
    """The placeholders of one request: one a value, none in the file, none within another."""

    def __init__(self, avoid: str, salt: bytes) -> None:
        self._avoid = avoid
        self._salt = salt
        self._given: dict[str, str] = {}
        self._attempts: dict[str, int] = {}
        self.first_attempt = 0
        self.exhausted = False

    def of(self, value: str) -> str:
        """The placeholder of a value, the same at each call until `next` is called for it."""
        if value not in self._given:
            self._given[value] = self._new(value)
            self.exhausted = self.exhausted or len(self._given) > MAX_PLACEHOLDERS
        return self._given[value]

    def next(self, value: str) -> None:
        """Give the value another placeholder from now on."""
        if self._given.pop(value, None) is not None:
            self._attempts[value] = self._attempts.get(value, 0) + 1

    def originals(self, values: Iterator[str]) -> dict[str, str]:
        """What each of the placeholders in use stands for."""
        return {self.of(value): value for value in values}

    def _new(self, value: str) -> str:
        attempt = max(self._attempts.get(value, 0), self.first_attempt)
        others = self._given.values()
        name = ""
        for counter in range(MAX_TRIES):
            name = _placeholder(value, attempt, counter, self._salt)
            clash = name in self._avoid or any(name in o or o in name for o in others)
            if not clash:
                return name
        self.exhausted = True
        return name


def _placeholder(value: str, attempt: int, counter: int, salt: bytes) -> str:
    """A text of the value's shape; the later the attempt, the less of the shape is kept."""
    digits, plain = attempt < _KEEPS_DIGITS, attempt >= _KEEPS_PUNCTUATION
    seed = f"{attempt}:{counter}:{value}".encode("utf-8", "surrogatepass")
    noise = hmac.digest(salt, seed, "sha512") + hmac.digest(salt, seed + b"+", "sha512")
    shape = value[:LONGEST].ljust(SHORTEST, "a")
    return "".join(
        _alike(character, noise[i % len(noise)], digits=digits, plain=plain)
        for i, character in enumerate(shape)
    )


def _alike(character: str, noise: int, *, digits: bool, plain: bool) -> str:
    letter = _LETTERS[noise % len(_LETTERS)]
    if character.isdigit():
        return str(noise % 10) if digits else letter.upper()
    if character.isupper():
        return letter.upper()
    if character.isalpha() or plain or not character.isprintable():
        return letter
    return character
