"""The card of recent decisions: what was refused, blocked or late, why, and the one thing to do about it."""

from __future__ import annotations

from ..face import phrases
from ..face.acts import Act, Action, Tone
from ..heard.view import Decision, View
from .content import Card, Entry, Item, Mark, Note, Span

SLOW_S = 8.0
_ABANDONED = "abandoned"


def decisions_card(view: View, now: float, shown: int, link: Action | None = None) -> Card:
    """What Sidelight decided lately that a person may wonder about."""
    notable = [one for one in view.decisions if _notable(one)]
    entries: tuple[Item, ...] = tuple(_entry(one, view, now) for one in notable[:shown])
    more = len(notable) - len(entries)
    right = (Span(f"{more} more", Tone.MUTED),) if more > 0 and link is None else ()
    if not entries:
        entries = (Note("Nothing was blocked, refused or late."),)
    return Card("decisions", "Recent decisions", entries, right=right, link=link)


def _notable(decision: Decision) -> bool:
    late = decision.total_s is not None and decision.total_s >= SLOW_S
    return decision.outcome not in {"completed", _ABANDONED} or late


_ENTRIES = {
    "blocked": (Mark.SQUARE, Tone.BAD, "Blocked by a rule"),
    "limited": (Mark.RING, Tone.WARN, "Refused: a limit is used up"),
    "unavailable": (Mark.TRIANGLE, Tone.WARN, "No answer from the gateway"),
    "unauthorized": (Mark.SQUARE, Tone.BAD, "Not signed in"),
    "completed": (Mark.DASH, Tone.ACCENT, "Slow answer"),
}

REASONS = {
    "user": "your own limit",
    "team": "your team's limit",
    "org": "your organisation's limit",
    "vendor": "the model vendor's limit",
    "paused": "suggestions were paused",
    "language_paused": "you paused this language",
    "language_off": "this language is off",
    "switched_off": "suggestions are switched off",
    "offline": "this machine was offline",
    "deadline": "it came too late",
    "breaker_open": "the gateway was left alone for a moment",
    "gateway_down": "the gateway could not be reached",
    "context_too_large": "more text than the gateway takes",
    "scanner_down": "the gateway could not check it",
    "rules_not_ready": "the rules were not known yet",
    "refused": "the gateway's answer could not be read",
    "signed_out": "you were signed out",
    "renewing": "the session was being renewed",
    "needs_person": "the session needed you",
    "key_unknown": "the gateway does not know your key",
    "model_denied": "this model is not for you",
}
"""Why a request brought nothing, by the broker's word; a rule's id stays as it is."""


def _entry(decision: Decision, view: View, now: float) -> Entry:
    mark, tone, title = _ENTRIES.get(
        decision.outcome, (Mark.DASH, Tone.MUTED, decision.outcome.capitalize())
    )
    done = decision.outcome == "completed"
    said = (
        phrases.clock(decision.at, now),
        f"{phrases.took(decision.total_s)} {decision.tier}".rstrip() if done else "",
        REASONS.get(decision.reason, decision.reason),
        "" if decision.place else phrases.language(decision.language),
    )
    return Entry(
        mark,
        tone,
        title,
        " · ".join(part for part in said if part),
        _action(decision, view),
        phrases.place(decision.place),
        decision.place,
    )


def _action(decision: Decision, view: View) -> Action | None:
    """The one thing that can be done about a decision.

    An exception can be asked for where somebody takes the request: the gateway, or a form. An older
    broker does not tell whether the gateway does.
    """
    trace = decision.trace_id
    heard = view.takes_messages is not False or bool(decision.form_url)
    if decision.outcome == "blocked" and decision.reason and trace and heard:
        about = f"{decision.reason} {trace} {decision.form_url}".rstrip()
        return Action(Act.REQUEST_EXCEPTION, "Request exception", about)
    return Action(Act.COPY_TRACE, "Copy trace ID", trace) if trace else None
