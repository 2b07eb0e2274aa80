"""Finds out in the background how a model is best asked, when nobody waits and nothing is scarce."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace

from ..domain.completion import Tier
from ..domain.identity.grant import Grant
from ..domain.spending.budget import observe, poorest, spend
from ..ports import Clock, Finish, Gateway
from .facts import BrokerFacts

log = logging.getLogger("sidelight.broker")

POOR = 0.25
"""With less than this of a limit left a person's own requests need it more."""
PAUSE_S = 60.0
"""Between two canaries, whatever there is to find out."""


class Canary:
    """Sends the gateway's own question after a sign of life; at most one at a time, and seldom."""

    def __init__(
        self, clock: Clock, gateway: Gateway, facts: BrokerFacts, changed: Callable[[], None]
    ) -> None:
        self._clock = clock
        self._gateway = gateway
        self._facts = facts
        self._changed = changed
        self._task: asyncio.Task[None] | None = None
        self._sent_at: float | None = None

    def run_if_due(self, tier: Tier, endpoint: str, grant: Grant | None) -> None:
        """Ask, if it is unknown how and there is enough to spend; returns at once."""
        recent = self._sent_at is not None and self._clock.monotonic() - self._sent_at < PAUSE_S
        if recent or not self._gateway.unproven(tier, endpoint):
            return
        left = poorest(self._facts.budget, self._clock.now())
        if left is not None and left < POOR:
            return
        self._sent_at = self._clock.monotonic()
        self._task = asyncio.get_running_loop().create_task(self._ask(tier, endpoint, grant))

    async def stop(self) -> None:
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _ask(self, tier: Tier, endpoint: str, grant: Grant | None) -> None:
        facts = self._facts
        facts.budget = spend(facts.budget, self._clock.now())
        counts = facts.counts
        facts.counts = replace(counts, requests=counts.requests + 1, canaries=counts.canaries + 1)
        self._changed()
        found = await self._gateway.prove(tier, grant, endpoint)
        if isinstance(found, Finish):
            facts.budget = observe(facts.budget, found.readings, self._clock.now())
            self._changed()
        else:
            log.info("the canary brought no answer: %s", found.kind.value)
