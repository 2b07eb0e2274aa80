"""What a simulated gateway allows, told to the governor the way a real one tells it: as a budget."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from sidelight_client.api import UNLIMITED, Budget, Pace, Purse, Scope, Unit, pace

HOUR_S = 3600.0


class Allowance(Protocol):
    """What may be spent; times are seconds since the run began."""

    def pace(self, now_s: float) -> Pace:
        """What the governor makes of what is left."""
        ...

    def take(self, now_s: float) -> bool:
        """Spend one request; False if the limit forbids it."""
        ...

    def left(self, now_s: float) -> float | None:
        """How many requests are left; None where nothing is limited."""
        ...


class Unlimited:
    """A gateway without limits."""

    def pace(self, now_s: float) -> Pace:
        del now_s
        return UNLIMITED

    def take(self, now_s: float) -> bool:
        del now_s
        return True

    def left(self, now_s: float) -> float | None:
        del now_s
        return None


@dataclass(slots=True)
class Held(Unlimited):
    """A gateway without limits, and a governor that keeps to so many requests a key all the same."""

    per_key: float

    def pace(self, now_s: float) -> Pace:
        del now_s
        return Pace(self.per_key)


@dataclass(slots=True)
class Bucket:
    """A hard bucket: so many requests an hour come in steadily, and no more than `burst` are kept."""

    per_hour: float
    burst: float
    tokens: float = field(init=False)
    as_of_s: float = 0.0

    def __post_init__(self) -> None:
        self.tokens = self.burst

    def pace(self, now_s: float) -> Pace:
        missing = self.burst - (self.left(now_s) or 0.0)
        full_s = missing * HOUR_S / self.per_hour
        window_s = self.burst * HOUR_S / self.per_hour
        purse = Purse(
            Scope.USER,
            Unit.REQUESTS,
            self.burst,
            window_s,
            used=missing,
            resets_at=now_s + full_s,
        )
        return pace(Budget((purse,)), now_s)

    def take(self, now_s: float) -> bool:
        self.tokens, self.as_of_s = self.left(now_s) or 0.0, now_s
        if self.tokens < 1.0:
            return False
        self.tokens -= 1.0
        return True

    def left(self, now_s: float) -> float | None:
        gained = (now_s - self.as_of_s) * self.per_hour / HOUR_S
        return min(self.tokens + gained, self.burst)


@dataclass(slots=True)
class Window:
    """A hard limit an hour: what is spent in it is gone until it ends."""

    limit: float
    used: float = 0.0

    def pace(self, now_s: float) -> Pace:
        ends = (now_s // HOUR_S + 1) * HOUR_S
        purse = Purse(Scope.USER, Unit.REQUESTS, self.limit, HOUR_S, used=self.used, resets_at=ends)
        return pace(Budget((purse,)), now_s)

    def take(self, now_s: float) -> bool:
        del now_s
        if self.used >= self.limit:
            return False
        self.used += 1.0
        return True

    def left(self, now_s: float) -> float | None:
        del now_s
        return self.limit - self.used
