"""Source text as the pieces the workspace completer counts: words, signs, and line starts with indent."""

from __future__ import annotations

import re

# Possessive quantifiers never give a character back, so the scan is one pass whatever the text.
_PIECE = re.compile(r"\n[ \t]*+| ?\w++| ?[^\w\s]|[ \t]++|.", re.DOTALL)


def tokens_of(text: str) -> list[str]:
    """The pieces of `text`; joined they are `text` again.

    A word or sign takes one space before it along, and a line end the next line's indentation, so
    that a prediction brings its own spacing.
    """
    return _PIECE.findall(text)


def unix_lines(text: str) -> str:
    return text.replace("\r\n", "\n")


def estimated_tokens(text: str) -> int:
    """About what a model's tokeniser would count: four characters a token, rounded up."""
    return (len(text) + 3) // 4
