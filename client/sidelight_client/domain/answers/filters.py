"""What models get wrong, one filter each: text in, what of it may be shown out.

A filter only takes away from the end or the beginning of an answer, or moves its indentation. None
sees, or could change, a character of the person's own text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum
from math import gcd

from ..window.edges import indentation, is_blank
from .brackets import closable, excess, quote_at_end
from .surroundings import NEAR, Around


class FilterReason(StrEnum):
    """Why an answer, or its end, is not shown: for "why is there nothing here?"."""

    EMPTY = "empty"
    PROSE = "prose"
    ECHO = "echo"
    DUPLICATE = "duplicate"
    REPEATED = "repeated"
    UNBALANCED = "unbalanced"
    COMMENT = "comment"


PROSE_LANGUAGES = frozenset(("markdown", "plaintext", "latex", "restructuredtext", "html"))
"""Where prose and fences are what somebody may be writing."""
FENCE = "```"
_MARKS = (
    *("<below>", "</below>", "<before>", "</before>", "<after>", "</after>"),
    *(
        "<|fim",
        "<|end",
        "<|im",
        "<|cursor",
        "<fim_",
        "<PRE>",
        "<SUF>",
        "<MID>",
        "<EOT>",
        "[PREFIX]",
        "[SUFFIX]",
        "[MIDDLE]",
    ),
)
"""What stands between the texts in prompts; a model that writes one has left the code."""
_CHATTER = re.compile(
    r"\s*(?:here(?:'s| is| are)|sure\b|certainly|of course|i'm sorry|i am sorry|i can(?:no|')t"
    r"|as an ai|the (?:completed?|missing|following|corrected) |this (?:code|function|will|completes)"
    r"|to complete |explanation\b|note that|let me |in this (?:code|case)|you can |based on )",
    re.IGNORECASE,
)
_CODE = re.compile(r"[=(){}\[\];<>]")
_COMMENT = re.compile(r"\s*(?:#(?!\[|include|define|if|end|pragma)|//|/\*|\*|--|<!--|;)")
_PLACEHOLDER = re.compile(
    r"your (?:code|implementation|logic)|(?:rest|remainder) of|existing code|code here"
    r"|implement(?:ation)? (?:here|this|goes)|to ?do\b|\.\.\.|omitted|same as (?:above|before)",
    re.IGNORECASE,
)
_OPENS = (":", "{", "(", "[", "=>", "->", "then", "do")
MIN_ECHO = 3
"""Letters and digits; a shorter repetition of the cursor's line is chance."""
MIN_ECHO_ABOVE = 12
"""The same for lines above it, which people repeat more often."""
MIN_DUPLICATE = 6
TIMES = 3
"""A line that comes this often in a row is a loop."""
LONGEST_PERIOD = 4
RUN_TIMES = 24
"""So often a few letters come in a row only in a loop."""
LONGEST_RUN_LINE = 400
"""How far into a line a loop is looked for."""


def without_prose(text: str, around: Around) -> str:
    """The code of an answer that has sentences, fences or the prompt's own marks around it."""
    for mark in _MARKS:
        place = text.find(mark)
        if place >= 0 and mark not in around.before and mark not in around.after:
            text = text[:place].rstrip()
    if around.language in PROSE_LANGUAGES or _in_text(around):
        return text
    lines = text.split("\n")
    fences = [row for row, line in enumerate(lines) if line.lstrip().startswith(FENCE)]
    if fences:
        first = fences[0]
        told = [line for line in lines[:first] if not is_blank(line)]
        if not told or _is_chatter(told[0]):
            end = fences[1] if len(fences) > 1 else len(lines)
            return "\n".join(lines[first + 1 : end])
        lines = lines[:first]
    for row, line in enumerate(lines):
        if _is_chatter(line) and (row == 0 or is_blank(lines[row - 1])):
            return "\n".join(lines[:row]).rstrip()
    return "\n".join(lines)


def _is_chatter(line: str) -> bool:
    if _CHATTER.match(line) is None or len(line.split()) < 2:  # noqa: PLR2004 -- a word is a name
        return False
    return line.rstrip().endswith((":", ".", "!")) or _CODE.search(line) is None


def _in_text(around: Around) -> bool:
    """Whether the cursor is in a comment or a string, where sentences are at home."""
    return _COMMENT.match(around.line) is not None or bool(quote_at_end(around.line))


def without_echo(text: str, around: Around) -> str:
    """An answer that begins by repeating what stands before the cursor, without that."""
    before = around.before
    start = before.rfind("\n") + 1
    longest, least = 0, MIN_ECHO
    for _ in range(NEAR):
        told = before[start:]
        for echo in (told, told.lstrip(" \t")):
            if text.startswith(echo) and _weight(echo) >= least:
                longest = max(longest, len(echo))
        if start == 0:
            break
        start, least = before.rfind("\n", 0, start - 1) + 1, MIN_ECHO_ABOVE
    return text[longest:]


def _weight(text: str) -> int:
    return sum(map(str.isalnum, text))


def with_indentation(text: str, around: Around) -> str:
    """An answer whose lines are indented as its place asks for.

    Chat models begin with the indentation that stands before the cursor already, write as if the
    place were at the margin, or with blanks where the file has tabs.
    """
    head = around.line
    lines = text.split("\n")
    if head and is_blank(head):
        first = lines[0].lstrip(" \t")
        given = lines[0][: len(lines[0]) - len(first)]
        expected = _expected(around)
        if given and indentation(head) >= expected:
            lines[0] = first
        elif given.startswith(head) and _repeats_indentation(head, given, expected, around):
            lines[0] = given.removeprefix(head) + first
    lines = _from_the_margin(lines, head)
    if _has_tabs(around):
        lines = [lines[0], *map(_tabbed, lines[1:])]
    return "\n".join(lines)


def _repeats_indentation(head: str, given: str, expected: int, around: Around) -> bool:
    """Whether blanks an answer begins with stand before the cursor in part, or are what is missing.

    They are missing where they would not be enough by themselves, or where only both together come
    to a whole number of the steps by which the lines above are indented.
    """
    alone, together = indentation(given), indentation(head + given)
    step = gcd(*map(indentation, around.above))
    missing = alone < expected or (step > 1 and alone % step and together % step == 0)
    return not missing


def _expected(around: Around) -> int:
    """The least indentation the cursor's line should have, in columns."""
    above = around.above
    if not above:
        return 0
    column = indentation(above[0])
    return column + 1 if above[0].endswith(_OPENS) else column


def _from_the_margin(lines: list[str], head: str) -> list[str]:
    own = head[: len(head) - len(head.lstrip(" \t"))]
    inside = [line for line in lines[1:] if not is_blank(line)]
    opens = (head + lines[0]).rstrip().endswith((":", "{"))
    if not own or not inside or not opens or indentation(inside[0]) > indentation(own):
        return lines
    if indentation(inside[0]) == 0:
        return lines
    return [lines[0], *(own + line if line.strip() else line for line in lines[1:])]


def _has_tabs(around: Around) -> bool:
    near = [line for line in (*around.above, *around.below, around.line) if line[:1] in (" ", "\t")]
    return bool(near) and all(line[:1] == "\t" for line in near)


def _tabbed(line: str) -> str:
    body = line.lstrip(" ")
    blanks = len(line) - len(body)
    return "\t" * (blanks // 4) + " " * (blanks % 4) + body


def without_duplicate(text: str, around: Around) -> str:
    """An answer that ends with the lines that follow anyway, or repeats those above, without that."""
    lines = text.split("\n")
    above, below = around.above, around.below
    said = tuple(line.rstrip() for line in lines if not is_blank(line))
    if len(said) > 1 and said == above[: len(said)][::-1] and is_blank(around.line):
        return ""
    for row in range(len(lines)):
        first = around.line + lines[0] if row == 0 else lines[row]
        rest = tuple(line.rstrip() for line in (first, *lines[row + 1 :]) if not is_blank(line))
        if rest and rest == below[: len(rest)] and _weight("".join(rest)) >= MIN_DUPLICATE:
            return "\n".join(lines[:row]).rstrip()
    return text


def without_repeats(text: str, _: Around) -> str:
    """An answer that goes round in circles, up to the end of the first round."""
    lines = text.split("\n")
    for row in range(len(lines)):
        for period in range(1, LONGEST_PERIOD + 1):
            block = lines[row : row + period]
            again = lines[row : row + period * TIMES]
            if again == block * TIMES and any(map(_weight, block)):
                return "\n".join(lines[: row + period])
    return "\n".join(map(_without_run, lines))


def _without_run(line: str) -> str:
    for period in range(1, 9):
        for start in range(min(len(line), LONGEST_RUN_LINE) - period * RUN_TIMES + 1):
            piece = line[start : start + period]
            if piece[0].isalpha() and line.startswith(piece * RUN_TIMES, start):
                return line[: start + period]
    return line


def without_stray_closers(text: str, around: Around) -> str:
    """An answer up to the first bracket that would close nothing, or what the file closes itself.

    Where the file goes on beyond what is known, a closer at the beginning of a line may belong to
    a block that was opened there.
    """
    quote = quote_at_end(around.before)
    if excess(text, (), quote) is None:
        return text
    place = excess(text, closable(around.before, around.after), quote)
    if place is None:
        return text
    line = text[text.rfind("\n", 0, place) + 1 : place]
    if around.open_ended and is_blank(line) and "\n" in text[:place]:
        return text
    return text[:place].rstrip()


def without_placeholders(text: str, around: Around) -> str:
    """An answer without comments that stand for code, such as "rest of the function"."""
    if _COMMENT.match(around.line):
        return text
    lines = text.split("\n")
    lines[0] = around.line + lines[0] if is_blank(around.line) else lines[0]
    while lines and (is_blank(lines[-1]) or _is_placeholder(lines[-1])):
        lines.pop()
    if not lines:
        return ""
    kept = "\n".join(lines)
    return kept.removeprefix(around.line) if is_blank(around.line) else kept


def _is_placeholder(line: str) -> bool:
    return _COMMENT.match(line) is not None and _PLACEHOLDER.search(line) is not None


def without_trailing_blanks(text: str, around: Around) -> str:
    """An answer whose lines end with their last visible character; two blanks mean much in Markdown."""
    if around.language in PROSE_LANGUAGES:
        return text.rstrip()
    return "\n".join(line.rstrip(" \t") for line in text.split("\n")).rstrip()


FILTERS: tuple[tuple[FilterReason, Callable[[str, Around], str]], ...] = (
    (FilterReason.ECHO, without_echo),
    (FilterReason.EMPTY, with_indentation),
    (FilterReason.DUPLICATE, without_duplicate),
    (FilterReason.REPEATED, without_repeats),
    (FilterReason.UNBALANCED, without_stray_closers),
    (FilterReason.COMMENT, without_placeholders),
    (FilterReason.EMPTY, without_trailing_blanks),
)
"""In the order in which they are applied to what `without_prose` leaves."""
