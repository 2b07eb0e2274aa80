"""Keeps what is known about the gateway fresh: discovery, policy and usage, always in the background."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from ..domain.health import hold, release
from ..domain.policy.organisation import Policy, PolicyTrouble
from ..domain.policy.place_policy import closed
from ..domain.routing import aftermath
from ..domain.routing.aftermath import Exchange, Lessons
from ..domain.routing.breaker import Breaker
from ..domain.spending.budget import observe
from ..keeper import SessionKeeper
from ..ports import Clock, Gateway, GatewayInfo
from ..trace import new_trace_id
from ..waiting import at_most
from .facts import BrokerFacts

log = logging.getLogger("sidelight.broker")

REFRESH_AFTER_S = 300.0
"""How old policy and usage may be before the next request asks for them again."""
READ_AGAIN_AFTER_S = 30.0
"""The same for rules that could not be read."""
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
        prepare: Callable[[Policy], Coroutine[Any, Any, None]],
        changed: Callable[[], None],
    ) -> None:
        """`keeper` tells whose grant is needed: None's, where the gateway asks nobody to sign in.

        `name` is what a gateway is called that has not said its name, and `prepare` makes rules ready
        before they are in force.
        """
        self._clock = clock
        self._gateway = gateway
        self._facts = facts
        self._keeper = keeper
        self._name = name
        self._prepare = prepare
        self._changed = changed
        self._asked = asyncio.Event()
        self._rules = asyncio.Event()
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

    async def rules_read(self, wait_s: float) -> None:
        """Wait for up to `wait_s` for the gateway's rules, where somebody could send by them."""
        keeper = self._keeper()
        if self._facts.rules_pending and (keeper is None or keeper.peek() is not None):
            await at_most(self._clock, wait_s, self._rules.wait())

    async def _discovered(self) -> bool:
        facts, began = self._facts, self._clock.monotonic()
        self._discovered_at = began
        facts.rules_pending = True
        found = await self._gateway.discover()
        self._asked.set()
        now = self._clock.now()
        facts.rules_pending = isinstance(found, GatewayInfo) and found.has_policy
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
        found = await self._gateway.policy(grant)
        if isinstance(found, Policy):
            await self._prepare(found)
        self._read(found)
        listed = await self._gateway.guardrails(grant)
        if listed is not None:
            self._facts.listed = listed
        readings = await self._gateway.usage(grant)
        self._facts.budget = observe(self._facts.budget, readings, self._clock.now())
        described = await self._gateway.described(grant)
        if described is not None and described != self._facts.info:
            self._facts.info = described
            self._facts.budget = observe(self._facts.budget, described.limits, self._clock.now())
        self._changed()

    def _read(self, found: Policy | PolicyTrouble | None) -> None:
        """Take the rules over.

        Those that were read last stay while new ones cannot be had; where none ever were, every
        place is closed.
        """
        facts, now = self._facts, self._clock.now()
        if isinstance(found, PolicyTrouble):
            log.info("the policy document %s", found.value)
            code = "policy.unusable" if facts.rules_read else "policy.unread"
            if not facts.rules_read:
                facts.policy = closed(found)
            facts.conditions = hold(facts.conditions, code, now, None, problem=found.value)
            self._refreshed_at = self._clock.monotonic() - REFRESH_AFTER_S + READ_AGAIN_AFTER_S
        else:
            if found is not None or not facts.rules_read:
                facts.policy = found or Policy()
            facts.rules_read = True
            facts.conditions = release(facts.conditions, "policy.unread", "policy.unusable")
        facts.rules_pending = False
        self._rules.set()
        self._changed()

    def _older_than(self, moment: float | None, seconds: float) -> bool:
        return moment is None or self._clock.monotonic() - moment >= seconds
