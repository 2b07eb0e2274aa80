"""What the broker tells this session all along: what may be spent, whose gateway it is, what ends memory."""

from __future__ import annotations

from collections.abc import Callable

from sidelight_client.api import (
    UNLIMITED,
    Broker,
    Budget,
    Pace,
    Phase,
    Snapshot,
    Subscription,
    pace,
)

PACE_KEPT_S = 1.0
"""The pace of the same budget is that of a moment ago: it is asked for at each key."""


class Budgeting:
    """Follows the broker's snapshot from the first question until `stop`, and never asks for one twice.

    `forget` is called when suggestions may no longer be shown: on sign-out, on pause and when other
    languages are paused than before.
    """

    def __init__(self, broker: Broker, forget: Callable[[], None]) -> None:
        self._broker = broker
        self._forget = forget
        self._snapshot: Snapshot | None = None
        self._unsubscribe: Subscription | None = None
        self._now = broker.clock.now
        self._pace: tuple[Budget, float, Pace] | None = None

    def pace(self) -> Pace:
        """How much typing may cost now. A gateway without limits costs no calculation."""
        if self._snapshot is None:
            self._snapshot = self._broker.snapshot()
            self._unsubscribe = self._broker.subscribe(self._told)
        budget = self._snapshot.budget
        if not budget.purses:
            return UNLIMITED
        now, known = self._now(), self._pace
        if known is None or known[0] is not budget or not 0 <= now - known[1] < PACE_KEPT_S:
            self._pace = known = (budget, now, pace(budget, now))
        return known[2]

    def gateway(self) -> str:
        """What the gateway calls itself; empty before it said."""
        return (self._snapshot or self._broker.snapshot()).gateway.name

    def stop(self) -> None:
        """Follow no longer."""
        if self._unsubscribe is not None:
            self._unsubscribe()
        self._unsubscribe = self._snapshot = None

    def _told(self, snapshot: Snapshot) -> None:
        before, self._snapshot = self._snapshot, snapshot
        paused_until = snapshot.paused_until
        paused = paused_until is not None and self._broker.clock.now() < paused_until
        newly = before is not None and before.languages_paused != snapshot.languages_paused
        if paused or newly or snapshot.session.phase is Phase.SIGNED_OUT:
            self._forget()
