"""Where the parts of a window stand in a prompt: what changes least comes first.

Providers cache a prompt up to its first changed byte. Typing changes the end of the prefix with
each key, so that nothing that lasts may stand behind it.
"""

from __future__ import annotations

from ..domain.window import AROUND, PartKind, Window
from .profile import Span

SENT = "prefix"
"""The name of the only text that is sent, and in which a gateway counts what it objects to."""


def context_text(window: Window) -> str:
    """Everything but the text around the cursor, in the window's own order, in whole lines."""
    return "".join(_whole(part.text) for part in window.parts if part.kind not in AROUND)


def context_spans(window: Window, start: int) -> tuple[Span, ...]:
    """Where the pieces of `context_text` lie in a text that holds it from `start` on."""
    spans: list[Span] = []
    reached: dict[PartKind, int] = {}
    for part in window.parts:
        if part.kind not in AROUND:
            length, offset = len(part.text), reached.get(part.kind, 0)
            spans.append(Span(SENT, start, length, part.kind.value, offset))
            reached[part.kind] = offset + length
            start += len(_whole(part.text))
    return tuple(spans)


def chat_text(window: Window) -> tuple[str, tuple[Span, ...]]:
    """The window as one message, and where its texts lie in it.

    The lines below the cursor come before the text above it, because typing leaves them as they
    are; only the rest of the cursor's own line, into which editors put closing brackets, is last.
    """
    prefix, suffix = window.prefix, window.suffix
    rest = suffix[: _end_of_line(suffix)]
    below = suffix[len(rest) :]
    context = context_text(window)
    head = f"{context}<below>"
    middle = f"{head}{below}</below><before>"
    tail = f"{middle}{prefix}</before><after>"
    spans = (
        *context_spans(window, 0),
        Span(SENT, len(head), len(below), PartKind.SUFFIX.value, len(rest)),
        Span(SENT, len(middle), len(prefix), PartKind.PREFIX.value),
        Span(SENT, len(tail), len(rest), PartKind.SUFFIX.value),
    )
    return f"{tail}{rest}</after>", spans


def _whole(text: str) -> str:
    return text if text.endswith("\n") else text + "\n"


def _end_of_line(text: str) -> int:
    ends = [end for end in (text.find("\n"), text.find("\r")) if end >= 0]
    return min(ends, default=len(text))
