"""Who may ask how often: one purse per scope, unit and window, corrected by the gateway's numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum


class Scope(StrEnum):
    """Whose limit it is."""

    USER = "user"
    TEAM = "team"
    ORG = "org"
    VENDOR = "vendor"


class Unit(StrEnum):
    """What is counted."""

    REQUESTS = "requests"
    TOKENS = "tokens"
    COST = "cost"


@dataclass(frozen=True, slots=True)
class Purse:
    """One limit over one window.

    Attributes:
        used: what is spent in this window; None while unknown (never shown as zero).
        resets_at: the end of the window; None until the first spending or the gateway tells it.
        hard: a hard limit stops requests, a soft one asks for a reason.
        source: who said so: `gateway`, `headers` or `ledger`.
        as_of: when `used` was last true.
    """

    scope: Scope
    unit: Unit
    limit: float
    window_s: float
    hard: bool = True
    used: float | None = None
    resets_at: float | None = None
    source: str = "ledger"
    as_of: float | None = None

    def at(self, now: float) -> Purse:
        """The purse as it is at `now`: a window that has ended is empty again."""
        if self.resets_at is not None and now >= self.resets_at:
            return replace(self, used=0.0, resets_at=None, as_of=now)
        return self

    @property
    def empty(self) -> bool:
        return self.used is not None and self.used >= self.limit


@dataclass(frozen=True, slots=True)
class Budget:
    """All purses that apply to this person."""

    purses: tuple[Purse, ...] = ()

    def at(self, now: float) -> Budget:
        return Budget(tuple(purse.at(now) for purse in self.purses))

    def exhausted(self, now: float) -> Purse | None:
        """The hard purse that forbids a request at `now`; of several, the one that resets last."""
        empty = [purse for purse in self.at(now).purses if purse.hard and purse.empty]
        return max(empty, key=lambda purse: purse.resets_at or now, default=None)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a gateway said about one limit, in a usage document or in response headers."""

    scope: Scope
    unit: Unit
    limit: float
    used: float | None
    window_s: float
    resets_at: float | None
    hard: bool = True
    source: str = "gateway"


def spend(budget: Budget, now: float, requests: int = 1) -> Budget:
    """The budget after sending `requests`, by our own count; the gateway's reading corrects it."""

    def after(purse: Purse) -> Purse:
        purse = purse.at(now)
        if purse.unit is not Unit.REQUESTS:
            return purse
        return replace(
            purse,
            used=(purse.used or 0.0) + requests,
            resets_at=purse.resets_at if purse.resets_at is not None else now + purse.window_s,
            as_of=now,
        )

    return Budget(tuple(after(purse) for purse in budget.purses))


MOST_PURSES = 24
"""More windows than any gateway has; one that names another with each answer must not fill memory."""
_SAME_WINDOW = 0.02
"""Windows are told in seconds and rounded by some."""


def observe(budget: Budget, readings: Iterable[Reading], now: float) -> Budget:
    """The budget corrected by what the gateway said; an unknown limit becomes a new purse."""
    purses = list(budget.at(now).purses)
    for said in readings:
        known = next((p for p in purses if _is_same(p, said)), None)
        after = Purse(
            scope=said.scope,
            unit=said.unit,
            limit=said.limit,
            window_s=said.window_s,
            hard=said.hard,
            used=said.used if said.used is not None else (known.used if known else None),
            resets_at=said.resets_at
            if said.resets_at is not None
            else (known.resets_at if known else None),
            source=said.source,
            as_of=now,
        )
        purses = [after if p is known else p for p in purses] if known else [*purses, after]
    return Budget(_newest(purses))


def exhaust(
    budget: Budget,
    scope: Scope,
    now: float,
    resets_at: float,
    limit: float | None = None,
    *,
    unit: Unit = Unit.REQUESTS,
) -> Budget:
    """The budget after the gateway refused a request for `scope`, whatever we had counted.

    A refusal names no window, only when it ends: of several purses of that scope and unit the one
    with the limit it names is meant, else the shortest that can last so long.
    """
    purses = budget.at(now).purses
    known = _meant([p for p in purses if (p.scope, p.unit) == (scope, unit)], now, resets_at, limit)
    full = limit if limit is not None else known.limit if known is not None else 0.0
    spent = replace(
        known or Purse(scope, unit, full, window_s=max(resets_at - now, 1.0)),
        limit=full,
        used=full,
        resets_at=resets_at,
        source="headers",
        as_of=now,
    )
    return Budget(_newest([*(p for p in purses if p is not known), spent]))


def poorest(budget: Budget, now: float) -> float | None:
    """What is left in the hard purse of requests that is emptiest, as a share; None if unknown."""
    shares = [
        max(1.0 - purse.used / purse.limit, 0.0) if purse.limit > 0 else 0.0
        for purse in budget.at(now).purses
        if purse.hard and purse.unit is Unit.REQUESTS and purse.used is not None
    ]
    return min(shares, default=None)


def _is_same(purse: Purse, said: Reading) -> bool:
    near = abs(purse.window_s - said.window_s) <= _SAME_WINDOW * max(purse.window_s, said.window_s)
    return (purse.scope, purse.unit) == (said.scope, said.unit) and near


def _meant(purses: list[Purse], now: float, resets_at: float, limit: float | None) -> Purse | None:
    named = [purse for purse in purses if limit is not None and purse.limit == limit]
    lasting = [p for p in purses if p.window_s >= (resets_at - now) * (1 - _SAME_WINDOW)]
    if named:
        return min(named, key=lambda purse: purse.window_s)
    if limit is not None and lasting and len(purses) > 1:
        # A limit none of them has is one of its own.
        return None
    return min(lasting, key=lambda p: p.window_s, default=purses[0] if len(purses) == 1 else None)


def _newest(purses: list[Purse]) -> tuple[Purse, ...]:
    """At most `MOST_PURSES`, without the ones that were told of longest ago; the order stays."""
    if len(purses) <= MOST_PURSES:
        return tuple(purses)
    kept = sorted(purses, key=lambda purse: purse.as_of or 0.0)[-MOST_PURSES:]
    return tuple(purse for purse in purses if purse in kept)
