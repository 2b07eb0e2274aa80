"""Runs what the policy decides about each ask: reuse a suggestion, join a request, or send one.

Every ask is answered exactly once. A newer ask of the same kind in the same document answers the
older one as superseded at once, so that answers cannot overtake each other.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, assert_never

from sidelight_client.api import (
    Broker,
    Completed,
    Outcome,
    Settings,
)

from .asks import Ask, Flight, Landing
from .document import TextDocument
from .documents import Documents
from .lane import Lane
from .outgoing import outgoing
from .policy import (
    LINGER_S,
    Buy,
    Join,
    Nothing,
    Reuse,
    Situation,
    decide,
    deserves_its_own,
    rest_s,
)
from .through import Suggestion, unix

log = logging.getLogger("sidelight.lsp")

CLOSE_S = 5.0
"""How long an aborted request may take to end; the session's descriptors do not wait longer."""


class Engine:
    """The completions of one session."""

    def __init__(
        self,
        broker: Broker,
        documents: Documents,
        settings: Callable[[], Settings],
        landed: Callable[[Landing], None],
        reused: Callable[[str, str], None],
    ) -> None:
        self.client = ""
        self._broker = broker
        self._documents = documents
        self._settings = settings
        self._landed = landed
        self._reused = reused
        self._lanes: dict[str, Lane] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def ask(self, ask: Ask) -> None:
        """Answer `ask`, now or later, exactly once."""
        document = self._documents.get(ask.uri)
        if document is None:
            _reply(ask, (), None)
            return
        lane = self._lanes.setdefault(ask.uri, Lane())
        older = lane.asks.pop(ask.kind, None)
        if older is not None:
            _stop(older.timer)
            older.reply(None)
        decision = decide(self._situation(lane, document, ask))
        match decision:
            case Reuse(texts):
                _reply(ask, texts, lane.suggestion)
                if lane.suggestion is not None:
                    self._reused(ask.uri, lane.suggestion.trace_id)
            case Nothing():
                _reply(ask, (), None)
            case Join():
                lane.asks[ask.kind] = ask
                self._join(lane)
            case Buy(after_s):
                lane.asks[ask.kind] = ask
                self._abandon(lane)
                ask.timer = self._spawn(self._rest_then_launch(lane, ask, after_s))
            case _:
                assert_never(decision)

    def cancel(self, ask_id: int | str) -> bool:
        """Take an ask back; False if it is not waiting. The caller answers it.

        What was sent for it stays joinable for `LINGER_S`.
        """
        for lane in self._lanes.values():
            for kind, ask in lane.asks.items():
                if ask.id == ask_id and type(ask.id) is type(ask_id):
                    del lane.asks[kind]
                    _stop(ask.timer)
                    self._linger(lane)
                    return True
        return False

    def consumed(self, trace_id: str) -> None:
        """A suggestion was accepted: what is left of it is nothing."""
        for lane in self._lanes.values():
            if lane.suggestion is not None and lane.suggestion.trace_id == trace_id:
                lane.suggestion = None

    def changed(self, uri: str) -> None:
        """The document was edited or closed: drop at once what no longer fits."""
        lane = self._lanes.get(uri)
        if lane is None:
            return
        document = self._documents.get(uri)
        if document is None:
            del self._lanes[uri]
        elif not lane.diverged(document):
            return
        self._abandon(lane)
        for ask in list(lane.asks.values()):
            _stop(ask.timer)
            self._answer_nothing(lane, ask)

    def finish(self) -> None:
        """Answer everything that waits and end everything that runs."""
        for lane in self._lanes.values():
            lane.flight = None
            for ask in lane.asks.values():
                ask.reply(None)
            lane.asks.clear()
        self._lanes.clear()
        for task in self._tasks:
            task.cancel()

    async def closed(self) -> None:
        """Return when every task of the engine has ended, at last after `CLOSE_S`.

        Call `finish` first.
        """
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=CLOSE_S)

    # --- what is known -----------------------------------------------------------------------

    def _situation(self, lane: Lane, document: TextDocument, ask: Ask) -> Situation:
        settings = self._settings()
        off = settings.items("completions.languages_off")
        return Situation(
            left=lane.left(document, ask.at),
            joinable=lane.joinable(document, ask.at),
            wanted=settings.flag("completions.enabled") and document.language not in off,
            trigger=ask.trigger,
            debounce_s=self._debounce_s(),
        )

    def _debounce_s(self) -> float:
        return self._settings().number("completions.debounce_ms") / 1000

    # --- acting ------------------------------------------------------------------------------

    def _join(self, lane: Lane) -> None:
        if lane.flight is not None:
            _stop(lane.flight.linger)
            lane.flight.linger = None

    async def _rest_then_launch(self, lane: Lane, ask: Ask, after_s: float) -> None:
        if after_s:
            await self._broker.clock.sleep(after_s)
        ask.timer = None
        document = self._documents.get(ask.uri)
        if document is None or document.line(ask.at.line) != ask.line:
            self._answer_nothing(lane, ask)
        elif lane.joinable(document, ask.at):
            self._join(lane)
        else:
            self._abandon(lane)
            try:
                self._launch(lane, document, ask)
            except Exception as error:
                _complain(error)
                self._answer_nothing(lane, ask)

    def _launch(self, lane: Lane, document: TextDocument, ask: Ask) -> None:
        where = self._broker.document(ask.uri, document.language)
        flight = outgoing(ask, document, where, self._settings(), self.client)
        lane.flight = flight
        flight.task = self._spawn(self._fly(lane, flight))

    async def _fly(self, lane: Lane, flight: Flight) -> None:
        outcome: Outcome | None = None
        try:
            outcome = await self._broker.complete(flight.request)
        except Exception as error:  # A session's exception ends at most the request it belongs to.
            _complain(error)
        finally:
            if lane.flight is flight:
                lane.flight = None
                _stop(flight.linger)
                self._land(lane, flight, outcome)

    def _land(self, lane: Lane, flight: Flight, outcome: Outcome | None) -> None:
        if isinstance(outcome, Completed) and any(outcome.texts):
            lane.suggestion = Suggestion(
                flight.anchor,
                tuple(unix(text) for text in outcome.texts if text),
                outcome.trace_id,
                outcome.source,
                outcome.tier,
            )
        offered = False
        for ask in list(lane.asks.values()):
            offered |= self._answer(lane, ask, flight)
        if outcome is not None:
            request = flight.request
            facts: dict[str, str | float | None] = {
                "name": self._broker.snapshot().gateway.name,
                "language": request.document.language,
                "deadline_ms": self._settings().number(f"tiers.{request.tier}.deadline_ms"),
            }
            uri = request.document.uri
            self._landed(Landing(uri, request, outcome, offered, flight.revision, facts))

    def _answer(self, lane: Lane, ask: Ask, flight: Flight) -> bool:
        """Answer one ask from what landed; whether it got a text."""
        document = self._documents.get(ask.uri)
        if document is None or document.line(ask.at.line) != ask.line:
            self._answer_nothing(lane, ask)
            return False
        fresh = lane.suggestion is not None and lane.suggestion.anchor is flight.anchor
        texts = lane.left(document, ask.at)
        if texts:
            del lane.asks[ask.kind]
            _stop(ask.timer)
            _reply(ask, texts, lane.suggestion)
            return True
        if ask.timer is not None:
            return False
        if deserves_its_own(
            texts=fresh,
            same_place=ask.at == flight.anchor.at,
            asked=ask.trigger,
            sent=flight.request.trigger,
        ):
            after_s = rest_s(ask.trigger, self._debounce_s())
            ask.timer = self._spawn(self._rest_then_launch(lane, ask, after_s))
        else:
            self._answer_nothing(lane, ask)
        return False

    def _answer_nothing(self, lane: Lane, ask: Ask) -> None:
        if lane.asks.get(ask.kind) is ask:
            del lane.asks[ask.kind]
            _reply(ask, (), None)

    def _linger(self, lane: Lane) -> None:
        flight = lane.flight
        if flight is not None and flight.linger is None and not lane.asks:
            flight.linger = self._spawn(self._expire(lane, flight))

    async def _expire(self, lane: Lane, flight: Flight) -> None:
        await self._broker.clock.sleep(LINGER_S)
        if lane.flight is flight and not lane.asks:
            self._abandon(lane)

    def _abandon(self, lane: Lane) -> None:
        """Cancel the request in flight, up to the gateway's socket."""
        if lane.flight is not None:
            _stop(lane.flight.task)
            if lane.flight.linger is not asyncio.current_task():
                _stop(lane.flight.linger)
            lane.flight = None

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _complain(error)


def _reply(ask: Ask, texts: tuple[str, ...], suggestion: Suggestion | None) -> None:
    try:
        result = ask.shape(texts, suggestion)
    except Exception as error:
        _complain(error)
        result = ask.shape((), None)
    ask.reply(result)


def _complain(error: BaseException) -> None:
    """Log the type only: the text of an exception may quote code."""
    log.error("a completion failed: %s", type(error).__name__)


def _stop(task: asyncio.Task[None] | None) -> None:
    if task is not None:
        task.cancel()
