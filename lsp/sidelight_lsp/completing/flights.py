"""Sends the requests of one session, and runs each to its end: for the cursor, ahead of it, or adrift."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from sidelight_client.api import Broker, Outcome, RedactionMode, Settings

from ..deciding.document_policy import ahead
from ..deciding.policy import LINGER_S, MOST_ADRIFT, lines_asked
from ..documents.context import Context
from ..documents.document import TextDocument
from ..window.budgeting import Budgeting
from .asks import Ask, Flight
from .lane import Lane
from .outgoing import outgoing
from .tasks import Tasks, complain, stop


class Flights:
    """The requests under way of one session; what is decided about them, the engine decides.

    Attributes:
        client: the editor's name.
    """

    def __init__(
        self,
        broker: Broker,
        settings: Callable[[], Settings],
        tasks: Tasks,
        *,
        context: Context,
        budgeting: Budgeting,
        redacts: Callable[[str], bool],
        came: Callable[[Lane, Flight, str], None],
        ended: Callable[[Lane, Flight, Outcome | None, bool], None],
    ) -> None:
        """Send the requests of one session.

        Args:
            broker: answers them.
            settings: of the window.
            tasks: in which they run.
            context: chooses what goes along.
            budgeting: tells how much may be spent.
            redacts: whether the person chose to have values of a document replaced.
            came: learns what may be shown of an answer that is still coming, line by line.
            ended: learns how each ended that was not abandoned, and whether it was sent ahead;
                None where the broker failed.
        """
        self.client = ""
        self._broker = broker
        self._settings = settings
        self._tasks = tasks
        self._context = context
        self._budgeting = budgeting
        self._redacts = redacts
        self._came = came
        self._ended = ended

    def launch(self, lane: Lane, document: TextDocument, ask: Ask) -> None:
        """Send a request for the cursor."""
        lane.because = None
        lane.flight = self._send(lane, document, ask)

    def prefetch(self, lane: Lane, document: TextDocument, ask: Ask, text: str) -> None:
        """Ask for what follows `text` as if it had been typed; nobody waits for it yet."""
        later, at = ahead(document, ask.at, text)
        try:
            lane.prefetch = self._send(lane, later, replace(ask, at=at, line=later.line(at.line)))
        except Exception as error:
            complain(error)

    def linger(self, lane: Lane) -> None:
        """Nobody may wait for the request in flight any more: keep it joinable for `LINGER_S`."""
        flight = lane.flight
        if flight is not None and flight.linger is None and not lane.asks:
            flight.linger = self._tasks.spawn(self._expire(lane, flight))

    def set_aside(self, lane: Lane, document: TextDocument) -> None:
        """Let the request in flight go on for its own place where the text it was sent for stands.

        It is counted already, and the person often comes back; cancelling it would save nothing
        but the model's time.
        """
        flight = lane.flight
        if flight is None or lane.diverged(document):
            self.abandon(lane)
            return
        stop(flight.linger)
        flight.linger = lane.flight = None
        lane.adrift.append(flight)
        if len(lane.adrift) > MOST_ADRIFT:
            stop(lane.adrift.pop(0).task)

    def abandon(self, lane: Lane) -> None:
        """Cancel the request in flight, up to the gateway's socket."""
        if lane.flight is not None:
            stop(lane.flight.task)
            if lane.flight.linger is not asyncio.current_task():
                stop(lane.flight.linger)
            lane.flight = None

    def _send(self, lane: Lane, document: TextDocument, ask: Ask) -> Flight:
        began_s = self._broker.clock.monotonic()
        where = self._broker.document(ask.uri, document.language)
        preview, redact = self._broker.preview, self._redacts(ask.uri)
        flight = outgoing(
            ask,
            document,
            where,
            self._settings(),
            client=self.client,
            context=self._context,
            lines=lines_asked(
                self._budgeting.pace(), self._settings().number("completions.max_lines")
            ),
            redact=redact,
            whole=redact or (preview is not None and preview.redaction is RedactionMode.FORCE),
        )
        lane.policy.sent()
        flight.sent_s = self._broker.clock.monotonic()
        flight.context_s = flight.sent_s - began_s
        flight.column = len(ask.line[: ask.at.character].lstrip())
        flight.task = self._tasks.spawn(self._fly(lane, flight))
        return flight

    async def _fly(self, lane: Lane, flight: Flight) -> None:
        outcome: Outcome | None = None
        try:
            outcome = await self._broker.complete(flight.request, partial(self._came, lane, flight))
        except Exception as error:  # A session's exception ends at most the request it belongs to.
            complain(error)
        finally:
            stop(flight.patience)
            if lane.flight is flight:
                lane.flight = None
                stop(flight.linger)
                self._ended(lane, flight, outcome, False)
            elif lane.prefetch is flight:
                lane.prefetch = None
                self._ended(lane, flight, outcome, True)
            elif flight in lane.adrift:
                lane.adrift.remove(flight)
                self._ended(lane, flight, outcome, False)

    async def _expire(self, lane: Lane, flight: Flight) -> None:
        await self._broker.clock.sleep(LINGER_S)
        if lane.flight is flight and not lane.asks:
            self.abandon(lane)
