"""Gathers what the policy of a document must know about an ask, and lets it decide."""

from __future__ import annotations

from collections.abc import Callable

from sidelight_client.api import Broker, Settings

from ..completing.asks import Ask
from ..completing.lane import Lane
from ..documents.document import TextDocument
from ..window.budgeting import Budgeting
from .policy import Because, Decision


class Deciding:
    """What is known at this moment beside the document: rules, settings, the budget and the clock."""

    def __init__(
        self, broker: Broker, settings: Callable[[], Settings], budgeting: Budgeting
    ) -> None:
        self._broker = broker
        self._settings = settings
        self._budgeting = budgeting
        self._now_s = broker.clock.monotonic

    def decide(self, lane: Lane, document: TextDocument, ask: Ask) -> Decision:
        """What to do about `ask`."""
        if not self._broker.may_leave(document.uri, document.language):
            # What the gateway once brought for this place may not be shown either; the broker says why.
            lane.policy.forget()
        settings = self._settings()
        flying = lane.flying
        return lane.policy.decide(
            document,
            ask.at,
            trigger=ask.trigger,
            joinable=flying and lane.joinable(document, ask.at),
            prefetching=flying and (lane.prefetch is not None or lane.coming),
            refused=_refused(settings, document.language),
            pace=self._budgeting.pace(),
            now_s=self._now_s(),
            shortest_rest_s=settings.number("completions.debounce_ms") / 1000,
        )


def _refused(settings: Settings, language: str) -> Because | None:
    """Why nothing is sent of a document in `language`; None where something may be."""
    if not settings.flag("completions.enabled"):
        return Because.SWITCHED_OFF
    off = language in settings.items("completions.languages_off")
    return Because.LANGUAGE_OFF if off else None
