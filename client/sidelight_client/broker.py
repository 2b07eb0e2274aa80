"""The broker: runs the effects one person's completions ask for, and decides nothing itself.

Architecture invariant: it knows no editor protocol, and no method returns or takes a token.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from . import broker_facts
from .broker_exchange import GatewayExchange
from .broker_facts import DECISIONS_KEPT, BrokerFacts, decision_of, snapshot_of
from .broker_telling import Telling
from .broker_upkeep import Upkeep
from .broker_workspaces import Learn, Workspaces
from .domain import aftermath, breaker
from .domain.completion import (
    CompletionRequest,
    Outcome,
    Trigger,
    Unauthorized,
    UnauthorizedReason,
)
from .domain.diagnosis_session import SessionSeen
from .domain.failure import Failure, FailureKind
from .domain.health import Condition, Severity, hold, release
from .domain.place import Document
from .domain.reading import outcome_of
from .domain.refusal import Admission, refuse
from .domain.session import Phase
from .domain.snapshot import EditorView, SessionView, Snapshot
from .domain.words import Message, say
from .keeper import SessionKeeper
from .ports import (
    Clock,
    Gateway,
    Ledger,
    NetworkChanged,
    PowerEvent,
    RepoFacts,
    SignInFailed,
    SignInPrompt,
    Slept,
)
from .settings import Settings
from .waiting import at_most

log = logging.getLogger("sidelight.broker")

GRANT_WAIT_S = {Trigger.AUTOMATIC: 0.15, Trigger.INVOKED: 2.0}
"""How long a request waits for a renewal that is on its way."""


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
        learn: Learn | None = None,
    ) -> None:
        """`keeper` is None for a gateway that asks nobody to sign in; `learn` is the embedded one's."""
        self._clock = clock
        self._settings = settings
        self._gateway = gateway
        self._keeper = keeper
        self._repositories = repositories
        self._ledger = ledger
        self._workspaces = Workspaces(clock, learn)
        self._facts = BrokerFacts(version)
        self._opening: asyncio.Future[None] | None = None
        self._approve: Callable[[SignInPrompt], None] | None = None
        self._died = ""
        self._asking: dict[int, Callable[[Message, str], None]] = {}
        self._next_id = 1
        self._telling = Telling(
            clock, self.snapshot, lambda now: broker_facts.next_change_at(self._facts, now)
        )
        self._exchange = GatewayExchange(
            clock, gateway, self._facts, settings=lambda: self._settings, changed=self._changed
        )
        self._upkeep = Upkeep(
            clock,
            gateway,
            self._facts,
            keeper=self._asked_keeper,
            name=self._gateway_name,
            changed=self._changed,
        )

    # --- life ------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Open the session and learn about the gateway in the background."""
        if self._keeper is not None:
            self._keeper.subscribe(self._session_changed)
            await self._keeper.start()
        self._upkeep.discover_if_due()

    def opens_with(
        self, signing_in: asyncio.Future[None], approve: Callable[[SignInPrompt], None]
    ) -> None:
        """Take note of a sign-in that needs no person: until it is done nobody is "signed out".

        From then on `approve` answers every sign-in; no browser could reach that gateway.
        """
        self._opening = signing_in
        self._approve = approve
        signing_in.add_done_callback(lambda _done: self._changed())
        self._changed()

    async def stop(self) -> None:
        """End what runs in the background. The gateway and the keeper's parts are the caller's."""
        self._telling.stop()
        self._workspaces.stop()
        await self._upkeep.stop()
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
            self.retry_now()
        elif isinstance(event, NetworkChanged):
            self.retry_now()
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

    def diagnosis(self) -> SessionSeen:
        keeper = self._asked_keeper()
        if keeper is None:
            return SessionSeen("not_needed")
        return replace(keeper.diagnosis(), phase=self._session_view()[0].phase)

    def subscribe(self, changed: Callable[[Snapshot], None]) -> Callable[[], None]:
        return self._telling.subscribe(changed)

    def editor_connected(self, name: str) -> Callable[[], None]:
        editor = EditorView(self._number(), name, self._clock.now())
        self._facts.editors = (*self._facts.editors, editor)
        self._upkeep.discover_if_due()
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

    def storage_problem(self, folder: str, problem: str) -> None:
        """Tell that `folder` cannot be written; an empty `problem` says that it can be again."""
        code = "storage.unwritable"
        held = self._facts.conditions
        self._facts.conditions = (
            hold(held, code, self._clock.now(), folder=folder, problem=problem)
            if problem
            else release(held, code)
        )
        self._changed()

    def workspace_opened(self, folder: Path) -> Callable[[], None]:
        self._workspaces.opened(folder)
        return lambda: None

    async def sign_in(
        self, show: Callable[[SignInPrompt], None], *, device: bool = False
    ) -> SignInFailed | None:
        if self._keeper is None:
            return None
        if self._approve is not None:
            return await self._keeper.sign_in(self._approve)
        return await self._keeper.sign_in(show, device=device)

    def session_died(self, reason: str) -> None:
        """Take note that the provider rejected the session; the keeper says it once."""
        self._died = reason

    def asks_person(self, ask: Callable[[Message, str], None]) -> Callable[[], None]:
        number = self._number()
        self._asking[number] = ask

        def leave() -> None:
            self._asking.pop(number, None)

        return leave

    async def sign_out(self) -> None:
        if self._opening is not None and not self._opening.done():
            # A sign-in that is under way would end after the sign-out, and undo it.
            await asyncio.wait([self._opening])
        if self._keeper is not None:
            await self._keeper.sign_out()

    def pause(self, until: float | None) -> None:
        self._facts.paused_until = until
        self._changed()

    def retry_now(self) -> None:
        self._facts.breaker = breaker.Breaker(self._facts.breaker.settings)
        self._facts.conditions = aftermath.forget_silence(self._facts.conditions)
        self._upkeep.discover_if_due(at_once=True)
        self._changed()

    def accepted(self, trace_id: str) -> None:
        log.info("accepted %s", trace_id)
        counts = self._facts.counts
        self._facts.counts = replace(counts, accepted=counts.accepted + 1)
        self._changed()

    # --- one completion --------------------------------------------------------------------------

    async def complete(self, request: CompletionRequest) -> Outcome:
        began = self._clock.monotonic()
        self._upkeep.discover_if_due()
        self._upkeep.refresh_if_due()
        if request.trigger is Trigger.INVOKED:
            # Who asks explicitly, such as the command line, may have no editor that told the folder.
            folder = self._repositories.folder(request.document.uri)
            await self._workspaces.learned(folder, GRANT_WAIT_S[request.trigger])
        # Which repository it is decides what may be sent, so a client's word for it does not count.
        document, path = self._repositories.document(
            request.document.uri, request.document.language
        )
        request = replace(request, document=document)
        now = self._clock.now()
        outcome: Outcome | None = None
        try:
            outcome = refuse(self._admission(path), request, now) or await self._ask(request)
            return outcome
        finally:
            self._record(request, outcome, self._clock.monotonic() - began)

    def _admission(self, path: str) -> Admission:
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
            wait_s = GRANT_WAIT_S[request.trigger]
            if keeper.peek() is None and self._opening is not None:
                await at_most(self._clock, wait_s, asyncio.shield(self._opening))
            grant = await keeper.usable(wait_s)
            if grant is None:
                return self._unauthorized(request)
        answer = await self._exchange.run(request, grant, began)
        refused = answer if isinstance(answer, Failure) else None
        expired = refused is not None and refused.kind is FailureKind.AUTH_EXPIRED
        if refused is not None and expired and keeper is not None and grant is not None:
            keeper.refused(grant, str(refused.facts.get("claims", "")))
            renewed = await keeper.usable(GRANT_WAIT_S[request.trigger])
            if renewed is None or renewed.generation == grant.generation:
                return self._unauthorized(request)
            answer = await self._exchange.run(request, renewed, began)
            if isinstance(answer, Failure) and answer.facts.get("claims"):
                # The token was asked for with these claims, and the gateway is still not content.
                keeper.refused(renewed, str(answer.facts["claims"]))
                return self._unauthorized(request)
        if isinstance(answer, Failure):
            return outcome_of(answer, request, self._clock.now())
        return answer

    def _unauthorized(self, request: CompletionRequest) -> Unauthorized:
        view, _ = self._session_view()
        reason = {
            Phase.SIGNED_OUT: UnauthorizedReason.SIGNED_OUT,
            Phase.NEEDS_PERSON: UnauthorizedReason.NEEDS_PERSON,
        }.get(view.phase, UnauthorizedReason.RENEWING)
        if reason is UnauthorizedReason.NEEDS_PERSON:
            self._ask_person(request.trace_id)
        return Unauthorized(request.trace_id, reason)

    def _ask_person(self, trace_id: str) -> None:
        if not self._died or not self._asking:
            return
        self._died = ""
        told = next((c for c in self._session_view()[1] if c.kind.severity is Severity.ERROR), None)
        if told is not None:
            newest = self._asking[max(self._asking)]
            newest(say(told.code, told.facts), trace_id)

    def _record(self, request: CompletionRequest, outcome: Outcome | None, took_s: float) -> None:
        """Keep how it ended; `outcome` is None for one that was cancelled, which may have cost."""
        facts, info = self._facts, self._facts.info
        decision = decision_of(
            request,
            outcome,
            took_s,
            self._clock.now(),
            sends=facts.sends.pop(request.trace_id, 0),
            endpoint=info.url if info is not None else self._settings.text("gateway"),
        )
        if outcome is not None:
            facts.decisions = (decision, *facts.decisions)[:DECISIONS_KEPT]
        if self._ledger is not None and (outcome is not None or decision.sends):
            self._ledger.record(decision)
        self._changed()

    # --- telling ---------------------------------------------------------------------------------

    def _asked_keeper(self) -> SessionKeeper | None:
        """The keeper, or None when the gateway asks nobody to sign in."""
        info = self._facts.info
        return None if info is not None and info.auth_kind == "none" else self._keeper

    def _gateway_name(self) -> str:
        return broker_facts.gateway_name(self._facts, self._settings)

    def _session_view(self) -> tuple[SessionView, tuple[Condition, ...]]:
        keeper = self._asked_keeper()
        if keeper is None:
            return SessionView(Phase.FRESH), ()
        view, conditions = keeper.view(), keeper.conditions()
        opening = self._opening is not None and not self._opening.done()
        if opening and view.phase is Phase.SIGNED_OUT:
            return replace(view, phase=Phase.EXPIRED), release(conditions, "session.signed_out")
        return view, conditions

    def _session_changed(self) -> None:
        self._upkeep.refresh_if_due()
        self._changed()

    def _changed(self) -> None:
        self._facts.seq += 1
        self._telling.changed()

    def _number(self) -> int:
        self._next_id += 1
        return self._next_id
