"""When a request is bought, as a pure decision: the server and the simulator run this same code.

A person may have 120 requests an hour. Reusing, then joining, then buying what covers much typing
is the order in which nothing is paid twice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from sidelight_client.api import Moment, Pace, Place, Trigger, price, value

from .policy_state import PolicyState

LINGER_S = 0.5
"""How long a request without an asker stays joinable: VS Code cancels and asks again 42 ms later."""

MOST_ADRIFT = 2
"""How many requests for places the cursor has left may still be under way. They are paid, and the
person often comes back."""

REST_GAPS = 2.0
"""Typing rests when nothing came for so many of the person's usual gaps between keys."""

SHORTEST_REST_S, LONGEST_REST_S = 0.12, 0.6
PATIENCE_S = 1.2
"""After so long a pause nothing more is learned by waiting: ask then, or not at all."""

BURST_SHARE = 0.9
"""What a request is worth in the middle of a burst, beside one sent when typing rests: it meets more
slips that are corrected a moment later, and some keys go by before its answer."""

LEADING_SHARE = 1.0
"""The same at the first key after a pause: it says what the person has made up their mind to."""

PATIENCE_GAIN = 1.3
"""What is not worth its price when typing rests may be when the person stops and looks."""

PATIENCE_CHARS = 6.0
"""Whoever stops and looks has seen that a suggestion failed: it counts as so many characters typed on."""

IGNORED = 0.2
"""Where less of the latest suggestions is followed, that is why nothing is bought."""

MOVED_SHARE = 0.4
"""What a request is worth where the cursor was only put: whoever reads may not want to write."""

FRUGAL_LINES = 8
"""So many lines are asked for out of a tight budget: twice the usual four cost the same request."""

SLIP_CHARS, SLIP_CHARS_MOST = 5.0, 20.0
"""Whoever goes on for so many characters did not slip. Where more are typed while an answer is under way,
a longer look costs little, and an answer for what is thrown away again costs a request."""

SLOW_KEYS = 4.0
"""Where so many keys are typed while an answer is under way, nothing is sent in the middle of a word:
most slips are put right before the word ends."""

PASTED_CHARS = 120
"""So many characters at once, and not of a suggestion, were pasted."""

PREFETCH_LEFT, PREFETCH_LEFT_MOST = 12, 40
"""With so many characters left of a suggestion, what follows it is fetched; earlier where answers
take longer than these are typed, but never long before it is known to be right."""

PREFETCH_SPARE = 4
"""So many characters more than are typed while an answer is under way."""

PREFETCH_TYPED = 4
"""So much of a suggestion must have been typed before one that builds on it is bought."""

PREFETCH_CHANCE = 0.7
"""How often what follows a suggestion that proved right is right, too."""


class Because(StrEnum):
    """Why a keystroke bought nothing."""

    SWITCHED_OFF = "switched_off"
    LANGUAGE_OFF = "language_off"
    BELOW_VALUE = "below_value"
    WAITING_FOR_A_PAUSE = "waiting_for_a_pause"
    IGNORED_LATELY = "ignored_lately"
    SAVING = "saving"
    RESERVE = "reserve"
    JUST_DELETED = "just_deleted"


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known when the editor asks.

    Attributes:
        left: what is left of the best suggestion at the cursor, and how much of it was typed.
        asked: the person asked for that suggestion: there is nothing to be had beside it.
        following: how much of it was typed already, in characters.
        joinable: a request in flight whose text still leads to the cursor.
        prefetched: what follows the suggestion is here or on its way.
        refused: why nothing is sent from here at all; None where something may be.
        moment: what the request would be worth.
        state: what the policy remembers of the document.
        pace: what the budget allows.
        now_s: the monotonic clock.
        shortest_rest_s: how long the person wants typing to rest at least.
    """

    left: tuple[str, ...]
    following: int
    joinable: bool
    prefetched: bool
    refused: Because | None
    trigger: Trigger
    moment: Moment
    state: PolicyState
    pace: Pace
    now_s: float
    shortest_rest_s: float = 0.0
    asked: bool = False


@dataclass(frozen=True, slots=True)
class Reuse:
    """Answer now with `texts`; nothing is sent for it. `prefetch` what follows the first of them."""

    texts: tuple[str, ...]
    prefetch: bool = False


@dataclass(frozen=True, slots=True)
class Nothing:
    """Answer now that there is nothing."""

    because: Because


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
    if situation.refused is not None:
        return Nothing(situation.refused)
    if situation.left and reuses(situation.trigger, asked=situation.asked):
        return Reuse(situation.left, prefetch=_prefetches(situation))
    if situation.joinable:
        return Join()
    return bid(situation)


def reuses(trigger: Trigger, *, asked: bool) -> bool:
    """Whether what is left of a suggestion is the answer; `asked` as `Situation` has it."""
    # Who asks explicitly where something is shown already wants to see what else there is.
    return asked or trigger is not Trigger.INVOKED


def nearly_typed(left: str, following: int, state: PolicyState) -> bool:
    """Whether a suggestion of which `left` is left may be typed before what follows it is there."""
    meanwhile = state.keys_meanwhile + PREFETCH_SPARE
    near = len(left) <= min(max(PREFETCH_LEFT, meanwhile), PREFETCH_LEFT_MOST)
    return near and following >= PREFETCH_TYPED


def bid(situation: Situation) -> Buy | Nothing:
    """Whether and when a request is worth its price; who asks explicitly does not wait."""
    if situation.trigger is Trigger.INVOKED:
        return Buy(0.0)
    state, shortest_s = situation.state, situation.shortest_rest_s
    asked = price(situation.pace, state.spent_per_key, state.answer_chars)
    moved = MOVED_SHARE if state.moved else 1.0
    goes_on = _goes_on(situation) if state.ended_in_text is not None else 1.0
    worth = value(situation.moment) * moved * goes_on
    rested_s = _rested_s(situation)
    if _slow(state) and _slipping(state):
        return Nothing(_why_not(situation))
    unsettled = _unsettled(situation)
    if not unsettled and worth * _share_at_once(state) >= asked:
        return Buy(max(shortest_s - rested_s, 0.0))
    # A cursor put into a text is most often there to read, or on its way; so it is behind a paste.
    passing = state.moved and situation.moment.place is Place.BEFORE_TEXT
    passing |= state.put_in >= PASTED_CHARS
    if worth >= asked and not passing:
        wait_s = rest_s(state)
        if unsettled:
            # Whoever goes on within the time an answer takes would not see it.
            wait_s = min(max(wait_s * 2, LONGEST_REST_S, state.latency_s), PATIENCE_S)
        return Buy(max(wait_s - rested_s, shortest_s - rested_s, 0.0))
    # Who stops in front of other text has most often done there what was to be done.
    failed = situation.moment.since_failure
    if failed > 0 and situation.moment.place is not Place.BEFORE_TEXT:
        patient = replace(situation.moment, since_failure=failed + PATIENCE_CHARS)
        worth = value(patient) * moved * goes_on
    if worth * PATIENCE_GAIN >= asked:
        return Buy(max(PATIENCE_S - rested_s, shortest_s - rested_s, 0.0))
    return Nothing(_why_not(situation))


def lines_asked(pace: Pace, longest: int) -> int:
    """How many lines to ask for where the person wants to see `longest` at once.

    Out of a tight budget a request brings more than is shown: what follows is there, unpaid, once
    the lines before it are typed or accepted.
    """
    return longest if pace.rich else max(longest, FRUGAL_LINES)


def rest_s(state: PolicyState) -> float:
    """How long nothing must come until typing rests, by the rhythm of this person."""
    return min(max(state.gap_s * REST_GAPS, SHORTEST_REST_S), LONGEST_REST_S)


def deserves_its_own(*, texts: bool, same_place: bool, asked: Trigger, sent: Trigger) -> bool:
    """Whether an ask that joined a request and got nothing of it may bid for one of its own.

    Args:
        texts: the request brought texts, but none that continues what was typed meanwhile.
        same_place: the request was for the very place of the ask.
        asked: how the editor asked.
        sent: what the request was sent for; an explicit ask may wait longer than an automatic one.
    """
    mistyped = texts and not same_place
    patient = asked is Trigger.INVOKED and sent is Trigger.AUTOMATIC
    return mistyped or patient


def _share_at_once(state: PolicyState) -> float:
    """What a request sent at once is worth beside one sent when typing rests."""
    return LEADING_SHARE if state.pause_s >= rest_s(state) else BURST_SHARE


def _unsettled(situation: Situation) -> bool:
    """Whether the person may be about to do something else here: then nothing is sent at once.

    After a move nothing was typed yet, after a deletion more may go, a paste is most often changed
    inside before anything is typed behind it, a word may be misspelt, and whoever leaves a suggestion
    that was followed so far has most often slipped.
    """
    state = situation.state
    pasted = state.put_in >= PASTED_CHARS
    if state.moved or state.deleted or pasted or _slipping(state):
        return True
    in_word = situation.moment.place is Place.INSIDE_WORD and state.put_in == 1
    return in_word and _slow(state)


def _slow(state: PolicyState) -> bool:
    return state.keys_meanwhile >= SLOW_KEYS


def _slipping(state: PolicyState) -> bool:
    """Whether a suggestion that was followed was left so few characters ago that it may be a slip."""
    return state.since_left < min(max(state.keys_meanwhile, SLIP_CHARS), SLIP_CHARS_MOST)


def _rested_s(situation: Situation) -> float:
    last_s = situation.state.last_key_at_s
    return 0.0 if last_s is None else max(situation.now_s - last_s, 0.0)


def _prefetches(situation: Situation) -> bool:
    """Whether to fetch what follows a suggestion that is nearly typed; never out of a tight budget."""
    if situation.prefetched or not situation.pace.rich:
        return False
    state = situation.state
    if not nearly_typed(situation.left[0], situation.following, state):
        return False
    asked = price(situation.pace, state.spent_per_key, state.answer_chars)
    return state.answer_chars * PREFETCH_CHANCE * _goes_on(situation) >= asked


def _goes_on(situation: Situation) -> float:
    """How likely (0..1) typing goes on where a suggestion ends."""
    in_text = situation.moment.place is Place.BEFORE_TEXT
    return situation.state.goes_on_in_text if in_text else situation.state.goes_on


def _why_not(situation: Situation) -> Because:
    if situation.pace.reserved:
        return Because.RESERVE
    if not situation.pace.rich:
        return Because.SAVING
    if situation.state.deleted:
        return Because.JUST_DELETED
    ignored = situation.state.usefulness < IGNORED
    return Because.IGNORED_LATELY if ignored else Because.BELOW_VALUE
