"""One completion from its arrival to its record: may it be sent, with whose session, what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from ..domain.completion import (
    Completed,
    CompletionRequest,
    Outcome,
    ReviewLabel,
    Unauthorized,
    Unavailable,
    UnavailableReason,
)
from ..domain.failure import Failure, FailureKind
from ..domain.policy.organisation import REVIEW_LABEL_NOTE, Mode, Verdict
from ..domain.reading import outcome_of
from ..domain.refusal import Admission, refuse
from ..domain.routing.tier_router import RICH_SHARE, escalated
from ..domain.spending.budget import poorest
from ..domain.window import PartKind
from ..ports import Clock, Ledger
from ..settings import Settings
from .content import Cleared, ContentGuard
from .exchange import GatewayExchange
from .facts import DECISIONS_KEPT, Asked, BrokerFacts, decision_of, with_place
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
        content: ContentGuard,
        settings: Callable[[], Settings],
        changed: Callable[[], None],
        path_of: Callable[[str], str],
    ) -> None:
        """`path_of` tells the path of the document with a uri, inside its repository."""
        self._clock = clock
        self._facts = facts
        self._session = session
        self._exchange = exchange
        self._content = content
        self._ledger = ledger
        self._settings = settings
        self._changed = changed
        self._path_of = path_of

    async def complete(
        self,
        request: CompletionRequest,
        verdict: Verdict,
        began: float,
        so_far: Callable[[str], None] | None = None,
    ) -> Outcome:
        """The outcome, recorded whatever it is.

        Args:
            request: what to complete, with its document's true repository.
            verdict: of the rules, on where the document lies.
            began: monotonic seconds when the request arrived.
            so_far: hears of an answer that is still coming; see `api.Broker.complete`.
        """
        outcome: Outcome | None = None
        try:
            refused = refuse(self._admission(verdict), request, self._clock.now())
            outcome = refused or await self._passed(request, so_far)
            if isinstance(outcome, Completed) and verdict.mode is Mode.REVIEW_LABEL:
                outcome = _labelled(outcome, verdict)
            return outcome
        finally:
            self._record(request, outcome, self._clock.monotonic() - began)

    def weighed(self, request: CompletionRequest, verdict: Verdict) -> Outcome | None:
        """Why `request` would bring nothing if it were made now; None when nothing is known to.

        Nothing is sent, nobody is asked anything, and no record is kept.
        """
        refused = refuse(self._admission(verdict), request, self._clock.now())
        if refused is not None:
            return refused
        keeper = self._session.keeper
        if keeper is not None and keeper.peek() is None:
            return Unauthorized(request.trace_id, self._session.missing())
        return self._content.weighed(request)

    async def _passed(
        self, request: CompletionRequest, so_far: Callable[[str], None] | None
    ) -> Outcome:
        """Ask with what of `request` may leave."""
        cleared = await self._content.passage(request)
        if not isinstance(cleared, Cleared):
            return cleared
        return await self._answered(request, cleared, so_far)

    def _admission(self, verdict: Verdict) -> Admission:
        info, settings = self._facts.info, self._settings()
        return Admission(
            enabled=settings.flag("completions.enabled"),
            languages_off=settings.items("completions.languages_off"),
            pauses=self._facts.pauses,
            verdict=verdict,
            local=info is not None and info.embedded,
            endpoints=self._facts.endpoints,
            budget=self._facts.budget,
        )

    async def _answered(
        self, request: CompletionRequest, cleared: Cleared, so_far: Callable[[str], None] | None
    ) -> Outcome:
        """Ask, and a better tier once more where what came cannot be right.

        That is a second send as well, and so it is taken from the retry budget.
        """
        outcome = await self._ask(request, cleared, so_far)
        if not isinstance(outcome, Completed) or outcome.texts:
            return outcome
        left = poorest(self._facts.budget, self._clock.now())
        better = escalated(
            request.tier,
            outcome.filtered,
            request.trigger,
            rich=left is None or left >= RICH_SHARE,
        )
        retries = self._facts.retries.withdrawn(self._clock.now()) if better is not None else None
        if better is None or retries is None:
            return outcome
        self._facts.retries = retries
        self._facts.counts = replace(self._facts.counts, resent=self._facts.counts.resent + 1)
        reasons = (*better.reasons, *request.tier_reasons)
        again = await self._ask(
            replace(request, tier=better.tier, tier_reasons=reasons),
            replace(
                cleared, request=replace(cleared.request, tier=better.tier, tier_reasons=reasons)
            ),
            so_far,
        )
        if not isinstance(again, Completed):
            return outcome
        return replace(again, tokens=outcome.tokens.plus(again.tokens))

    async def _ask(
        self, request: CompletionRequest, cleared: Cleared, so_far: Callable[[str], None] | None
    ) -> Outcome:
        """Ask the gateway, once more with a renewed grant when it says that ours has ended."""
        began = self._clock.monotonic()
        keeper = self._session.keeper
        grant = await self._session.grant(request.trigger)
        if keeper is not None and grant is None:
            return self._session.unauthorized(request)
        if self._facts.rules_pending:
            return Unavailable(request.trace_id, UnavailableReason.RULES_NOT_READY)
        answer = await self._exchange.run(request, cleared, grant, began, so_far)
        refused = answer if isinstance(answer, Failure) else None
        expired = refused is not None and refused.kind is FailureKind.AUTH_EXPIRED
        if refused is not None and expired and keeper is not None and grant is not None:
            keeper.refused(grant, str(refused.facts.get("claims", "")))
            renewed = await self._session.grant(request.trigger)
            if renewed is None or renewed.generation == grant.generation:
                return self._session.unauthorized(request)
            answer = await self._exchange.run(request, cleared, renewed, began, so_far)
            if isinstance(answer, Failure) and answer.facts.get("claims"):
                # The token was asked for with these claims, and the gateway is still not content.
                keeper.refused(renewed, str(answer.facts["claims"]))
                return self._session.unauthorized(request)
        if isinstance(answer, Failure):
            return outcome_of(_in_original(answer, cleared), request, self._clock.now())
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
            shown = with_place(decision, request, outcome, self._path_of)
            facts.decisions = (shown, *facts.decisions)[:DECISIONS_KEPT]
        if self._ledger is not None and (outcome is not None or decision.sends):
            # Not now: the thread that writes it would compete with the answer on its way.
            asyncio.get_running_loop().call_soon(self._ledger.record, decision)
        self._changed()


def _labelled(outcome: Completed, verdict: Verdict) -> Completed:
    """The answer with the rule that wants it reviewed."""
    rule = verdict.rule
    assert rule is not None, "without a rule AI is on"
    label = ReviewLabel(rule.id, rule.reason, rule.owner, rule.url)
    return replace(outcome, notes=(*outcome.notes, REVIEW_LABEL_NOTE), review=label)


def _in_original(failure: Failure, cleared: Cleared) -> Failure:
    """A refusal of redacted text, with its places where they are in the person's own."""
    redacted = cleared.redacted
    if redacted is None or not failure.hits:
        return failure
    window = cleared.request.window
    texts = {kind.value: window.text(kind) for kind in PartKind}

    def moved(part: str, place: int) -> int:
        return len(redacted.restore(texts.get(part, "")[:place]))

    hits = tuple(
        replace(hit, start=moved(hit.part, hit.start), end=moved(hit.part, hit.end))
        for hit in failure.hits
    )
    return replace(failure, hits=hits)
