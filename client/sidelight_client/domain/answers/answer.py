"""The text of an answer, cut to what may be shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .filters import FILTERS, FilterReason, without_prose
from .surroundings import Around, unix

LONGEST = 8_000
"""Code points; a longer ghost text would hide the file."""


def cut(text: str, max_lines: int) -> str:
    """At most `max_lines` lines of `text`, without blanks and line ends at its end.

    An answer that is only white space is no answer.
    """
    lines = text[:LONGEST].replace("\r\n", "\n").split("\n")
    kept = "\n".join(lines[:max_lines]).rstrip()
    return kept if kept.strip() else ""


def enough(text: str, max_lines: int) -> bool:
    """Whether `cut` would take nothing of what may still follow `text`."""
    return text.count("\n") >= max_lines


@dataclass(frozen=True, slots=True)
class Offer:
    """What of an answer may be shown.

    Attributes:
        text: what is to follow the cursor; empty when nothing may be shown.
        reason: why it is less than the model wrote; None when it is all of it.
    """

    text: str
    reason: FilterReason | None = None


def offered(text: str, around: Around, max_lines: int) -> Offer:
    """What of the model's `text` is shown between the texts `around` it.

    Args:
        text: what the model wrote.
        around: what stands before and after the cursor, with LF line ends.
        max_lines: the longest answer.
    """
    # Lines are counted without what a chat model says before them.
    code = without_prose(unix(text[:LONGEST]), around)
    reason = FilterReason.PROSE if len(code.strip()) < len(text.strip()) else None
    shown = cut(code, max_lines)
    for why, filtered in FILTERS:
        kept = filtered(shown, around)
        if reason is None and len(kept.strip()) < len(shown.strip()):
            reason = why
        shown = kept
    if not shown.strip():
        return Offer("", reason or FilterReason.EMPTY)
    return Offer(shown, reason)


def distinct(offers: Sequence[Offer]) -> tuple[str, ...]:
    """The texts worth showing as alternatives, in their order: none that differs in blanks only."""
    texts = {" ".join(one.text.split()): one.text for one in reversed(offers) if one.text}
    return tuple(dict.fromkeys(texts[" ".join(one.text.split())] for one in offers if one.text))


def showable(text: str, around: Around, max_lines: int) -> str:
    """What of an answer that is still coming may be shown already: whole lines, and only safe ones.

    Empty until the first line is complete. What is shown stays: more of the answer only adds to it,
    or shows that its end has to go.
    """
    whole, ended, _ = text[:LONGEST].rpartition("\n")
    return offered(whole, around, max_lines).text if ended else ""
