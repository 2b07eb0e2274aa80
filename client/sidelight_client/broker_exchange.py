"""One exchange with the gateway: it is asked, read to its end, and what it teaches is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace

from .broker_facts import BrokerFacts, gateway_name
from .domain import aftermath, breaker
from .domain.aftermath import Exchange, Lessons
from .domain.answer import cut
from .domain.budget import spend
from .domain.completion import Completed, CompletionRequest, Tier, Timings, Trigger
from .domain.failure import Failure, FailureKind
from .domain.session import Grant
from .ports import Clock, Delta, Finish, Gateway
from .settings import Settings


class GatewayExchange:
    """Asks the gateway and writes into the broker's facts what came of it."""

    def __init__(
        self,
        clock: Clock,
        gateway: Gateway,
        facts: BrokerFacts,
        *,
        settings: Callable[[], Settings],
        changed: Callable[[], None],
    ) -> None:
        self._clock = clock
        self._gateway = gateway
        self._facts = facts
        self._settings = settings
        self._changed = changed

    async def run(
        self, request: CompletionRequest, grant: Grant | None, began: float
    ) -> Completed | Failure:
        """One request to the gateway; what it teaches is kept whatever comes back."""
        facts, clock = self._facts, self._clock
        sent_at = clock.monotonic()
        facts.breaker = breaker.sent(facts.breaker, clock.now())
        facts.budget = spend(facts.budget, clock.now())
        facts.counts = replace(facts.counts, requests=facts.counts.requests + 1)
        facts.sends[request.trace_id] = facts.sends.get(request.trace_id, 0) + 1
        facts.in_flight += 1
        self._changed()
        pieces: list[str] = []
        first_s: float | None = None
        end: Finish | Failure = Failure(FailureKind.UPSTREAM_DOWN)
        try:
            async with aclosing(
                self._gateway.complete(request, grant, self._deadline_s(request))
            ) as events:
                async for event in events:
                    if not isinstance(event, Delta):
                        end = event
                        break
                    if first_s is None:
                        first_s = clock.monotonic() - sent_at
                    pieces.append(event.text)
        except asyncio.CancelledError:
            facts.breaker = breaker.abandoned(facts.breaker)
            raise
        finally:
            facts.in_flight -= 1
            self._changed()
        took_s = clock.monotonic() - sent_at
        self._learn(request, end, took_s)
        if isinstance(end, Failure):
            return end
        facts.latencies = facts.latencies.with_one(took_s)
        facts.counts = replace(facts.counts, completed=facts.counts.completed + 1)
        text = cut("".join(pieces), request.max_lines)
        return Completed(
            request.trace_id,
            (text,) if text else (),
            end.source,
            request.tier,
            Timings(
                queue_s=sent_at - began,
                gateway_s=took_s,
                first_s=first_s,
                total_s=clock.monotonic() - began,
            ),
            end.tokens,
            end.model,
        )

    def _deadline_s(self, request: CompletionRequest) -> float:
        """The time to the first text. Who asks explicitly is willing to wait for longer.

        A gateway that states a shorter one is not waited for after that: it has given up by then.
        """
        tier = request.tier
        if tier is Tier.FAST and request.trigger is Trigger.INVOKED:
            tier = Tier.STANDARD
        deadline_s = self._settings().number(f"tiers.{tier.value}.deadline_ms") / 1000
        info = self._facts.info
        return (
            deadline_s if info is None else min(deadline_s, info.deadlines_s.get(tier, deadline_s))
        )

    def _learn(self, request: CompletionRequest, end: Finish | Failure, took_s: float) -> None:
        facts = self._facts
        lessons = aftermath.learn(
            Lessons(facts.breaker, facts.budget, facts.conditions),
            Exchange(
                failure=end if isinstance(end, Failure) else None,
                took_s=took_s,
                name=gateway_name(facts, self._settings()),
                trace_id=request.trace_id,
                readings=end.readings if isinstance(end, Finish) else (),
            ),
            self._clock.now(),
        )
        facts.breaker, facts.budget = lessons.breaker, lessons.budget
        facts.conditions = lessons.conditions
        self._changed()
