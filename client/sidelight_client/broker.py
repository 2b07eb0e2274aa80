"""The broker: runs the effects one person's completions ask for, and decides nothing itself.

Architecture invariant: it knows no editor protocol, and no method returns or takes a token.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

from . import broker_facts
from .broker_facts import DECISIONS_KEPT, BrokerFacts, decision_of, snapshot_of
from .domain import aftermath, breaker
from .domain.aftermath import Exchange, Lessons
from .domain.answer import cut
from .domain.budget import observe, spend
from .domain.completion import (
    Completed,
    CompletionRequest,
    Outcome,
    Tier,
    Timings,
    Trigger,
    Unauthorized,
    UnauthorizedReason,
)
from .domain.failure import Failure, FailureKind
from .domain.health import Condition, hold, release
from .domain.place import Document
from .domain.reading import outcome_of
from .domain.refusal import Admission, refuse
from .domain.session import Grant, Phase
from .domain.snapshot import EditorView, SessionView, Snapshot
from .keeper import SessionKeeper
from .ports import (
    Clock,
    Delta,
    Finish,
    Gateway,
    GatewayInfo,
    Ledger,
    PowerEvent,
    RepoFacts,
    SignInFailed,
    SignInPrompt,
    Slept,
)
from .settings import Settings

log = logging.getLogger("sidelight.broker")

GRANT_WAIT_S = {Trigger.AUTOMATIC: 0.15, Trigger.INVOKED: 2.0}
"""How long a request waits for a renewal that is on its way."""
REFRESH_AFTER_S = 300.0
"""How old the gateway's policy and usage may be before the next request asks for them again."""
DISCOVER_AGAIN_AFTER_S = 30.0


class Broker:
    """Implements `api.Broker`; see there for what each method promises."""

    def __init__(
        self,
        *,
        clock: Clock,
        settings: Settings,
        gateway: Gateway,
        keeper: SessionKeeper | None,
        repositories: RepoFacts,
        ledger: Ledger | None = None,
        version: str,
        on_workspace: Callable[[Path], None] | None = None,
    ) -> None:
        """`keeper` is None for a gateway that asks nobody to sign in."""
        self._clock = clock
        self._settings = settings
        self._gateway = gateway
        self._keeper = keeper
        self._repositories = repositories
        self._ledger = ledger
        self._on_workspace = on_workspace
        self._facts = BrokerFacts(version)
        self._subscribers: dict[int, Callable[[Snapshot], None]] = {}
        self._next_id = 1
        self._tasks: set[asyncio.Task[None]] = set()
        self._alarm: asyncio.Task[None] | None = None
        self._telling = False
        self._discovered_at = -DISCOVER_AGAIN_AFTER_S
        self._refreshed_at: float | None = None

    # --- life ------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Open the session and learn about the gateway in the background."""
        if self._keeper is not None:
            self._keeper.subscribe(self._session_changed)
            await self._keeper.start()
        self._discover_if_due()

    async def stop(self) -> None:
        """End what runs in the background. The gateway and the keeper's parts are the caller's."""
        for task in (*self._tasks, *([self._alarm] if self._alarm else [])):
            task.cancel()
        if self._tasks:
            await asyncio.wait(tuple(self._tasks))
        if self._keeper is not None:
            await self._keeper.stop()

    def update_settings(self, settings: Settings) -> None:
        """Apply settings that were changed while running."""
        self._settings = settings
        self._changed()

    async def power(self, event: PowerEvent) -> None:
        """Take note of sleep, wake or network; returns when the machine may sleep."""
        if self._keeper is not None:
            self._keeper.power(event)
        if isinstance(event, Slept):
            await self._gateway.drop_pool()
            self._facts.breaker = breaker.Breaker(self._facts.breaker.settings)
            self._changed()
        elif self._keeper is not None:
            await self._keeper.quiet()

    # --- what sessions ask -----------------------------------------------------------------------

    @property
    def clock(self) -> Clock:
        return self._clock

    @property
    def settings(self) -> Settings:
        return self._settings

    def document(self, uri: str, language: str) -> Document:
        return self._repositories.document(uri, language)[0]

    def snapshot(self) -> Snapshot:
        session, conditions = self._session_view()
        return snapshot_of(self._facts, self._settings, session, conditions, self._clock.now())

    def subscribe(self, changed: Callable[[Snapshot], None]) -> Callable[[], None]:
        number = self._number()
        self._subscribers[number] = changed

        def unsubscribe() -> None:
            self._subscribers.pop(number, None)

        return unsubscribe

    def editor_connected(self, name: str) -> Callable[[], None]:
        editor = EditorView(self._number(), name, self._clock.now())
        self._facts.editors = (*self._facts.editors, editor)
        self._changed()

        def gone() -> None:
            self._facts.editors = tuple(e for e in self._facts.editors if e.id != editor.id)
            self._changed()

        return gone

    def environment_differs(self, client: str, names: tuple[str, ...]) -> Callable[[], None]:
        """Tell that `client` runs with other proxy or certificate variables than this process."""
        code = "broker.environment_differs"
        self._facts.conditions = hold(
            self._facts.conditions,
            code,
            self._clock.now(),
            client=client or "an editor",
            names=", ".join(names),
        )
        self._changed()

        def gone() -> None:
            self._facts.conditions = release(self._facts.conditions, code)
            self._changed()

        return gone

    def workspace_opened(self, folder: Path) -> Callable[[], None]:
        if self._on_workspace is not None:
            self._on_workspace(folder)
        return lambda: None

    async def sign_in(
        self, show: Callable[[SignInPrompt], None], *, device: bool = False
    ) -> SignInFailed | None:
        if self._keeper is None:
            return None
        return await self._keeper.sign_in(show, device=device)

    async def sign_out(self) -> None:
        if self._keeper is not None:
            await self._keeper.sign_out()

    def pause(self, until: float | None) -> None:
        self._facts.paused_until = until
        self._changed()

    def retry_now(self) -> None:
        self._facts.breaker = breaker.Breaker(self._facts.breaker.settings)
        self._discovered_at = -DISCOVER_AGAIN_AFTER_S
        self._discover_if_due()
        self._changed()

    def accepted(self, trace_id: str) -> None:
        log.info("accepted %s", trace_id)
        counts = self._facts.counts
        self._facts.counts = replace(counts, accepted=counts.accepted + 1)
        self._changed()

    # --- one completion --------------------------------------------------------------------------

    async def complete(self, request: CompletionRequest) -> Outcome:
        began = self._clock.monotonic()
        self._discover_if_due()
        self._refresh_if_due()
        now = self._clock.now()
        outcome = refuse(self._admission(request), request, now) or await self._ask(request)
        self._record(request, outcome, self._clock.monotonic() - began)
        return outcome

    def _admission(self, request: CompletionRequest) -> Admission:
        document = request.document
        known, path = self._repositories.document(document.uri, document.language)
        del known
        info = self._facts.info
        return Admission(
            enabled=self._settings.flag("completions.enabled"),
            languages_off=self._settings.items("completions.languages_off"),
            paused_until=self._facts.paused_until,
            policy=self._facts.policy,
            path=path,
            local=info is not None and info.embedded,
            breaker=self._facts.breaker,
            budget=self._facts.budget,
        )

    async def _ask(self, request: CompletionRequest) -> Outcome:
        """Ask the gateway, once more with a renewed grant when it says that ours has ended."""
        began = self._clock.monotonic()
        grant = None
        keeper = self._asked_keeper()
        if keeper is not None:
            grant = await keeper.usable(GRANT_WAIT_S[request.trigger])
            if grant is None:
                return self._unauthorized(request)
        answer = await self._exchange(request, grant, began)
        expired = isinstance(answer, Failure) and answer.kind is FailureKind.AUTH_EXPIRED
        if expired and keeper is not None and grant is not None:
            keeper.refused(grant)
            renewed = await keeper.usable(GRANT_WAIT_S[Trigger.INVOKED])
            if renewed is None or renewed.generation == grant.generation:
                return self._unauthorized(request)
            answer = await self._exchange(request, renewed, began)
        if isinstance(answer, Failure):
            return outcome_of(answer, request, self._clock.now())
        return answer

    def _unauthorized(self, request: CompletionRequest) -> Unauthorized:
        view, _ = self._session_view()
        reason = {
            Phase.SIGNED_OUT: UnauthorizedReason.SIGNED_OUT,
            Phase.NEEDS_PERSON: UnauthorizedReason.NEEDS_PERSON,
        }.get(view.phase, UnauthorizedReason.RENEWING)
        return Unauthorized(request.trace_id, reason)

    async def _exchange(
        self, request: CompletionRequest, grant: Grant | None, began: float
    ) -> Completed | Failure:
        """One request to the gateway; what it teaches is kept whatever comes back."""
        facts, clock = self._facts, self._clock
        sent_at = clock.monotonic()
        facts.breaker = breaker.sent(facts.breaker, clock.now())
        facts.budget = spend(facts.budget, clock.now())
        facts.counts = replace(facts.counts, requests=facts.counts.requests + 1)
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
        deadline_s = self._settings.number(f"tiers.{tier.value}.deadline_ms") / 1000
        info = self._facts.info
        return (
            deadline_s if info is None else min(deadline_s, info.deadlines_s.get(tier, deadline_s))
        )

    def _learn(self, request: CompletionRequest, end: Finish | Failure, took_s: float) -> None:
        facts, info = self._facts, self._facts.info
        lessons = aftermath.learn(
            Lessons(facts.breaker, facts.budget, facts.conditions),
            Exchange(
                failure=end if isinstance(end, Failure) else None,
                took_s=took_s,
                name=info.name if info else self._settings.text("gateway"),
                trace_id=request.trace_id,
                readings=end.readings if isinstance(end, Finish) else (),
            ),
            self._clock.now(),
        )
        facts.breaker, facts.budget = lessons.breaker, lessons.budget
        facts.conditions = lessons.conditions
        self._changed()

    def _record(self, request: CompletionRequest, outcome: Outcome, took_s: float) -> None:
        decision = decision_of(request, outcome, took_s, self._clock.now())
        self._facts.decisions = (decision, *self._facts.decisions)[:DECISIONS_KEPT]
        if self._ledger is not None:
            self._ledger.record(decision)
        self._changed()

    # --- the gateway's documents -----------------------------------------------------------------

    def _discover_if_due(self) -> None:
        due = self._clock.monotonic() - self._discovered_at >= DISCOVER_AGAIN_AFTER_S
        if self._facts.info is None and due:
            self._discovered_at = self._clock.monotonic()
            self._spawn(self._discover())

    async def _discover(self) -> None:
        found = await self._gateway.discover()
        if isinstance(found, GatewayInfo):
            self._facts.info = found
            self._facts.budget = observe(self._facts.budget, found.limits, self._clock.now())
            self._refresh_if_due()
        else:
            log.info("discovery failed: %s", found.kind.value)
        self._changed()

    def _refresh_if_due(self) -> None:
        """Ask for policy and usage when they are old; driven by requests, so idle costs nothing."""
        now = self._clock.monotonic()
        old = self._refreshed_at is None or now - self._refreshed_at >= REFRESH_AFTER_S
        keeper = self._asked_keeper()
        signed_in = keeper is None or keeper.peek() is not None
        if old and signed_in and self._facts.info is not None:
            self._refreshed_at = now
            self._spawn(self._refresh())

    async def _refresh(self) -> None:
        grant = self._keeper.peek() if self._keeper is not None else None
        policy = await self._gateway.policy(grant)
        if policy is not None:
            self._facts.policy = policy
        readings = await self._gateway.usage(grant)
        self._facts.budget = observe(self._facts.budget, readings, self._clock.now())
        self._changed()

    # --- telling ---------------------------------------------------------------------------------

    def _asked_keeper(self) -> SessionKeeper | None:
        """The keeper, or None when the gateway asks nobody to sign in."""
        info = self._facts.info
        return None if info is not None and info.auth_kind == "none" else self._keeper

    def _session_view(self) -> tuple[SessionView, tuple[Condition, ...]]:
        keeper = self._asked_keeper()
        if keeper is None:
            return SessionView(Phase.FRESH), ()
        return keeper.view(), keeper.conditions()

    def _session_changed(self) -> None:
        self._refresh_if_due()
        self._changed()

    def _changed(self) -> None:
        """Tell the subscribers once in this turn of the loop, however much changes in it."""
        self._facts.seq += 1
        if not self._telling:
            self._telling = True
            asyncio.get_running_loop().call_soon(self._tell)

    def _tell(self) -> None:
        self._telling = False
        if self._subscribers:
            snapshot = self.snapshot()
            for changed in tuple(self._subscribers.values()):
                try:
                    changed(snapshot)
                except Exception:
                    # One listener's failure must not keep the others from hearing.
                    log.exception("a listener of the broker failed")
        self._set_alarm()

    def _set_alarm(self) -> None:
        """Tell again when time alone will have changed something; no timer while nothing will."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        now = self._clock.now()
        due = broker_facts.next_change_at(self._facts, now) if self._subscribers else None
        if due is not None:
            self._alarm = asyncio.get_running_loop().create_task(self._ring(due - now))

    async def _ring(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._alarm = None
        self._changed()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _number(self) -> int:
        self._next_id += 1
        return self._next_id
