"""What of a suggestion may stand before the text that is already there: never that text again."""

from __future__ import annotations

from collections.abc import Sequence

_CLOSERS = {")": "(", "]": "[", "}": "{"}


def trimmed(text: str, suffix: str, stop: Sequence[str]) -> str:
    """`text` without stop strings, without what `suffix` begins with, and without trailing blanks.

    In the middle of a line the suggestion stays on that line. A bracket the editor has already
    closed is not closed again, and a line that already follows is not written again.
    """
    for mark in stop:
        if mark:
            text = text.partition(mark)[0]
    rest = suffix.partition("\n")[0].strip()
    if rest:
        text = text.partition("\n")[0]
        if rest[0] in _CLOSERS:
            text = text[: _first_surplus_closer(text)]
        if any(c.isalnum() or c == "_" for c in rest) or rest[0] not in _CLOSERS:
            text = text.partition(rest)[0]
            text = text[: len(text) - _overlap(text, rest)]
    else:
        text = _before_line(_paragraph(text), next_line(suffix))
    return text.rstrip()


def next_line(suffix: str) -> str:
    """The first line of `suffix` with text on it, without its indentation."""
    return suffix.lstrip().partition("\n")[0].rstrip()


def _first_surplus_closer(text: str) -> int:
    """Where `text` first closes a bracket it did not open; its length if it never does."""
    opened: list[str] = []
    for i, c in enumerate(text):
        if c in _CLOSERS.values():
            opened.append(c)
        elif c in _CLOSERS:
            if not opened or opened[-1] != _CLOSERS[c]:
                return i
            opened.pop()
    return len(text)


def _overlap(text: str, rest: str) -> int:
    """How many characters at the end of `text` are the beginning of `rest`."""
    longest = min(len(text), len(rest))
    return next((n for n in range(longest, 0, -1) if text.endswith(rest[:n])), 0)


def _paragraph(text: str) -> str:
    """`text` up to its first empty line: what stands behind one is another thought, copied whole."""
    lines = text.split("\n")
    # The first piece continues the line at the cursor, so it may be empty.
    for number, line in enumerate(lines[1:], 1):
        if not line.strip():
            return "\n".join(lines[:number])
    return text


def _before_line(text: str, line: str) -> str:
    """`text` up to the first of its lines that says the same as `line`."""
    if not line:
        return text
    lines = text.split("\n")
    # The first piece continues the line at the cursor; only the ones after it are whole lines.
    for number, candidate in enumerate(lines[1:], 1):
        if candidate.strip() == line:
            return "\n".join(lines[:number])
    return text
