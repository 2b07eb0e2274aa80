"""The circuit breaker of one gateway endpoint and tier: stop asking a gateway that does not answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class BreakerState(StrEnum):
    """Closed lets everything through, open nothing, half-open exactly one probe."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class BreakerSettings:
    """When to trip and how long to stay open.

    The field's outage was cut short by a trip threshold of 12 s: an answer that takes longer
    counts as a failure whatever its status, and so does a gateway that has met no deadline for
    that long.
    """

    failures_to_trip: int = 3
    slow_s: float = 12.0
    open_s: float = 10.0
    open_max_s: float = 120.0


@dataclass(frozen=True, slots=True)
class Breaker:
    """The facts; the state is computed from them.

    Attributes:
        failures: consecutive failures while closed.
        trips: consecutive trips without a success in between; each doubles the pause.
        retry_at: when an open breaker lets a probe through; None while closed.
        probing_since: when the probe in flight was sent; None without one.
        silent_since: when the first of the answers that came too late since the last success was due.
        failed_at: the last failure since the last success; None without one.
        open_since: when it tripped; None while closed. A probe that fails does not change it.
    """

    settings: BreakerSettings = BreakerSettings()
    failures: int = 0
    trips: int = 0
    retry_at: float | None = None
    probing_since: float | None = None
    silent_since: float | None = None
    failed_at: float | None = None
    open_since: float | None = None

    def state(self, now: float) -> BreakerState:
        if self.retry_at is None:
            return BreakerState.CLOSED
        return BreakerState.OPEN if now < self.retry_at else BreakerState.HALF_OPEN

    def suspect(self, now: float) -> bool:
        """Whether it failed so recently that another endpoint is worth asking first."""
        return self.failed_at is not None and now - self.failed_at < self.settings.open_s

    def allows(self, now: float) -> bool:
        """Whether a request may be sent at `now`. A probe that never came back expires."""
        if self.state(now) is not BreakerState.HALF_OPEN:
            return self.state(now) is BreakerState.CLOSED
        return self.probing_since is None or now - self.probing_since > self.settings.slow_s


def sent(breaker: Breaker, now: float) -> Breaker:
    """After a request was let through: in half-open it becomes the probe."""
    if breaker.state(now) is BreakerState.HALF_OPEN:
        return replace(breaker, probing_since=now)
    return breaker


def succeeded(breaker: Breaker, took_s: float, now: float) -> Breaker:
    """After an answer, of whatever meaning, that shows the gateway is alive."""
    if took_s > breaker.settings.slow_s:
        return failed(breaker, now)
    return Breaker(settings=breaker.settings)


def failed(breaker: Breaker, now: float, retry_delay_s: float | None = None) -> Breaker:
    """After a time-out, a refused connection or a 5xx.

    Args:
        breaker: the breaker before.
        now: the moment of the failure.
        retry_delay_s: what the gateway asked for (Retry-After); it lengthens the pause up to the cap.
    """
    settings = breaker.settings
    failures = breaker.failures + 1
    if breaker.state(now) is BreakerState.CLOSED and failures < settings.failures_to_trip:
        return replace(breaker, failures=failures, failed_at=now)
    trips = breaker.trips + 1
    pause = min(settings.open_s * 2 ** (trips - 1), settings.open_max_s)
    if retry_delay_s is not None:
        pause = min(max(pause, retry_delay_s), settings.open_max_s)
    return replace(
        breaker,
        failures=failures,
        trips=trips,
        retry_at=now + pause,
        probing_since=None,
        failed_at=now,
        open_since=now if breaker.open_since is None else breaker.open_since,
    )


def late(breaker: Breaker, now: float) -> Breaker:
    """After a deadline passed without an answer.

    The fast tier's deadline is far below `slow_s`, so one miss means a slow answer and not a dead
    gateway; missing every deadline for `slow_s` does.
    """
    since = breaker.silent_since if breaker.silent_since is not None else now
    probing = breaker.state(now) is BreakerState.HALF_OPEN
    if probing or now - since >= breaker.settings.slow_s:
        silent = replace(breaker, failures=breaker.settings.failures_to_trip, silent_since=since)
        return failed(silent, now)
    return replace(breaker, silent_since=since, failed_at=now)


def abandoned(breaker: Breaker) -> Breaker:
    """After a request was cancelled by us: it says nothing about the gateway."""
    return replace(breaker, probing_since=None)
