"""What a request is worth before it is sent: the typed characters it may be expected to cover.

The worth of a suggestion is how far it carries: a right one asked for at the beginning of a line
carries through the line, one asked for in its last word carries a few characters.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

PROSE = frozenset(
    ("markdown", "plaintext", "text", "gitcommit", "latex", "restructuredtext", "rst")
)
"""Language ids in which people write sentences, which are harder to foresee than code."""

OPENERS = (":", "{", "(", "[", "=>", "->", "do", "then", "begin")
"""What the line above ends with where a block or an argument list begins."""

FORGET_CHARS = 12.0
"""After so many characters a failed request says little (1/e) about the next one."""

FORGET_SHAPE = 4.0
"""How suddenly it is forgotten. A model that does not see what is meant goes on not seeing it for some
words, so asking again after a few characters fails as well, and hardly depends on the price."""

STRIDE_POWER = 0.5
"""Whoever puts in words at once uses an answer up in fewer keys. Not as many fewer as it is longer: a
suggestion that is there between two phrases is read."""

LEAST_IN_TIME = 0.1
"""The share of an answer that is counted even if typing outruns it: people stop without notice."""

_CLOSERS = ")]}>\"'`:;, \t"


class Place(StrEnum):
    """Where in its line the cursor stands."""

    BLOCK_START = "block_start"
    LINE_START = "line_start"
    WORD_START = "word_start"
    INSIDE_WORD = "inside_word"
    BEFORE_TEXT = "before_text"


PLACE_SHARE = {
    Place.BLOCK_START: 1.1,
    Place.LINE_START: 1.0,
    Place.WORD_START: 0.95,
    Place.INSIDE_WORD: 0.85,
    Place.BEFORE_TEXT: 0.5,
}
"""How much more or less often a suggestion is right there than at the start of a line."""

PROSE_SHARE = 0.85

LONG_LINE_SHARE = 0.6
"""A line that is longer than answers usually are goes on for so much of their length."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What is known of the moment at which a request could be sent.

    Attributes:
        place: where in its line the cursor stands.
        language: the language id.
        column: characters before the cursor on its line, indentation left out.
        usefulness: which share (0..1) of the latest suggestions in this file was followed.
        answer_chars: how long answers here are when they begin at the start of a line.
        since_failure: characters typed since the last request that brought nothing of use.
        late: characters that are typed until an answer is there.
        stride: characters that one key usually puts in: 1 at a keyboard, many where somebody dictates.
    """

    place: Place
    language: str
    column: int
    usefulness: float
    answer_chars: float
    since_failure: float
    late: float = 0.0
    stride: float = 1.0


def place_of(before: str, after: str, above: str) -> Place:
    """Where the cursor stands.

    Args:
        before: the cursor's line up to the cursor.
        after: the rest of the cursor's line; closers that an editor put there do not count.
        above: the last line above that is not blank.
    """
    if after.strip(_CLOSERS):
        return Place.BEFORE_TEXT
    if not before.strip():
        opened = above.rstrip().endswith(OPENERS)
        return Place.BLOCK_START if opened else Place.LINE_START
    return Place.INSIDE_WORD if before[-1].isalnum() or before[-1] == "_" else Place.WORD_START


def freshness(since_failure: float) -> float:
    """How much (0..1) of a first attempt one is that follows a failure by so many characters."""
    return 1.0 - math.exp(-math.pow(max(since_failure, 0.0) / FORGET_CHARS, FORGET_SHAPE))


def chance(moment: Moment) -> float:
    """How likely (0..1) an answer is right, by what happened in this file so far."""
    fresh = freshness(moment.since_failure)
    prose = PROSE_SHARE if moment.language in PROSE else 1.0
    return min(moment.usefulness * PLACE_SHARE[moment.place] * prose * fresh, 1.0)


def coverage(moment: Moment) -> float:
    """How many characters a right answer may be expected to bring."""
    return max(moment.answer_chars - moment.column, moment.answer_chars * LONG_LINE_SHARE)


def value(moment: Moment) -> float:
    """The characters of typing that a request sent at `moment` may be expected to cover.

    What is typed before the answer is there is not covered, and a key that puts in many counts less
    than that many keys.
    """
    covered = coverage(moment)
    in_time = max(covered - moment.late, covered * LEAST_IN_TIME)
    return chance(moment) * in_time / math.pow(moment.stride, STRIDE_POWER)
