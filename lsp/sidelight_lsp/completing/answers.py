"""The answer rules: which text replaces which part of the cursor's line, or that nothing is offered.

Clients differ in what they verify, so everything is verified here: LSP4IJ shows the text without
its first `cursor - start` characters and compares nothing, Neovim 0.12 replaces whatever the range
covers, VS Code hides an item whose replaced tail does not reappear in its text in the same order.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sidelight_client.api import CLOSING_TAIL, PAIRS, QUOTES, SEPARATORS, scan_brackets


@dataclass(frozen=True, slots=True)
class Selected:
    """The entry selected in the completion menu: its text would replace `start` to `end`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """Replace columns `start` to `end` of the cursor's line by `text`.

    Invariant: `start <= cursor <= end`, `text` begins with what stands between `start` and the
    cursor, and what stands between the cursor and `end` are closers that `text` brings itself.
    """

    start: int
    end: int
    text: str


def answer(
    line: str, cursor: int, text: str, *, selected: Selected | None = None, max_lines: int = 50
) -> Answer | None:
    """The answer that inserts `text` at `cursor`, or None when nothing can be offered safely.

    Args:
        line: the cursor's line in the live document, without its line end.
        cursor: the column in code points.
        text: what is to follow the cursor, with LF line ends.
        selected: the menu's selection; an answer must then continue it.
        max_lines: the longest answer, in lines.
    """
    before, after = line[:cursor], line[cursor:]
    text = "\n".join(text.split("\n")[:max_lines])
    end = cursor + covered_tail(before, after, text)
    left = line[end:]
    if left.strip():
        # Text stays behind the answer: further lines would push it to the end of the last one.
        text = text.split("\n", 1)[0]
        end = cursor + covered_tail(before, after, text)
        left = line[end:]
        if _repeats(text, left):
            text = text[: -len(left)]
    if text == line[cursor:end] or cursor > len(line):
        return None
    start = cursor
    if selected is not None:
        start = selected.start
        if not start <= cursor or selected.end > end:
            return None
        text = line[start:cursor] + text
        if not text.startswith(selected.text):
            return None
    return Answer(start, end, text)


def answers(
    line: str,
    cursor: int,
    texts: Iterable[str],
    *,
    selected: Selected | None = None,
    max_lines: int = 50,
) -> list[Answer]:
    """The answers of `texts` in their order, without those that would put in the same."""
    offered: list[Answer] = []
    for text in texts:
        one = answer(line, cursor, text, selected=selected, max_lines=max_lines)
        if one is not None and one not in offered:
            offered.append(one)
    return offered


def covered_tail(before: str, after: str, text: str) -> int:
    """How many columns of `after` the text replaces, because it brings the same closers itself.

    Editors close brackets and quotes by themselves: behind `def f(n║)` a text `):` would leave a
    stray `)`. A closer is covered only if the text has an unopened one in its place, so that what
    the user typed is never lost; anything but closers is never covered.
    """
    if not after or after.strip(CLOSING_TAIL):
        return 0
    spares = _unopened(before, text)
    covered = used = 0
    for column, character in enumerate(after, 1):
        if character in " \t":
            continue
        place = (
            _next_separator(text, used, character)
            if character in SEPARATORS
            else _next_spare(spares, used, character)
        )
        if place is None:
            break
        covered, used = column, place + 1
    return covered


def _repeats(text: str, left: str) -> bool:
    """Whether the text ends with what stands behind it anyway.

    Brackets and quotes alone do not say so: `bar(║)` with `foo(a)` ends in a bracket of its own.
    """
    return bool(left.strip(CLOSING_TAIL) or not left.strip(SEPARATORS)) and text.endswith(left)


def _next_spare(spares: list[tuple[int, str]], used: int, closer: str) -> int | None:
    for place, spare in spares:
        if place >= used:
            return place if spare == closer else None
    return None


def _next_separator(text: str, used: int, separator: str) -> int | None:
    rest = text[used:]
    blanks = len(rest) - len(rest.lstrip(" \t"))
    return used + blanks if used and rest[blanks : blanks + 1] == separator else None


def _unopened(before: str, text: str) -> list[tuple[int, str]]:
    """The closers in `text` that close what was opened before it, with their places."""
    quote = ""
    for _, character, quote in scan_brackets(before, ""):  # noqa: B007 -- only the last state counts
        pass
    opened: list[str] = []
    found: list[tuple[int, str]] = []
    outer = quote
    for place, character, inside in scan_brackets(text, quote):
        if outer and not inside:
            if character == outer:
                found.append((place, character))
            outer = ""
        elif inside or character in QUOTES:
            continue
        elif character in PAIRS.values():
            opened.append(character)
        elif character in PAIRS:
            if opened and opened[-1] == PAIRS[character]:
                opened.pop()
            elif not opened:
                found.append((place, character))
    return found
