"""One completion from its arrival to its record: may it be sent, with whose session, what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..domain.budget import poorest
from ..domain.completion import Completed, CompletionRequest, Outcome
from ..domain.failure import Failure, FailureKind
from ..domain.reading import outcome_of
from ..domain.refusal import Admission, refuse
from ..domain.router import RICH_SHARE, escalated
from ..ports import Clock, Ledger
from ..settings import Settings
from .exchange import GatewayExchange
from .facts import DECISIONS_KEPT, Asked, BrokerFacts, decision_of
from .session_side import SessionSide


class Completions:
    """Lets requests pass or turns them away, asks the gateway, and keeps how each one ended."""

    def __init__(
        self,
        clock: Clock,
        facts: BrokerFacts,
        session: SessionSide,
        exchange: GatewayExchange,
        ledger: Ledger | None,
        *,
        settings: Callable[[], Settings],
        changed: Callable[[], None],
    ) -> None:
        self._clock = clock
        self._facts = facts
        self._session = session
        self._exchange = exchange
        self._ledger = ledger
        self._settings = settings
        self._changed = changed

    async def complete(self, request: CompletionRequest, path: str, began: float) -> Outcome:
        """The outcome, recorded whatever it is.

        Args:
            request: what to complete, with its document's true repository.
            path: the document's path inside its repository.
            began: monotonic seconds when the request arrived.
        """
        outcome: Outcome | None = None
        try:
            refused = refuse(self._admission(path), request, self._clock.now())
            outcome = refused or await self._answered(request)
            return outcome
        finally:
            self._record(request, outcome, self._clock.monotonic() - began)

    def _admission(self, path: str) -> Admission:
        info, settings = self._facts.info, self._settings()
        return Admission(
            enabled=settings.flag("completions.enabled"),
            languages_off=settings.items("completions.languages_off"),
            paused_until=self._facts.paused_until,
            policy=self._facts.policy,
            path=path,
            local=info is not None and info.embedded,
            endpoints=self._facts.endpoints,
            budget=self._facts.budget,
        )

    async def _answered(self, request: CompletionRequest) -> Outcome:
        """Ask, and a better tier once more where what came cannot be right."""
        outcome = await self._ask(request)
        if not isinstance(outcome, Completed) or outcome.texts:
            return outcome
        left = poorest(self._facts.budget, self._clock.now())
        better = escalated(
            request.tier,
            outcome.filtered,
            request.trigger,
            rich=left is None or left >= RICH_SHARE,
        )
        if better is None:
            return outcome
        reasons = (*better.reasons, *request.tier_reasons)
        again = await self._ask(replace(request, tier=better.tier, tier_reasons=reasons))
        if not isinstance(again, Completed):
            return outcome
        return replace(again, tokens=outcome.tokens.plus(again.tokens))

    async def _ask(self, request: CompletionRequest) -> Outcome:
        """Ask the gateway, once more with a renewed grant when it says that ours has ended."""
        began = self._clock.monotonic()
        keeper = self._session.keeper
        grant = await self._session.grant(request.trigger)
        if keeper is not None and grant is None:
            return self._session.unauthorized(request)
        answer = await self._exchange.run(request, grant, began)
        refused = answer if isinstance(answer, Failure) else None
        expired = refused is not None and refused.kind is FailureKind.AUTH_EXPIRED
        if refused is not None and expired and keeper is not None and grant is not None:
            keeper.refused(grant, str(refused.facts.get("claims", "")))
            renewed = await self._session.grant(request.trigger)
            if renewed is None or renewed.generation == grant.generation:
                return self._session.unauthorized(request)
            answer = await self._exchange.run(request, renewed, began)
            if isinstance(answer, Failure) and answer.facts.get("claims"):
                # The token was asked for with these claims, and the gateway is still not content.
                keeper.refused(renewed, str(answer.facts["claims"]))
                return self._session.unauthorized(request)
        if isinstance(answer, Failure):
            return outcome_of(answer, request, self._clock.now())
        return answer

    def _record(self, request: CompletionRequest, outcome: Outcome | None, took_s: float) -> None:
        """Keep how it ended; `outcome` is None for one that was cancelled, which may have cost."""
        facts, info = self._facts, self._facts.info
        known = info.url if info is not None else self._settings().text("gateway")
        asked = facts.asked.pop(request.trace_id, Asked())
        decision = decision_of(
            request,
            outcome,
            took_s,
            self._clock.now(),
            asked=Asked(asked.sends, asked.endpoint or known),
        )
        if outcome is not None:
            facts.decisions = (decision, *facts.decisions)[:DECISIONS_KEPT]
        if self._ledger is not None and (outcome is not None or decision.sends):
            self._ledger.record(decision)
        self._changed()
