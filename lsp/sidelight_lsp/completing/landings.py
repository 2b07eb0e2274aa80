"""What an ended request means: a suggestion to keep, a lesson for the policy, a record to explain by."""

from __future__ import annotations

from dataclasses import replace

from sidelight_client.api import Completed, Outcome, Source, Trigger, Unavailable, UnavailableReason

from ..deciding.document_policy import DocumentPolicy
from .asks import Flight, Landing
from .through import Suggestion, unix


def learn(policy: DocumentPolicy, flight: Flight, outcome: Outcome | None, took_s: float) -> None:
    """Let the policy of the document learn from how a request ended, `took_s` after it was sent."""
    # What had come of it is replaced, or was the beginning of an answer that came to nothing.
    policy.suggestions.forget(flight.request.trace_id)
    if isinstance(outcome, Completed):
        policy.landed(_suggestion(flight, outcome), took_s, flight.column)
        return
    late = isinstance(outcome, Unavailable) and outcome.reason is UnavailableReason.DEADLINE
    if outcome is not None and not late:
        policy.refused()


def begun(flight: Flight, text: str, source: Source) -> Suggestion:
    """What may be shown of an answer that is still coming."""
    request = flight.request
    return Suggestion(
        flight.anchor,
        (unix(text),),
        request.trace_id,
        source,
        request.tier,
        asked=request.trigger is Trigger.INVOKED,
        shown_early=True,
    )


def landing(
    flight: Flight,
    outcome: Outcome,
    *,
    offered: bool,
    ahead: bool,
    gateway: str,
    deadline_ms: float,
) -> Landing:
    """The record of a request.

    Args:
        flight: the request.
        outcome: how it ended.
        offered: whether the editor got a text of it.
        ahead: whether it was sent ahead of the cursor.
        gateway: what the gateway is called.
        deadline_ms: how long its tier may take.
    """
    request = flight.request
    facts: dict[str, str | float | None] = {
        "name": gateway,
        "language": request.document.language,
        "deadline_ms": deadline_ms,
    }
    return Landing(
        request.document.uri,
        replace(request, file=""),
        outcome,
        offered,
        flight.revision,
        facts,
        flight.context_s,
        flight.budget_chars,
        ahead,
    )


def _suggestion(flight: Flight, outcome: Completed) -> Suggestion | None:
    """What it brought; None where it had nothing to add."""
    texts = tuple(unix(text) for text in outcome.texts if text)
    if not texts:
        return None
    return Suggestion(
        flight.anchor,
        texts,
        outcome.trace_id,
        outcome.source,
        outcome.tier,
        asked=flight.request.trigger is Trigger.INVOKED,
        shown_early=flight.shown_early,
    )
