"""Who may ask how often: one purse per scope, spent by us and corrected by the gateway's numbers."""

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


def observe(budget: Budget, readings: Iterable[Reading], now: float) -> Budget:
    """The budget corrected by what the gateway said; an unknown limit becomes a new purse."""
    purses = {(purse.scope, purse.unit): purse for purse in budget.at(now).purses}
    for said in readings:
        known = purses.get((said.scope, said.unit))
        purses[said.scope, said.unit] = Purse(
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
    return Budget(tuple(purses.values()))


def exhaust(
    budget: Budget, scope: Scope, now: float, resets_at: float, limit: float | None = None
) -> Budget:
    """The budget after the gateway refused a request for `scope`, whatever we had counted."""
    known = next((p for p in budget.purses if p.scope is scope and p.unit is Unit.REQUESTS), None)
    if known is None:
        full = limit if limit is not None else 0.0
        known = Purse(scope, Unit.REQUESTS, full, window_s=max(resets_at - now, 1.0))
    ceiling = limit if limit is not None else known.limit
    spent = replace(
        known, limit=ceiling, used=ceiling, resets_at=resets_at, source="headers", as_of=now
    )
    others = tuple(p for p in budget.purses if (p.scope, p.unit) != (scope, Unit.REQUESTS))
    return Budget((*others, spent))
