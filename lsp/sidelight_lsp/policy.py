"""When a request is bought, as a pure decision: the server and a simulator can run the same code.

A person may have 120 requests an hour. Reusing, then joining, then waiting for a pause is the
order in which nothing is paid twice.
"""

from __future__ import annotations

from dataclasses import dataclass

from sidelight_client.api import Trigger

LINGER_S = 0.5
"""How long a request without an asker stays joinable: VS Code cancels and asks again 42 ms later."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known when the editor asks.

    Attributes:
        left: what is left of the latest suggestion at the cursor.
        joinable: a request in flight whose text still leads to the cursor.
        wanted: suggestions are switched on here.
        debounce_s: how long typing must rest.
    """

    left: tuple[str, ...]
    joinable: bool
    wanted: bool
    trigger: Trigger
    debounce_s: float


@dataclass(frozen=True, slots=True)
class Reuse:
    """Answer now with `texts`; nothing is sent."""

    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Nothing:
    """Answer now that there is nothing."""


@dataclass(frozen=True, slots=True)
class Join:
    """Wait for the request in flight and trim its answer by what was typed meanwhile."""


@dataclass(frozen=True, slots=True)
class Buy:
    """Send a request of its own if nothing newer comes for `after_s`."""

    after_s: float


Decision = Reuse | Nothing | Join | Buy


def decide(situation: Situation) -> Decision:
    """What to do about a request of the editor."""
    if situation.left:
        return Reuse(situation.left)
    if not situation.wanted:
        return Nothing()
    if situation.joinable:
        return Join()
    return Buy(rest_s(situation.trigger, situation.debounce_s))


def rest_s(trigger: Trigger, debounce_s: float) -> float:
    """How long typing must rest before a request is sent; who asks explicitly does not wait."""
    return 0.0 if trigger is Trigger.INVOKED else debounce_s


def deserves_its_own(*, texts: bool, same_place: bool, asked: Trigger, sent: Trigger) -> bool:
    """Whether an ask that joined a request and got nothing of it is worth a request of its own.

    Args:
        texts: the request brought texts, but none that continues what was typed meanwhile.
        same_place: the request was for the very place of the ask.
        asked: how the editor asked.
        sent: what the request was sent for; an explicit ask may wait longer than an automatic one.
    """
    mistyped = texts and not same_place
    patient = asked is Trigger.INVOKED and sent is Trigger.AUTOMATIC
    return mistyped or patient
