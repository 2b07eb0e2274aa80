"""Keeps what is known about the gateway fresh: discovery, policy and usage, always in the background."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from ..domain import aftermath
from ..domain.aftermath import Exchange, Lessons
from ..domain.breaker import Breaker
from ..domain.budget import observe
from ..keeper import SessionKeeper
from ..ports import Clock, Gateway, GatewayInfo
from ..trace import new_trace_id
from ..waiting import at_most
from .facts import BrokerFacts

log = logging.getLogger("sidelight.broker")

REFRESH_AFTER_S = 300.0
"""How old policy and usage may be before the next request asks for them again."""
DISCOVER_AGAIN_AFTER_S = 30.0
DISCOVER_AGAIN_MAX_S = 300.0


class Upkeep:
    """Asks the gateway about itself. Driven by requests, so an idle broker asks nothing."""

    def __init__(
        self,
        clock: Clock,
        gateway: Gateway,
        facts: BrokerFacts,
        *,
        keeper: Callable[[], SessionKeeper | None],
        name: Callable[[], str],
        changed: Callable[[], None],
    ) -> None:
        """`keeper` tells whose grant is needed: None's, where the gateway asks nobody to sign in.

        `name` is what a gateway is called that has not said its name.
        """
        self._clock = clock
        self._gateway = gateway
        self._facts = facts
        self._keeper = keeper
        self._name = name
        self._changed = changed
        self._asked = asyncio.Event()
        self._discovery: asyncio.Task[None] | None = None
        self._refresh: asyncio.Task[None] | None = None
        self._discovered_at: float | None = None
        self._refreshed_at: float | None = None

    def discover_if_due(self, *, at_once: bool = False) -> None:
        """Find out about a gateway nothing is known of yet; `at_once` whenever it was last tried."""
        if self._facts.info is not None:
            return
        if at_once or self._older_than(self._discovered_at, DISCOVER_AGAIN_AFTER_S):
            if self._discovery is not None:
                self._discovery.cancel()
            self._discovery = asyncio.get_running_loop().create_task(self._discover())

    async def asked_once(self, wait_s: float) -> None:
        """Wait for up to `wait_s` until the gateway was asked about itself, whatever came of it."""
        if self._facts.info is None and not self._asked.is_set():
            await at_most(self._clock, wait_s, self._asked.wait())

    def refresh_if_due(self) -> None:
        """Ask for policy and usage when they are old and may be asked for."""
        keeper = self._keeper()
        may_ask = keeper is None or keeper.peek() is not None
        old = self._older_than(self._refreshed_at, REFRESH_AFTER_S)
        if old and may_ask and self._facts.info is not None:
            self._refreshed_at = self._clock.monotonic()
            self._refresh = asyncio.get_running_loop().create_task(self._ask_for_documents())

    async def stop(self) -> None:
        running = [t for t in (self._discovery, self._refresh) if t is not None and not t.done()]
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)

    async def _discover(self) -> None:
        """Ask until there is an answer, for as long as an editor is there to see it."""
        pause_s = DISCOVER_AGAIN_AFTER_S
        while not await self._discovered() and self._facts.editors:
            await self._clock.sleep(pause_s)
            pause_s = min(pause_s * 2, DISCOVER_AGAIN_MAX_S)

    async def _discovered(self) -> bool:
        facts, began = self._facts, self._clock.monotonic()
        self._discovered_at = began
        found = await self._gateway.discover()
        self._asked.set()
        now = self._clock.now()
        if isinstance(found, GatewayInfo):
            facts.info = found
            facts.endpoints = facts.endpoints.with_urls(found.endpoints or (found.url,))
            facts.conditions = aftermath.forget_silence(facts.conditions)
            facts.budget = observe(facts.budget, found.limits, now)
            self.refresh_if_due()
        else:
            log.info("discovery failed: %s", found.kind.value)
            # The breaker is about completions; only what a person should know is taken over.
            lessons = aftermath.learn(
                Lessons(Breaker(), facts.budget, facts.conditions),
                Exchange(found, self._clock.monotonic() - began, self._name(), new_trace_id()),
                now,
            )
            facts.conditions = lessons.conditions
        self._changed()
        return isinstance(found, GatewayInfo)

    async def _ask_for_documents(self) -> None:
        keeper = self._keeper()
        grant = keeper.peek() if keeper is not None else None
        policy = await self._gateway.policy(grant)
        if policy is not None:
            self._facts.policy = policy
        readings = await self._gateway.usage(grant)
        self._facts.budget = observe(self._facts.budget, readings, self._clock.now())
        self._changed()

    def _older_than(self, moment: float | None, seconds: float) -> bool:
        return moment is None or self._clock.monotonic() - moment >= seconds
