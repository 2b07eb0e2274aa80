"""What the policy remembers of one document: rhythm, spending and usefulness, reduced from events."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import assert_never

from sidelight_client.api import freshness

FORGET_KEYS = 150
"""Spending per key is counted over about so many of the latest keys."""

SHORTEST_GAP_S = 0.03
LONGEST_GAP_S = 1.0
"""A longer gap between two keys is a pause, and says nothing about the rhythm."""

FAR = 64.0
"""Characters typed since the last failure, where there was none that still matters."""

NEWLINE_CHARS = 10.0
"""A new line takes as much from an earlier failure as so many characters do."""

MOVED_CHARS = 30.0
"""The same for a move of the cursor: what failed elsewhere may go well here."""

LONGEST_STRIDE = 60.0
"""A longer insertion is a paste or an accepted suggestion, and says as much as one of this length."""

GOES_ON, GOES_ON_IN_TEXT = 1.0, 0.05
"""How often somebody who typed a suggestion to its end goes on typing there, until a document tells.
In front of other text a suggestion fills a gap, and then the gap is filled."""

MOST_DELETED = 200
"""Of a longer deletion only the first characters are remembered."""

_RHYTHM = 0.15
_STRIDE = 0.1
_GOES_ON = 0.35
_USEFULNESS = 0.12
_ANSWER = 0.15
_LATENCY = 0.2


@dataclass(frozen=True, slots=True)
class Key:
    """An edit: what it put in and took out. A paste or an accepted suggestion is one edit."""

    at_s: float
    inserted: str
    deleted: str


@dataclass(frozen=True, slots=True)
class Moved:
    """The cursor went somewhere else without an edit."""

    at_s: float


@dataclass(frozen=True, slots=True)
class Sent:
    """A request was sent."""


@dataclass(frozen=True, slots=True)
class Refused:
    """What was to be sent cost nothing after all: the pause, a rule or a limit stood before it."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A request was answered after `latency_s`.

    Attributes:
        characters: the length of the longest text; 0 when it brought nothing.
        column: the characters that stood before the cursor on its line when it was sent.
    """

    latency_s: float
    characters: int
    column: int


@dataclass(frozen=True, slots=True)
class Followed:
    """A suggestion was accepted, or the person typed what it said.

    Attributes:
        to_the_end: nothing is left of it. Where something is, the person left it for other words,
            or slipped and will be back.
        in_text: more than closers stands behind the cursor on its line; None where that is not known.
    """

    to_the_end: bool = True
    in_text: bool | None = None


@dataclass(frozen=True, slots=True)
class Ignored:
    """A suggestion was shown, and the person typed something else; or it came too late to fit.

    Attributes:
        typed: how many characters were typed since it was asked for. The model knows that much more
            when it is asked again.
    """

    typed: int = 0


Event = Key | Moved | Sent | Refused | Answered | Followed | Ignored


@dataclass(slots=True)
class PolicyState:
    """The memory. Times are on the monotonic clock, in seconds.

    It is never changed, only replaced. It is not frozen because one is made at each key, and a frozen
    one takes seven times as long to make.

    Attributes:
        last_key_at_s: when the latest edit or move happened; None before the first.
        pause_s: how long nothing was typed before that edit.
        moved: the latest event moved the cursor and typed nothing.
        gap_s: the usual time between two keys.
        put_in: characters the latest edit put in at once; 0 where they were those of a suggestion.
        deleted: what was deleted since the last insertion, in the order of the text.
        since_failure: characters typed since a request brought nothing of use; `FAR` at most.
        since_left: characters typed since a suggestion was followed and then left for other words,
            which may be a slip; `FAR` at most.
        keys: keys typed, the older ones counting less.
        sent: requests sent, the older ones counting less. It begins low: an unspent hour must not
            look overspent before anything was bought.
        usefulness: which share (0..1) of the suggestions was followed, the older ones counting less
            and those that were tried soon after a failure hardly counting as failures.
        tried: how fresh an attempt the latest request was, as `freshness` counts.
        stride: the usual number of characters that one key puts in.
        answer_chars: the usual length of an answer at the start of a line.
        latency_s: how long answers usually take.
        goes_on: how often (0..1) somebody who typed a suggestion to its end goes on typing there,
            where the line ends.
        goes_on_in_text: the same in front of other text, which a suggestion often just fills up to.
        ended_in_text: a suggestion was just typed to its end, in front of other text or not; None
            where none was.
    """

    last_key_at_s: float | None = None
    pause_s: float = math.inf
    moved: bool = True
    gap_s: float = 0.15
    deleted: str = ""
    put_in: int = 0
    since_failure: float = FAR
    since_left: float = FAR
    keys: float = 60.0
    sent: float = 0.5
    usefulness: float = 0.6
    tried: float = 1.0
    stride: float = 1.0
    answer_chars: float = 30.0
    latency_s: float = 0.2
    goes_on: float = GOES_ON
    goes_on_in_text: float = GOES_ON_IN_TEXT
    ended_in_text: bool | None = None

    @property
    def spent_per_key(self) -> float:
        """Requests per key that typing did cost lately."""
        return self.sent / self.keys

    @property
    def keys_meanwhile(self) -> float:
        """Keys that are typed while a request is answered."""
        return self.latency_s / max(self.gap_s, SHORTEST_GAP_S)


def reduce(state: PolicyState, event: Event) -> PolicyState:
    """The state after `event`."""
    match event:
        case Key():
            return _typed(state, event)
        case Moved(at_s):
            far = min(state.since_failure + MOVED_CHARS, FAR)
            state = _after_end(state, went_on=False)
            return replace(state, last_key_at_s=at_s, moved=True, deleted="", since_failure=far)
        case Sent():
            tried = freshness(state.since_failure)
            return replace(state, sent=state.sent + 1.0, tried=tried)
        case Refused():
            return replace(state, sent=max(state.sent - 1.0, 0.0))
        case Answered(latency_s, characters, column):
            latency_s = _towards(state.latency_s, latency_s, _LATENCY)
            if not characters:
                return replace(state, latency_s=latency_s, since_failure=0.0)
            length = _towards(state.answer_chars, characters + column, _ANSWER)
            return replace(state, latency_s=latency_s, answer_chars=length)
        case Followed(to_the_end, in_text):
            useful = _towards(state.usefulness, 1.0, _USEFULNESS)
            since = FAR if to_the_end else 0.0
            return replace(
                state,
                usefulness=useful,
                tried=1.0,
                since_failure=since,
                since_left=since,
                put_in=0,
                ended_in_text=in_text if to_the_end else None,
            )
        case Ignored(typed):
            useful = _towards(state.usefulness, 0.0, _USEFULNESS * _blame(state))
            return replace(state, usefulness=useful, since_failure=min(float(typed), FAR))
        case _:
            assert_never(event)


def _typed(state: PolicyState, key: Key) -> PolicyState:
    if state.ended_in_text is not None and key.inserted:
        state = _after_end(state, went_on=True)
    pause_s = math.inf if state.last_key_at_s is None else key.at_s - state.last_key_at_s
    gap_s = _towards(state.gap_s, pause_s, _RHYTHM) if pause_s < LONGEST_GAP_S else state.gap_s
    characters = len(key.inserted.strip())
    typed = characters + (NEWLINE_CHARS if "\n" in key.inserted else 0.0)
    stride = min(max(characters, 1.0), LONGEST_STRIDE)
    keep = 1.0 - 1.0 / FORGET_KEYS
    # Written out: this is made at each key, and `replace` looks at every field three times.
    return PolicyState(
        usefulness=state.usefulness,
        tried=state.tried,
        answer_chars=state.answer_chars,
        latency_s=state.latency_s,
        goes_on=state.goes_on,
        goes_on_in_text=state.goes_on_in_text,
        # By ratios: one paste among keys must not count as a habit.
        stride=state.stride * (stride / state.stride) ** _STRIDE if key.inserted else state.stride,
        last_key_at_s=key.at_s,
        pause_s=pause_s,
        moved=False,
        gap_s=gap_s,
        put_in=len(key.inserted),
        deleted="" if key.inserted else (key.deleted + state.deleted)[:MOST_DELETED],
        since_failure=min(state.since_failure + typed, FAR),
        since_left=min(state.since_left + typed, FAR),
        keys=state.keys * keep + 1.0,
        sent=state.sent * keep,
    )


def _after_end(state: PolicyState, *, went_on: bool) -> PolicyState:
    """What is learned from what came after a suggestion that was typed to its end."""
    if state.ended_in_text is None:
        return state
    if state.ended_in_text:
        chance = _towards(state.goes_on_in_text, float(went_on), _GOES_ON)
        return replace(state, ended_in_text=None, goes_on_in_text=chance)
    chance = _towards(state.goes_on, float(went_on), _GOES_ON)
    return replace(state, ended_in_text=None, goes_on=chance)


def _blame(state: PolicyState) -> float:
    """How much a failure tells of the usefulness of a first attempt.

    It is so much that failures and successes keep the usefulness where it is when each attempt goes
    well with a chance of `usefulness * tried`.
    """
    expected = state.usefulness * state.tried
    return state.tried * (1.0 - state.usefulness) / (1.0 - expected) if expected < 1.0 else 1.0


def _towards(before: float, latest: float, share: float) -> float:
    return before + (latest - before) * share
