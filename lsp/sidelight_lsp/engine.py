"""Runs what the policy decides about each ask: reuse a suggestion, join a request, or send one.

Every ask is answered exactly once. A newer ask of the same kind in the same document answers the
older one as superseded at once, so that answers cannot overtake each other.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, assert_never

from sidelight_client.api import (
    Broker,
    Completed,
    Outcome,
    RedactionMode,
    Settings,
    TokenRates,
    Unavailable,
    UnavailableReason,
)

from .asks import Ask, Flight, Landing
from .budgeting import Budgeting
from .context import Context
from .document import Edit, TextDocument
from .document_policy import ahead
from .documents import Documents
from .lane import Lane
from .outgoing import outgoing
from .plain import mapping, sequence
from .policy import (
    LINGER_S,
    MOST_ADRIFT,
    Because,
    Buy,
    Decision,
    Join,
    Nothing,
    Reuse,
    deserves_its_own,
    lines_asked,
)
from .silences import Quiet, Silence
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
        *,
        landed: Callable[[Landing], None],
        reused: Callable[[str, str], None],
        silent: Callable[[Ask, Silence], None],
        redacts: Callable[[str], bool],
    ) -> None:
        """Run the completions of one session.

        Args:
            broker: answers requests.
            documents: the live ones.
            settings: of the window.
            landed: learns how each request ended.
            reused: learns of each answer for which nothing was sent.
            silent: learns why an ask brought nothing; called once for each that did.
            redacts: whether the person chose to have values of a document replaced.
        """
        self.client = ""
        self._broker = broker
        self._documents = documents
        self._settings = settings
        self._landed = landed
        self._reused = reused
        self._silent = silent
        self._redacts = redacts
        self._context = Context(broker, documents)
        self._budgeting = Budgeting(broker, self.forget)
        self._lanes: dict[str, Lane] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        documents.listen(self._edited)

    @property
    def rates(self) -> TokenRates:
        """Bytes a token, as the gateway's counts taught them."""
        return self._context.rates

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
            self._silent(older, Quiet.ASKED_AGAIN)
        lane.because = None
        self._follow(lane, document, ask, self._decide(lane, document, ask))

    def cancel(self, ask_id: int | str) -> bool:
        """Take an ask back; False if it is not waiting. The caller answers it.

        What was sent for it stays joinable for `LINGER_S`.
        """
        for lane in self._lanes.values():
            for kind, ask in lane.asks.items():
                if ask.id == ask_id and type(ask.id) is type(ask_id):
                    del lane.asks[kind]
                    _stop(ask.timer)
                    self._silent(ask, Quiet.WITHDRAWN)
                    self._linger(lane)
                    return True
        return False

    def consumed(self, trace_id: str) -> None:
        """A suggestion was accepted: what is left of it is what was not shown yet, or nothing."""
        shown = self._settings().number("completions.max_lines")
        for lane in self._lanes.values():
            lane.policy.accepted(trace_id, shown)

    def why(self, uri: str) -> Because | None:
        """Why the latest ask in a document bought nothing; None when it did, or none was asked."""
        lane = self._lanes.get(uri)
        return lane.because if lane is not None else None

    def forget(self) -> None:
        """Drop every suggestion: signed out or paused, nothing of them may be shown."""
        for lane in self._lanes.values():
            lane.policy.forget()

    def changed(self, uri: str) -> None:
        """The document was edited or closed: drop at once what no longer fits."""
        lane = self._lanes.get(uri)
        if lane is None:
            return
        document = self._documents.get(uri)
        if document is None:
            del self._lanes[uri]
            for flight in lane.flights():
                _stop(flight.task)
            lane.prefetch = None
            lane.adrift.clear()
        elif not lane.diverged(document):
            return
        self._abandon(lane)
        for ask in list(lane.asks.values()):
            _stop(ask.timer)
            self._answer_nothing(lane, ask, Quiet.TYPED_ON)

    def finish(self) -> None:
        """Answer everything that waits and end everything that runs."""
        self._budgeting.stop()
        for lane in self._lanes.values():
            lane.flight = lane.prefetch = None
            lane.adrift.clear()
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

    def _decide(self, lane: Lane, document: TextDocument, ask: Ask) -> Decision:
        if not self._broker.may_leave(document.uri, document.language):
            # What the gateway once brought for this place may not be shown either; the broker says why.
            lane.policy.forget()
        return lane.policy.decide(
            document,
            ask.at,
            trigger=ask.trigger,
            joinable=lane.joinable(document, ask.at),
            prefetching=lane.prefetch is not None,
            refused=self._refused(document),
            pace=self._budgeting.pace(),
            now_s=self._broker.clock.monotonic(),
            shortest_rest_s=self._settings().number("completions.debounce_ms") / 1000,
        )

    def _refused(self, document: TextDocument) -> Because | None:
        settings = self._settings()
        if not settings.flag("completions.enabled"):
            return Because.SWITCHED_OFF
        off = document.language in settings.items("completions.languages_off")
        return Because.LANGUAGE_OFF if off else None

    def _edited(self, document: TextDocument, edit: Edit | None) -> None:
        lane = self._lanes.get(document.uri)
        if lane is not None:
            lane.policy.edited(document, edit, self._broker.clock.monotonic())
            if edit is not None:
                for flight in lane.flights():
                    flight.anchor.shift(edit)

    # --- acting ------------------------------------------------------------------------------

    def _follow(self, lane: Lane, document: TextDocument, ask: Ask, decision: Decision) -> None:
        match decision:
            case Reuse(texts, prefetch):
                lane.asks.pop(ask.kind, None)
                shown = lane.policy.shown
                suggestion = shown.suggestion if shown is not None else None
                self._reply_texts(ask, texts, suggestion)
                if suggestion is not None:
                    self._reused(ask.uri, suggestion.trace_id)
                if prefetch:
                    self._prefetch(lane, document, ask, texts[0])
            case Nothing(because):
                lane.because = because
                lane.asks[ask.kind] = ask
                self._answer_nothing(lane, ask, because)
            case Join():
                lane.asks[ask.kind] = ask
                self._join(lane)
            case Buy(after_s):
                lane.because = Because.WAITING_FOR_A_PAUSE if after_s else None
                lane.asks[ask.kind] = ask
                self._set_aside(lane, document)
                ask.timer = self._spawn(self._rest_then_launch(lane, ask, after_s))
            case _:
                assert_never(decision)

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
            self._answer_nothing(lane, ask, Quiet.TYPED_ON)
        elif lane.joinable(document, ask.at):
            self._join(lane)
        else:
            self._set_aside(lane, document)
            try:
                self._launch(lane, document, ask)
            except Exception as error:
                _complain(error)
                self._answer_nothing(lane, ask, Quiet.BROKE)

    def _launch(self, lane: Lane, document: TextDocument, ask: Ask) -> None:
        lane.because = None
        lane.flight = self._send(lane, document, ask)

    def _prefetch(self, lane: Lane, document: TextDocument, ask: Ask, text: str) -> None:
        """Ask for what follows `text` as if it had been typed; nobody waits for it yet."""
        later, at = ahead(document, ask.at, text)
        try:
            lane.prefetch = self._send(lane, later, replace(ask, at=at, line=later.line(at.line)))
        except Exception as error:
            _complain(error)

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
        flight.task = self._spawn(self._fly(lane, flight))
        return flight

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
            elif lane.prefetch is flight:
                lane.prefetch = None
                self._land(lane, flight, outcome, ahead=True)
            elif flight in lane.adrift:
                lane.adrift.remove(flight)
                self._land(lane, flight, outcome)

    def _learn(self, lane: Lane, flight: Flight, outcome: Outcome | None) -> None:
        if not isinstance(outcome, Completed):
            late = isinstance(outcome, Unavailable) and outcome.reason is UnavailableReason.DEADLINE
            if outcome is not None and not late:
                lane.policy.refused()
            return
        texts = tuple(unix(text) for text in outcome.texts if text)
        suggestion = None
        if texts:
            suggestion = Suggestion(
                flight.anchor, texts, outcome.trace_id, outcome.source, outcome.tier
            )
        took_s = self._broker.clock.monotonic() - flight.sent_s
        lane.policy.landed(suggestion, took_s, flight.column)

    def _land(
        self, lane: Lane, flight: Flight, outcome: Outcome | None, *, ahead: bool = False
    ) -> None:
        self._learn(lane, flight, outcome)
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
            landing = Landing(
                uri,
                replace(request, file=""),
                outcome,
                offered,
                flight.revision,
                facts,
                flight.context_s,
                flight.budget_chars,
                ahead,
            )
            self._context.landed(landing)
            self._landed(landing)

    def _answer(self, lane: Lane, ask: Ask, flight: Flight) -> bool:
        """Answer one ask from what landed; whether it got a text."""
        document = self._documents.get(ask.uri)
        if document is None or document.line(ask.at.line) != ask.line:
            self._answer_nothing(lane, ask, Quiet.TYPED_ON)
            return False
        texts = lane.left(document, ask.at)
        shown = lane.policy.shown
        if texts and shown is not None:
            del lane.asks[ask.kind]
            _stop(ask.timer)
            self._reply_texts(ask, texts, shown.suggestion)
            return True
        if ask.timer is not None or lane.joinable(document, ask.at):
            return False
        brought = lane.policy.brought(flight.anchor)
        if deserves_its_own(
            texts=brought,
            same_place=ask.at == flight.anchor.at,
            asked=ask.trigger,
            sent=flight.request.trigger,
        ):
            if brought:
                lane.policy.missed(document, ask.at, flight.anchor)
            self._follow(lane, document, ask, self._decide(lane, document, ask))
        else:
            self._answer_nothing(lane, ask, flight.request.trace_id)
        return False

    def _answer_nothing(self, lane: Lane, ask: Ask, why: Silence) -> None:
        if lane.asks.get(ask.kind) is ask:
            del lane.asks[ask.kind]
            _reply(ask, (), None)
            self._silent(ask, why)

    def _reply_texts(self, ask: Ask, texts: tuple[str, ...], suggestion: Suggestion | None) -> None:
        result = _reply(ask, texts, suggestion)
        if not any(map(sequence, mapping(result).values())):
            self._silent(ask, Quiet.DOES_NOT_FIT)

    def fetch(self, ask: Ask) -> None:
        """Buy a request for a place although the editor waits for none: its next ask finds the answer."""
        document = self._documents.get(ask.uri)
        if document is not None:
            lane = self._lanes.setdefault(ask.uri, Lane())
            lane.policy.forget()
            self._abandon(lane)
            self._launch(lane, document, ask)

    def _linger(self, lane: Lane) -> None:
        flight = lane.flight
        if flight is not None and flight.linger is None and not lane.asks:
            flight.linger = self._spawn(self._expire(lane, flight))

    async def _expire(self, lane: Lane, flight: Flight) -> None:
        await self._broker.clock.sleep(LINGER_S)
        if lane.flight is flight and not lane.asks:
            self._abandon(lane)

    def _set_aside(self, lane: Lane, document: TextDocument) -> None:
        """Let the request in flight go on for its own place where the text it was sent for stands.

        It is counted already, and the person often comes back; cancelling it would save nothing
        but the model's time.
        """
        flight = lane.flight
        if flight is None or lane.diverged(document):
            self._abandon(lane)
            return
        _stop(flight.linger)
        flight.linger = lane.flight = None
        lane.adrift.append(flight)
        if len(lane.adrift) > MOST_ADRIFT:
            _stop(lane.adrift.pop(0).task)

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


def _reply(ask: Ask, texts: tuple[str, ...], suggestion: Suggestion | None) -> object:
    try:
        result = ask.shape(texts, suggestion)
    except Exception as error:
        _complain(error)
        result = ask.shape((), None)
    ask.reply(result)
    return result


def _complain(error: BaseException) -> None:
    """Log the type only: the text of an exception may quote code."""
    log.error("a completion failed: %s", type(error).__name__)


def _stop(task: asyncio.Task[None] | None) -> None:
    if task is not None:
        task.cancel()
