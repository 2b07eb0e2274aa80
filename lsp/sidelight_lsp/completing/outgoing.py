"""What is sent for an ask: the window around the cursor and everything the broker needs beside it."""

from __future__ import annotations

from dataclasses import replace

from sidelight_client.api import (
    MOST_ALTERNATIVES,
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

from ..documents.context import Context
from ..documents.document import TextDocument
from ..wire.encoding import sendable
from .asks import Ask, Flight
from .through import anchor_of, below

FEWEST_TOKENS, TOKENS_A_LINE = 64, 16
"""A line of 50 characters of code is 16 tokens."""


def outgoing(
    ask: Ask,
    document: TextDocument,
    where: Document,
    settings: Settings,
    *,
    client: str,
    context: Context,
    lines: int,
    redact: bool = False,
    whole: bool = False,
) -> Flight:
    """The request for `ask` in the live `document`.

    Args:
        ask: what the editor asked.
        document: as it is now.
        where: what the broker knows of its place.
        settings: of the window.
        client: the editor's name.
        context: chooses what goes along.
        lines: how many lines are asked for; more than are shown at once where requests are scarce.
        redact: the person chose to have values replaced.
        whole: values may be replaced, so that the placeholders must differ from all of the document.
    """
    limits = WindowLimits(
        settings.number("context.prefix_chars"), settings.number("context.suffix_chars")
    )
    shown, asked = settings.number("completions.max_lines"), settings.text("tiers.asked")
    chosen = Tier(asked) if asked != "auto" and ask.trigger is Trigger.INVOKED else None
    way = route(Task(trigger=ask.trigger, lines=shown, chosen=chosen))
    window = context.window(document, ask.at, where, way.tier, limits)
    parts = tuple(replace(part, text=sendable(part.text)) for part in window.parts)
    request = CompletionRequest(
        trace_id=new_trace_id(),
        document=where,
        window=replace(window, parts=parts),
        tier=way.tier,
        trigger=ask.trigger,
        max_tokens=max(FEWEST_TOKENS, lines * TOKENS_A_LINE),
        max_lines=lines,
        client=client,
        tier_reasons=way.reasons,
        redact=redact,
        alternatives=MOST_ALTERNATIVES if ask.trigger is Trigger.INVOKED else 1,
        file="".join(document.lines) if whole else "",
    )
    anchor = anchor_of(window, ask.line[ask.at.character :], below(document, ask.at.line))
    return Flight(anchor, request, document.revision, budget_chars=context.budget_chars)
