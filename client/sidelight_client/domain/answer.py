"""The text of an answer, cut to what may be shown."""

from __future__ import annotations

LONGEST = 8_000
"""Code points; a longer ghost text would hide the file."""


def cut(text: str, max_lines: int) -> str:
    """At most `max_lines` lines of `text`, without blanks and line ends at its end.

    An answer that is only white space is no answer.
    """
    lines = text[:LONGEST].replace("\r\n", "\n").split("\n")
    kept = "\n".join(lines[:max_lines]).rstrip()
    return kept if kept.strip() else ""
