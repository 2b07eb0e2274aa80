"""The broker: runs the effects one person's completions ask for, and decides nothing itself.

Architecture invariant: it knows no editor protocol, and no method returns or takes a token.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ..domain import aftermath
from ..domain.completion import CompletionRequest, Outcome, Trigger
from ..domain.diagnosis_session import SessionSeen
from ..domain.endpoints import Endpoints
from ..domain.health import hold, release
from ..domain.place import Document
from ..domain.policy import judge
from ..domain.snapshot import EditorView, Snapshot
from ..domain.window import CutReason, Window
from ..domain.window_context import kept_out, without_places
from ..domain.words import Message
from ..keeper import SessionKeeper
from ..ports import (
    Clock,
    Gateway,
    GatewayInfo,
    Ledger,
    NetworkChanged,
    PowerEvent,
    RepoFacts,
    ServiceHealth,
    SignInFailed,
    SignInPrompt,
    Slept,
)
from ..settings import Settings
from .canary import Canary
from .completions import Completions
from .exchange import GatewayExchange
from .facts import BrokerFacts, gateway_name, next_change_at, snapshot_of
from .session_side import GRANT_WAIT_S, SessionSide
from .telling import Telling
from .upkeep import Upkeep
from .workspaces import Learn, Workspaces

log = logging.getLogger("sidelight.broker")


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
        self._workspaces = Workspaces(clock, learn)
        addresses = settings.texts("gateway") or ("",)
        self._facts = facts = BrokerFacts(version, endpoints=Endpoints(addresses))
        self._numbers = itertools.count(1)
        self._service: ServiceHealth | None = None
        self._session = SessionSide(clock, keeper, facts, self._changed)
        self._telling = Telling(clock, self.snapshot, lambda now: next_change_at(facts, now))
        self._canary = Canary(clock, gateway, facts, self._changed)
        exchange = GatewayExchange(
            clock,
            gateway,
            facts,
            settings=lambda: self._settings,
            changed=self._changed,
            alive=self._canary.run_if_due,
        )
        self._completions = Completions(
            clock,
            facts,
            self._session,
            exchange,
            ledger,
            settings=lambda: self._settings,
            changed=self._changed,
        )
        self._upkeep = Upkeep(
            clock,
            gateway,
            facts,
            keeper=lambda: self._session.keeper,
            name=lambda: gateway_name(facts, self._settings),
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
        self._session.opens_with(signing_in, approve)

    async def stop(self) -> None:
        """End what runs in the background. The gateway and the keeper's parts are the caller's."""
        self._telling.stop()
        self._workspaces.stop()
        await self._canary.stop()
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
        if self._service is not None and isinstance(event, (Slept, NetworkChanged)):
            self._service.woke()
        if isinstance(event, Slept):
            await self._gateway.drop_pool()
            self.retry_now()
        elif isinstance(event, NetworkChanged):
            self.retry_now()
        elif self._keeper is not None:
            await self._keeper.quiet()

    def watch_service(self, watched: ServiceHealth) -> None:
        """Show in every snapshot what `watched` knows of the gateway."""
        self._service = watched

    def service_changed(self) -> None:
        """Tell everybody, because what is known of the gateway is another."""
        self._changed()

    @property
    def gateway_info(self) -> GatewayInfo | None:
        """What discovery found; None before it did."""
        return self._facts.info

    # --- what sessions ask -----------------------------------------------------------------------

    @property
    def clock(self) -> Clock:
        return self._clock

    @property
    def settings(self) -> Settings:
        return self._settings

    def document(self, uri: str, language: str) -> Document:
        return self._repositories.document(uri, language)[0]

    def may_leave(self, uri: str, language: str) -> bool:
        document, path = self._repositories.document(uri, language)
        info = self._facts.info
        verdict = judge(self._facts.policy, document, path)
        return verdict.allows(local=info is not None and info.embedded)

    def snapshot(self) -> Snapshot:
        session, conditions = self._session.view()
        now = self._clock.now()
        snapshot = snapshot_of(self._facts, self._settings, session, conditions, now)
        if self._service is None:
            return snapshot
        return replace(snapshot, service=self._service.service, uptime=self._service.uptime)

    def diagnosis(self) -> SessionSeen:
        return self._session.diagnosis()

    def subscribe(self, changed: Callable[[Snapshot], None]) -> Callable[[], None]:
        return self._telling.subscribe(changed)

    def editor_connected(self, name: str) -> Callable[[], None]:
        editor = EditorView(next(self._numbers), name, self._clock.now())
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
        self._hold(code, client=client or "an editor", names=", ".join(names))
        return lambda: self._release(code)

    def storage_problem(self, folder: str, problem: str) -> None:
        """Tell that `folder` cannot be written; an empty `problem` says that it can be again."""
        code = "storage.unwritable"
        if problem:
            self._hold(code, folder=folder, problem=problem)
        else:
            self._release(code)

    def workspace_opened(self, folder: Path) -> Callable[[], None]:
        self._workspaces.opened(folder)
        return lambda: None

    async def sign_in(
        self, show: Callable[[SignInPrompt], None], *, device: bool = False
    ) -> SignInFailed | None:
        return await self._session.sign_in(show, device=device)

    def session_died(self, reason: str) -> None:
        """Take note that the provider rejected the session; the keeper says it once."""
        self._session.died(reason)

    def asks_person(self, ask: Callable[[Message, str], None]) -> Callable[[], None]:
        return self._session.asks_person(ask)

    async def sign_out(self) -> None:
        await self._session.sign_out()

    def pause(self, until: float | None) -> None:
        self._facts.paused_until = until
        self._changed()

    def retry_now(self) -> None:
        self._facts.endpoints = replace(self._facts.endpoints, breakers={})
        self._facts.conditions = aftermath.forget_silence(self._facts.conditions)
        self._upkeep.discover_if_due(at_once=True)
        self._changed()

    def accepted(self, trace_id: str) -> None:
        log.info("accepted %s", trace_id)
        counts = self._facts.counts
        self._facts.counts = replace(counts, accepted=counts.accepted + 1)
        self._changed()

    async def complete(self, request: CompletionRequest) -> Outcome:
        began = self._clock.monotonic()
        self._upkeep.discover_if_due()
        self._upkeep.refresh_if_due()
        if request.trigger is Trigger.INVOKED:
            # Who asks explicitly, such as the command line, may have no editor that told the folder.
            folder = self._repositories.folder(request.document.uri)
            await self._workspaces.learned(folder, GRANT_WAIT_S[request.trigger])
            # Whether anybody must sign in is what the gateway says.
            await self._upkeep.asked_once(GRANT_WAIT_S[request.trigger])
        # Which repository it is decides what may be sent, so a client's word for it does not count.
        document, path = self._repositories.document(
            request.document.uri, request.document.language
        )
        window = without_places(request.window, self._kept_out(request.window, document))
        request = replace(request, document=document, window=window)
        return await self._completions.complete(request, path, began)

    def _kept_out(self, window: Window, document: Document) -> dict[str, CutReason]:
        """The documents a client put into the window of `document` that must not go along."""
        found: dict[str, CutReason] = {}
        for uri in {part.uri for part in window.parts} - {document.uri}:
            there, _ = self._repositories.document(uri, "")
            reason = kept_out(document, there, allowed=self.may_leave(uri, ""))
            if reason is not None:
                found[uri] = reason
        return found

    # --- telling ---------------------------------------------------------------------------------

    def _hold(self, code: str, **facts: str | float) -> None:
        self._facts.conditions = hold(
            self._facts.conditions, code, self._clock.now(), None, **facts
        )
        self._changed()

    def _release(self, code: str) -> None:
        self._facts.conditions = release(self._facts.conditions, code)
        self._changed()

    def _session_changed(self) -> None:
        self._upkeep.refresh_if_due()
        self._changed()

    def _changed(self) -> None:
        self._facts.seq += 1
        self._telling.changed()
