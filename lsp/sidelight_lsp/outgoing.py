"""What is sent for an ask: the window around the cursor and everything the broker needs beside it."""

from __future__ import annotations

from dataclasses import replace

from sidelight_client.api import (
    CompletionRequest,
    Document,
    Settings,
    Task,
    Tier,
    Trigger,
    WindowLimits,
    new_trace_id,
    route,
)

from .asks import Ask, Flight
from .context import Context
from .document import TextDocument
from .encoding import sendable
from .through import anchor_of, below


def outgoing(
    ask: Ask,
    document: TextDocument,
    where: Document,
    settings: Settings,
    *,
    client: str,
    context: Context,
) -> Flight:
    """The request for `ask` in the live `document`; `where` is what the broker knows of its place."""
    limits = WindowLimits(
        settings.number("context.prefix_chars"), settings.number("context.suffix_chars")
    )
    lines, asked = settings.number("completions.max_lines"), settings.text("tiers.asked")
    chosen = Tier(asked) if asked != "auto" and ask.trigger is Trigger.INVOKED else None
    way = route(Task(trigger=ask.trigger, lines=lines, chosen=chosen))
    window = context.window(document, ask.at, where, way.tier, limits)
    parts = tuple(replace(part, text=sendable(part.text)) for part in window.parts)
    request = CompletionRequest(
        trace_id=new_trace_id(),
        document=where,
        window=replace(window, parts=parts),
        tier=way.tier,
        trigger=ask.trigger,
        max_lines=lines,
        client=client,
        tier_reasons=way.reasons,
    )
    anchor = anchor_of(window, ask.line[ask.at.character :], below(document, ask.at.line))
    return Flight(anchor, request, document.revision)
