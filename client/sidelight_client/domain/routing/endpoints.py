"""Which of a gateway's addresses is asked: one breaker for each address and tier, healthy ones first."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from ..completion import Tier
from .breaker import Breaker, BreakerSettings, BreakerState

MOST = 8
"""A gateway's zones; a longer list is a mistake, or somebody's idea of an attack."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """The tiers in which one address is not asked as usual, and when it is tried again.

    Attributes:
        state: the worst of its tiers' breakers.
        retry_at: the first moment at which one of them lets a request through.
        since: when the first of them tripped.
    """

    url: str
    state: BreakerState
    tiers: tuple[Tier, ...] = ()
    retry_at: float | None = None
    since: float | None = None


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The addresses of one gateway in their configured order, and what is known of each.

    The organisation says that they are one gateway: a token may travel to every one of them, and
    to no other address.
    """

    urls: tuple[str, ...] = ()
    settings: BreakerSettings = BreakerSettings()
    breakers: Mapping[tuple[str, Tier], Breaker] = field(
        default_factory=dict[tuple[str, Tier], Breaker]
    )

    def breaker(self, url: str, tier: Tier) -> Breaker:
        return self.breakers.get((url, tier)) or Breaker(self.settings)

    def learned(self, url: str, tier: Tier, breaker: Breaker) -> Endpoints:
        """The same with `breaker` for that address and tier."""
        return replace(self, breakers={**self.breakers, (url, tier): breaker})

    def with_urls(self, urls: Iterable[str]) -> Endpoints:
        """The same for `urls`; what is known of the ones that stay is kept."""
        known = tuple(dict.fromkeys(urls))[:MOST]
        kept = {key: breaker for key, breaker in self.breakers.items() if key[0] in known}
        return replace(self, urls=known, breakers=kept)

    def choose(
        self, tier: Tier, now: float, *, tried: Collection[str] = (), may_probe: bool = True
    ) -> str | None:
        """The address for one request; None when none may be asked.

        Args:
            tier: the request's.
            now: wall-clock seconds.
            tried: addresses this request was already sent to.
            may_probe: whether this request may be the one that finds out if a failed address works
                again although another is known to. One that a person asked for should not be.
        """
        open_to = [url for url in self.urls if url not in tried and self._allows(url, tier, now)]
        closed = [url for url in open_to if self._state(url, tier, now) is BreakerState.CLOSED]
        healthy = [url for url in closed if not self.breaker(url, tier).suspect(now)]
        probes = [url for url in open_to if url not in closed]
        first = probes if may_probe and not tried else []
        return next(iter((*first, *healthy, *closed, *probes)), None)

    def state(self, tier: Tier, now: float) -> BreakerState:
        """How `tier` stands for the person: as its best address."""
        states = [self._state(url, tier, now) for url in self.urls] or [BreakerState.CLOSED]
        return min(states, key=_BADNESS.index)

    def summary(self, now: float) -> tuple[BreakerState, float | None]:
        """The tier that is worst off, and when it is tried again; None unless it is open."""
        tier = max(Tier, key=lambda tier: _BADNESS.index(self.state(tier, now)))
        state = self.state(tier, now)
        return state, self.retry_at(tier) if state is BreakerState.OPEN else None

    def retry_at(self, tier: Tier) -> float | None:
        """When the first of its addresses is tried again; None while one is closed."""
        moments = [self.breaker(url, tier).retry_at for url in self.urls]
        known = [moment for moment in moments if moment is not None]
        return min(known) if known and len(known) == len(moments) else None

    def troubles(self, now: float) -> tuple[Trouble, ...]:
        """How each address stands, in configured order."""
        return tuple(self._trouble(url, now) for url in self.urls)

    def next_change_at(self, now: float) -> float | None:
        """When the next open breaker lets a request through."""
        moments = (breaker.retry_at for breaker in self.breakers.values())
        return min((moment for moment in moments if moment and moment > now), default=None)

    def _trouble(self, url: str, now: float) -> Trouble:
        failing = {
            tier: breaker
            for tier in Tier
            if (breaker := self.breakers.get((url, tier))) is not None
            and breaker.state(now) is not BreakerState.CLOSED
        }
        if not failing:
            return Trouble(url, BreakerState.CLOSED)
        return Trouble(
            url,
            max((breaker.state(now) for breaker in failing.values()), key=_BADNESS.index),
            tuple(failing),
            min((b.retry_at for b in failing.values() if b.retry_at is not None), default=None),
            min((b.open_since for b in failing.values() if b.open_since is not None), default=None),
        )

    def _state(self, url: str, tier: Tier, now: float) -> BreakerState:
        known = self.breakers.get((url, tier))
        return BreakerState.CLOSED if known is None else known.state(now)

    def _allows(self, url: str, tier: Tier, now: float) -> bool:
        return self.breaker(url, tier).allows(now)


_BADNESS = (BreakerState.CLOSED, BreakerState.HALF_OPEN, BreakerState.OPEN)
