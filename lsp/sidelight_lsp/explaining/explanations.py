"""Puts together what explains itself in place: findings, notices and hints, and what is offered on them."""

from __future__ import annotations

from collections.abc import Callable

from sidelight_client.api import Broker, Settings, Subscription

from ..completing.asks import Landing
from ..completing.engine import Engine
from ..documents.documents import Documents
from ..window.client import Client
from ..wire.server import SidelightServer
from . import code_action, code_lens, diagnostics, hover
from .content_findings import ContentFindings
from .context_hints import ContextHints
from .finding_commands import FindingCommands
from .notices import Notices
from .silences import Silences, Story
from .why_nothing import Explaining


class Explanations:
    """Those of one session."""

    def __init__(
        self,
        server: SidelightServer,
        broker: Broker,
        documents: Documents,
        silences: Silences,
        settings: Callable[[], Settings],
    ) -> None:
        self._server = server
        self._broker = broker
        self._documents = documents
        self._silences = silences
        self._settings = settings
        self.notices = Notices(documents, self._changed)
        self._findings = ContentFindings(broker, documents, self._changed)
        self._hints = ContextHints(documents, self._changed)
        self._explaining = Explaining(
            broker,
            documents,
            silences,
            notices=self.notices,
            findings=self._findings,
            settings=settings,
        )
        self._diagnostics: diagnostics.Diagnostics | None = None
        self._commands: FindingCommands | None = None
        self._leave: Subscription | None = None

    def offer(self, client: Client, engine: Engine, redacting: set[str]) -> None:
        """Register what this editor can show; `redacting` holds the documents to be redacted."""
        server, broker, documents = self._server, self._broker, self._documents
        notices, findings = self.notices, self._findings
        self._diagnostics = diagnostics.Diagnostics(
            server,
            documents,
            notices,
            findings=findings,
            hints=self._hints,
            pull=client.pull_diagnostics,
        )
        if client.pull_diagnostics:
            diagnostics.register(server, self._diagnostics)
        hover.register(server, documents, notices, findings)
        code_action.register(
            server, broker, client, documents=documents, notices=notices, findings=findings
        )
        code_lens.register(server, documents, self._silences, self._settings)
        self._commands = FindingCommands(
            server,
            broker,
            client,
            documents=documents,
            engine=engine,
            notices=notices,
            findings=findings,
            silences=self._silences,
            explaining=self._explaining,
            redacting=redacting,
        )
        self._commands.register()
        self._leave = broker.explains(self._explaining.place)

    def start(self) -> None:
        """Look for findings from now on: they may be told."""
        self._findings.start()

    def landed(self, landing: Landing, story: Story) -> None:
        """A request ended, and this is its story."""
        self.notices.landed(landing)
        self._hints.landed(story)

    def saved(self, uri: str) -> None:
        """A document was saved."""
        self._findings.left(uri)

    def close(self) -> None:
        """Give everything back."""
        self._findings.stop()
        if self._commands is not None:
            self._commands.close()
        if self._leave is not None:
            self._leave()

    def _changed(self, uri: str) -> None:
        if self._diagnostics is not None:
            self._diagnostics.changed(uri)
