"""How fast a limit is being used, and when it would be used up if that went on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..heard.view import Limit, View

NEARLY_SHARE = 0.8
JUDGED_AFTER_SHARE = 0.15
"""Before this share of the window is over, its pace says more about one burst than about the hour."""

REQUESTS = "requests"
SCOPES = ("user", "team", "org")
"""In the order in which they are shown; a scope this version does not know comes last."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How one limit stands at a moment.

    Attributes:
        share: used of the limit, 0 to 1 and beyond; None while unknown or without a limit.
        even_share: the share of the window that is over, which an even pace would have used.
        runs_out_at: when it is used up at this pace; None where it lasts until the reset.
    """

    limit: Limit
    share: float | None = None
    even_share: float | None = None
    runs_out_at: float | None = None

    @property
    def used_up(self) -> bool:
        return self.limit.used is not None and self.limit.used >= self.limit.limit

    @property
    def nearly(self) -> bool:
        """Whether little is left, or too little for the rest of the window."""
        return (self.share is not None and self.share >= NEARLY_SHARE) or (
            self.runs_out_at is not None
        )


def at(limit: Limit, now: float) -> Limit:
    """The limit at `now`: a window that has ended is empty again, as the broker counts it."""
    if limit.resets_at is not None and now >= limit.resets_at and limit.used is not None:
        return replace(limit, used=0.0, resets_at=None, as_of=now)
    return limit


def pace(limit: Limit, now: float) -> Pace:
    """How `limit` stands at `now`."""
    limit = at(limit, now)
    used = limit.used
    share = None if used is None or limit.limit <= 0 else used / limit.limit
    if limit.resets_at is None or not limit.window_s:
        return Pace(limit, share)
    over_s = now - (limit.resets_at - limit.window_s)
    if not 0 < over_s <= limit.window_s:
        return Pace(limit, share)  # A clock jumped, or the gateway's window is not the one it told.
    even = over_s / limit.window_s
    if used is None or used <= 0 or even < JUDGED_AFTER_SHARE or used >= limit.limit:
        return Pace(limit, share, even)
    ends = now + (limit.limit - used) * over_s / used
    return Pace(limit, share, even, ends if ends < limit.resets_at else None)


def limits(view: View, now: float, unit: str = REQUESTS) -> tuple[Pace, ...]:
    """The limits on `unit`, a person's own first."""
    known = [pace(limit, now) for limit in view.limits if limit.unit == unit]
    return tuple(
        sorted(
            known,
            key=lambda one: (
                SCOPES.index(one.limit.scope) if one.limit.scope in SCOPES else len(SCOPES)
            ),
        )
    )


def own(view: View, now: float) -> Pace | None:
    """The limit a person thinks of first: their own, else the first hard one, else the first."""
    known = limits(view, now)
    mine = [one for one in known if one.limit.scope == "user"]
    hard = [one for one in known if one.limit.hard]
    return next(iter((*mine, *hard, *known)), None)


def used_up(view: View, now: float) -> Pace | None:
    """The hard limit that forbids a request at `now`; of several, the one that resets last."""
    empty = [one for limit in view.limits if (one := pace(limit, now)).limit.hard and one.used_up]
    return max(empty, key=lambda one: one.limit.resets_at or now, default=None)


def nearly(view: View, now: float) -> Pace | None:
    """The hard limit that runs out first of those that nearly are."""
    close = [one for limit in view.limits if (one := pace(limit, now)).limit.hard and one.nearly]
    return min(close, key=lambda one: one.runs_out_at or now, default=None)
