"""One editor's whole language server session over two file descriptors, inside the broker's process."""

from __future__ import annotations

import asyncio
import logging
import os
from typing import Any

from sidelight_client.api import Broker, Message, Subscription

from .acceptance.inferred import Accepted, Verdict
from .acceptance.provenance_watch import ProvenanceWatch
from .acceptance.shown import Shown
from .completing.asks import Landing
from .completing.engine import Engine
from .completing.inline import InlineCompletion
from .completing.menu import TRIGGER_CHARACTERS, MenuCompletion
from .copilot.completions import CopilotCompletions
from .copilot.dialect import CopilotDialect, count_in_utf_16, speaks_copilot
from .documents.document import TextDocument
from .documents.documents import Documents
from .explaining import decision
from .explaining.explanations import Explanations
from .explaining.silences import Silences
from .window import commands, own_commands, sign_in
from .window.client import Client, read_client
from .window.settings import WindowSettings
from .window.status import Status
from .wire.channel import Channel
from .wire.front import Front
from .wire.server import SidelightServer, document_uri

log = logging.getLogger("sidelight.lsp")

DRAIN_S = 2.0
"""How long an ended session waits for its editor to take the last answers."""


async def serve(broker: Broker, read_fd: int, write_fd: int) -> int:
    """Run one session to its end and return the exit code LSP asks for.

    Both descriptors belong to the session from now on and are closed before it returns; they may
    be the same. It never exits the process.

    Returns:
        0 after `shutdown` and `exit`; 1 when the editor went without them, sent what cannot be
        followed, or stopped reading.
    """
    try:
        session = Session(broker, read_fd, write_fd)
    except BaseException:
        for fd in {read_fd, write_fd}:
            os.close(fd)
        raise
    try:
        return await session.run()
    finally:
        await session.close()


class Session:
    """Puts the features of one session together, and takes them apart again."""

    def __init__(self, broker: Broker, read_fd: int, write_fd: int) -> None:
        self._broker = broker
        self._client = Client()
        self._exit_code = 1
        self._leave: list[Subscription] = []
        self._offers: set[asyncio.Task[None]] = set()
        self._documents = Documents()
        self._server = SidelightServer(broker.snapshot().version)
        self._window = WindowSettings(self._server, broker)
        settings = self._window.preferences.settings
        max_lines = self._window.preferences.max_lines
        self._silences = Silences(self._documents, broker.clock.now)
        self._redacting: set[str] = set()
        self._engine = Engine(
            broker,
            self._documents,
            settings,
            landed=self._landed,
            reused=self._reused,
            silent=self._silences.silent,
            redacts=self._redacting.__contains__,
        )
        self._provenance = ProvenanceWatch(broker, self._documents)
        self._shown = Shown(self._documents, self._became, self._provenance.became)
        self._explanations = Explanations(
            self._server, broker, self._documents, self._silences, settings
        )
        self._documents.listen_to_texts(self._text_changed)
        self._copilot: CopilotDialect | None = None
        self._channel = Channel(read_fd, write_fd)
        self._server.write_to(self._channel.send)
        self._front = Front(self, self._documents, self._engine, self._server, self._channel.send)
        self._menu = MenuCompletion(
            *(self._engine, self._documents, self._shown, max_lines),
            now_s=broker.clock.monotonic,
        )
        self._front.serve(
            InlineCompletion(self._engine, self._documents, self._shown, max_lines),
            self._menu,
        )
        self._status = Status(broker, self._front.notify)

    async def run(self) -> int:
        """Serve until the editor leaves."""
        log.info("session started")
        self._channel.start(self._front.receive, self._front.lost)
        why = await self._channel.ended
        log.info("session of %s ended: %s", self._client.name, why)
        return self._exit_code

    async def close(self) -> None:
        """Give everything back: requests, subscriptions, descriptors."""
        self.closing()
        self._status.stop()
        self._explanations.close()
        self._window.close()
        for leave in self._leave:
            leave()
        self._leave.clear()
        for task in self._offers:
            task.cancel()
        try:
            await self._engine.closed()
        finally:
            await self._channel.close(self._broker.clock.sleep(DRAIN_S))

    def _offer_sign_in(self, message: Message, trace_id: str) -> None:
        offer = sign_in.offer_sign_in(self._server, self._broker, self._client, message, trace_id)
        task = asyncio.get_running_loop().create_task(offer)
        self._offers.add(task)
        task.add_done_callback(self._offers.discard)

    # --- the turns of its life (front.Lifecycle) ---------------------------------------------

    def opening(self, params: Any) -> None:
        """Register what this editor can use, before it is told what there is."""
        self._client = client = read_client(params)
        copilot = speaks_copilot(params)
        self._engine.serves(client.name)
        self._shown.serves(client.name)
        self._menu.client = client.name
        self._window.preferences.initialised(client.options)
        settings = self._window.preferences.settings()
        # Clients of the Copilot dialect draw ghost text without telling so.
        ghost = client.inline_completion or copilot
        self._server.offer(inlineCompletionProvider={})
        if not ghost or settings.flag("completions.menu"):
            self._server.offer(completionProvider={"triggerCharacters": TRIGGER_CHARACTERS})
        self._explanations.offer(client, self._engine, self._redacting)
        own_commands.register(
            *(self._server, self._broker),
            own_commands.run_sidelight,
            own_commands.start_sidelight,
        )
        commands.register(
            self._server,
            self._broker,
            client,
            notices=self._explanations.notices,
            accepted=self._shown.accepted,
        )
        self._front.serve_also({}, self._shown.notifications)
        if copilot:
            count_in_utf_16(params)
            self._serve_copilot(client)
        self._register_saved()
        self._leave.append(self._broker.editor_connected(client.name))
        self._leave.append(self._broker.asks_person(self._offer_sign_in))
        self._window.offer(client)

    def _register_saved(self) -> None:
        @self._server.feature("textDocument/didSave")
        def saved(params: Any) -> None:
            uri = document_uri(params)
            self._provenance.saved(uri)
            self._explanations.saved(uri)

    def opened(self) -> None:
        """Count columns as was agreed."""
        self._documents.encoding = self._server.encoding

    def ready(self) -> None:
        """Ask for the configuration and begin to tell the status."""
        self._explanations.start()
        if self._client.messages:
            self._status.start()
        if self._copilot is not None:
            self._copilot.start()
        self._window.pull()

    def closing(self) -> None:
        """Answer or cancel everything that is under way."""
        self._engine.finish()
        self._provenance.close()
        if self._copilot is not None:
            self._copilot.close()
        self._server.cancel_all()

    def exit(self, code: int) -> None:
        """Leave with `code`."""
        self._exit_code = code
        self._channel.end("exit")

    # --- what the features tell each other ---------------------------------------------------

    def _landed(self, landing: Landing) -> None:
        sent = self._broker.sent(landing.request.trace_id)
        story = self._silences.landed(landing, self._engine.rates, sent)
        self._explanations.landed(landing, story)
        if self._client.messages:
            document = self._documents.get(landing.uri)
            payload = decision.decision_payload(landing, document, story)
            self._front.notify(decision.METHOD, payload)

    def _reused(self, uri: str, trace_id: str) -> None:
        if self._client.messages:
            self._front.notify(decision.METHOD, decision.reused_payload(uri, trace_id))

    def _became(self, verdict: Verdict) -> None:
        if isinstance(verdict, Accepted):
            self._engine.consumed(verdict.trace_id)
            self._broker.accepted(verdict.trace_id)

    def _rejected(self, trace_id: str) -> None:
        if self._shown.rejected(trace_id):
            self._engine.dismissed(trace_id)

    def _text_changed(self, document: TextDocument) -> None:
        if self._documents.get(document.uri) is document:
            self._broker.completions_expected()
        else:
            self._redacting.discard(document.uri)

    def _serve_copilot(self, client: Client) -> None:
        self._copilot = CopilotDialect(
            self._server,
            self._broker,
            client,
            CopilotCompletions(
                *(self._engine, self._documents, self._shown),
                self._window.preferences.max_lines,
            ),
            accepted=self._shown.accepted,
            rejected=self._rejected,
            notify=self._front.notify,
            refuse=self._front.refuse,
        )
        self._front.serve_also(self._copilot.requests, self._copilot.notifications)
