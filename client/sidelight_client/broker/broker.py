"""The broker: runs the effects one person's completions ask for, and decides nothing itself.

Architecture invariant: it knows no editor protocol, and no method returns or takes a token.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ..domain.completion import CompletionRequest, Outcome
from ..domain.content.marks import ContentPlace, MarksFile
from ..domain.content.preview import ContentPreview
from ..domain.explaining.explained import Explained
from ..domain.explaining.sent_text import SentText
from ..domain.feedback import FeedbackResult, Subject
from ..domain.identity.diagnosis_session import SessionSeen
from ..domain.pauses import Pauses
from ..domain.place import Document, Position
from ..domain.policy.organisation import Policy, PolicyTrouble
from ..domain.provenance import Provenance
from ..domain.routing import aftermath
from ..domain.routing.endpoints import Endpoints
from ..domain.snapshot import Snapshot
from ..domain.spending.usage_view import UsageView
from ..domain.words.catalogue import Message
from ..keeper import SessionKeeper
from ..ports import (
    Clock,
    ContentMarks,
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
    UsageToday,
)
from ..settings import Settings
from .attention import KeepPauses
from .content import Compile
from .explainers import Explain, Explainers
from .facts import BrokerFacts, next_change_at
from .parts import Outside, Parts
from .telling import Telling
from .workspaces import Learn

NOTHING_PAUSED = Pauses()


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
        usage_today: UsageToday | None = None,
        compile_rules: Compile | None = None,
        marks: ContentMarks | None = None,
        scratch: Path | None = None,
        pauses: Pauses = NOTHING_PAUSED,
        keep_pauses: KeepPauses | None = None,
    ) -> None:
        """`keeper` is None for a gateway that asks nobody to sign in; `learn` is the embedded one's.

        `usage_today` counts what `ledger` holds. Without `compile_rules` no content is looked at;
        `marks` tells which of it people made up. `scratch` is a private folder for short-lived files.
        `pauses` hold from the start, and `keep_pauses` is told whenever others do.
        """
        self._clock = clock
        self._ledger = ledger
        self._settings = settings
        self._gateway = gateway
        self._keeper = keeper
        self._repositories = repositories
        addresses = settings.texts("gateway") or ("",)
        self._facts = facts = BrokerFacts(version, endpoints=Endpoints(addresses), pauses=pauses)
        self._marks = marks
        self._scratch = scratch
        self._explainers = Explainers()
        parts = Parts(
            Outside(
                clock,
                gateway,
                keeper,
                repositories,
                ledger,
                learn,
                usage_today,
                compile_rules,
                keep_pauses,
            ),
            facts,
            settings=lambda: self._settings,
            changed=self._changed,
            begun=self._begun,
            content_place=self.content_place,
        )
        self.process = parts.process
        """What the process around it may tell of."""
        self.attention = parts.attention
        self._workspaces, self._places = parts.workspaces, parts.places
        self._session, self._shown = parts.session, parts.shown
        self._asked, self._content = parts.asked, parts.content
        self._canary, self._upkeep = parts.canary, parts.upkeep
        self._arrivals, self._connecting = parts.arrivals, parts.connecting
        self._telling = Telling(clock, self.snapshot, lambda now: next_change_at(facts, now))

    # --- life ------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Open the session and learn about the gateway in the background."""
        if self._keeper is not None:
            self._keeper.subscribe(self._session_changed)
            await self._keeper.start()
        self._content.refresh()
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
        await self._content.stop()
        if self._keeper is not None:
            await self._keeper.stop()

    def update_settings(self, settings: Settings) -> None:
        """Apply settings that were changed while running."""
        self._settings = settings
        self._changed()

    def update_organisation_policy(self, found: Policy | PolicyTrouble) -> None:
        """Apply the rules of the organisation's policy file, beside the gateway's.

        A file that cannot be read leaves those that were read last; where none were, it closes.
        """
        self._places.organisation(found)
        self.process.policy_file(found.value if isinstance(found, PolicyTrouble) else "")
        self._changed()

    async def power(self, event: PowerEvent) -> None:
        """Take note of sleep, wake or network; returns when the machine may sleep."""
        if self._keeper is not None:
            self._keeper.power(event)
        if self._shown.service is not None and isinstance(event, (Slept, NetworkChanged)):
            self._shown.service.woke()
        if isinstance(event, Slept):
            await self._gateway.drop_pool()
            self._connecting.at_once()
            self.retry_now()
        elif isinstance(event, NetworkChanged):
            self._connecting.at_once()
            self.retry_now()
        elif self._keeper is not None:
            await self._keeper.quiet()

    def watch_service(self, watched: ServiceHealth) -> None:
        """Show in every snapshot what `watched` knows of the gateway."""
        self._shown.service = watched

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
        return self._places.may_leave(uri, language)

    def snapshot(self) -> Snapshot:
        return self._shown.snapshot()

    def diagnosis(self) -> SessionSeen:
        return self._session.diagnosis()

    def subscribe(self, changed: Callable[[Snapshot], None]) -> Callable[[], None]:
        return self._telling.subscribe(changed)

    def editor_connected(self, name: str) -> Callable[[], None]:
        gone = self._shown.editor_connected(name)
        self._upkeep.discover_if_due()
        self._connecting.expected()
        return gone

    def completions_expected(self) -> None:
        self._connecting.expected()

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

    def pause(self, until: float | None, language: str = "") -> None:
        self.attention.pause(until, language)

    def retry_now(self) -> None:
        self._facts.endpoints = replace(self._facts.endpoints, breakers={})
        self._facts.conditions = aftermath.forget_silence(self._facts.conditions)
        self._upkeep.discover_if_due(at_once=True)
        self._changed()

    def accepted(self, trace_id: str) -> None:
        self._shown.accepted(trace_id)

    def note_provenance(self, known: Provenance) -> None:
        if self._ledger is not None:
            self._ledger.note_provenance(known)

    async def usage(self) -> UsageView:
        return await self._asked.usage()

    async def feedback(
        self, subject: Subject, rule: str, trace_id: str, reason: str, form_url: str = ""
    ) -> FeedbackResult:
        return await self._asked.feedback(subject, rule, trace_id, reason, form_url)

    @property
    def preview(self) -> ContentPreview | None:
        return self._facts.preview

    def content_place(self, uri: str) -> ContentPlace:
        path = self._repositories.document(uri, "")[1]
        return ContentPlace(path) if self._marks is None else self._marks.place(uri, path)

    def marks_file(self, uri: str) -> MarksFile | None:
        return None if self._marks is None else self._marks.file(uri)

    @property
    def scratch(self) -> Path | None:
        return self._scratch

    def marks_changed(self) -> None:
        """Tell everybody that other values are marked as made up now."""
        self._changed()

    def sent(self, trace_id: str) -> SentText | None:
        return self._content.sent(trace_id)

    def weighed(self, request: CompletionRequest) -> Outcome | None:
        return self._arrivals.weighed(request)

    def explains(self, explain: Explain) -> Callable[[], None]:
        return self._explainers.add(explain)

    def explanation(self, uri: str, at: Position | None) -> Explained | None:
        return self._explainers.ask(uri, at)

    async def complete(
        self, request: CompletionRequest, so_far: Callable[[str], None] | None = None
    ) -> Outcome:
        return await self._arrivals.complete(request, so_far)

    # --- telling ---------------------------------------------------------------------------------

    def _session_changed(self) -> None:
        self._upkeep.refresh_if_due()
        self._changed()

    def _begun(self) -> None:
        self._facts.seq += 1
        self._telling.begun()

    def _changed(self) -> None:
        self._content.refresh()
        self._facts.seq += 1
        self._telling.changed()
