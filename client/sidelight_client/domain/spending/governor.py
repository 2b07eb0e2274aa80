"""The governor of the budget: how many requests typing may cost, and the price that keeps to it.

A price is in the unit of `domain.spending.value`: the typed characters a request must be expected to cover
before it is bought. It rises while more is spent per key than the budget lasts for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from .budget import Budget, Purse, Scope, Unit

FRUGAL_PER_KEY = 0.06
"""Requests per key that typing may cost where no budget is tighter: 60 in 1,000 keys. More brings
next to no further suggestion onto the screen (`python -m benchmarks --only policy`)."""

KEYS_PER_S = 2.0
"""What a person types over an hour of work: bursts of 5 keys a second, two fifths of the time."""

RESERVE_SHARE = {Scope.USER: 0.1, Scope.TEAM: 0.03, Scope.ORG: 0.01, Scope.VENDOR: 0.03}
"""The share of a hard limit that is kept for what people ask for explicitly."""

HORIZON_S = 900.0
"""A limit with a shorter window than this is spent evenly over several of its windows."""

SOFT_PER_KEY = 0.012
"""A soft limit slows typing down to this and no further: it asks for a reason, it does not stop."""

BASE_SHARE = 0.03
"""The price while exactly as much is spent as the budget lasts for, as a share of a usual answer."""

POVERTY = 1.2
"""How much dearer everything is out of a tight budget: what is affordable at all goes to the places
where an answer carries far, the starts of lines and blocks and what follows a pause."""

STEEPNESS = 1.5
CHEAPEST = 0.3
"""However little was spent, what covers fewer characters than this share of a base is not worth it."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How much typing may cost now.

    Attributes:
        per_key: requests per key typed; infinite where nothing is limited.
        purse: the limit that decides; None where nothing is limited.
        reserved: only what people ask for explicitly is left of it.
    """

    per_key: float = math.inf
    purse: Purse | None = None
    reserved: bool = False

    @property
    def rich(self) -> bool:
        """Whether the budget allows all that is worth sending."""
        return not self.reserved and self.per_key >= FRUGAL_PER_KEY


UNLIMITED = Pace()


def pace(budget: Budget, now: float) -> Pace:
    """The pace of the tightest limit.

    A hard limit that is used up does not count: the broker refuses the request without sending it,
    and says which limit it was.
    """
    paces = [_pace(purse, now) for purse in budget.at(now).purses if _counts(purse)]
    return min(paces, key=lambda one: (not one.reserved, one.per_key), default=UNLIMITED)


def price(pace: Pace, spent_per_key: float, answer_chars: float) -> float:
    """The characters a request must be expected to cover to be bought; infinite in the reserve.

    Args:
        pace: what typing may cost.
        spent_per_key: requests per key that typing did cost lately.
        answer_chars: how long answers usually are: where one carries far, a small part of it is
            not worth a request.
    """
    if pace.reserved:
        return math.inf
    allowed = min(pace.per_key, FRUGAL_PER_KEY)
    if allowed <= 0:
        return math.inf
    base = BASE_SHARE * math.pow(FRUGAL_PER_KEY / allowed, POVERTY)
    return answer_chars * base * max(math.pow(spent_per_key / allowed, STEEPNESS), CHEAPEST)


def lasts_until(purse: Purse, now: float) -> float | None:
    """When a limit is used up if it is spent as it was in this window so far.

    The end of the window where it lasts that long; None while too little is known to say.
    """
    purse = purse.at(now)
    if purse.used is None or purse.resets_at is None:
        return None
    elapsed = purse.window_s - (purse.resets_at - now)
    if purse.used >= purse.limit:
        return now
    if purse.used <= 0 or elapsed <= 0:
        return purse.resets_at
    return min(now + (purse.limit - purse.used) * elapsed / purse.used, purse.resets_at)


def _counts(purse: Purse) -> bool:
    """Whether a limit tells how many requests may be sent; tokens and cost are the gateway's to hold."""
    known = purse.unit is Unit.REQUESTS and purse.used is not None and purse.limit > 0
    return known and not (purse.hard and purse.empty)


def _pace(purse: Purse, now: float) -> Pace:
    used = purse.used or 0.0
    reserve = max(purse.limit * RESERVE_SHARE[purse.scope], 1.0) if purse.hard else 0.0
    free = purse.limit - used - reserve
    left_s = purse.resets_at - now if purse.resets_at is not None else purse.window_s
    coming = 0.0
    if purse.window_s <= HORIZON_S:
        # What fills up so soon would be spent on trifles just before, and be missing right after.
        coming = purse.limit * max(HORIZON_S - left_s, 0.0) / purse.window_s
        left_s = HORIZON_S
    per_key = max(free + coming, 0.0) / (max(left_s, 1.0) * KEYS_PER_S)
    if not purse.hard:
        return Pace(max(per_key, SOFT_PER_KEY), purse)
    return Pace(per_key, purse, reserved=free < 1.0)
