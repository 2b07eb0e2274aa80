"""What is sent for an ask: the window around the cursor and everything the broker needs beside it."""

from __future__ import annotations

from dataclasses import replace

from sidelight_client.api import (
    CompletionRequest,
    Document,
    Settings,
    WindowLimits,
    new_trace_id,
    take,
)

from .asks import Ask, Flight
from .document import TextDocument
from .encoding import sendable
from .through import anchor_of


def outgoing(
    ask: Ask, document: TextDocument, where: Document, settings: Settings, client: str
) -> Flight:
    """The request for `ask` in the live `document`; `where` is what the broker knows of its place."""
    limits = WindowLimits(
        settings.number("context.prefix_chars"), settings.number("context.suffix_chars")
    )
    window = take(document.lines, ask.at, ask.uri, limits)
    parts = tuple(replace(part, text=sendable(part.text)) for part in window.parts)
    request = CompletionRequest(
        trace_id=new_trace_id(),
        document=where,
        window=replace(window, parts=parts),
        trigger=ask.trigger,
        max_lines=settings.number("completions.max_lines"),
        client=client,
    )
    return Flight(anchor_of(window, ask.line[ask.at.character :]), request, document.revision)
