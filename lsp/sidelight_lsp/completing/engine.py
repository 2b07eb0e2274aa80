"""Runs what the policy decides about each ask: reuse a suggestion, join a request, or send one.

Every ask is answered exactly once. A newer ask of the same kind in the same document answers the
older one as superseded at once, so that answers cannot overtake each other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from sidelight_client.api import Broker, Completed, Outcome, Settings, TokenRates

from ..deciding.gather import Deciding
from ..deciding.policy import Because, Buy, Decision, Join, Nothing, Reuse, deserves_its_own
from ..documents.context import Context
from ..documents.document import Edit, TextDocument
from ..documents.documents import Documents
from ..explaining.silences import Quiet, Silence
from ..window.budgeting import Budgeting
from .asks import Ask, Flight, Landing
from .early_answers import EarlyAnswers
from .flights import Flights
from .landings import landing, learn
from .lane import Lane
from .replying import Replying, reply
from .tasks import Tasks, complain, stop


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
        self._broker = broker
        self._documents = documents
        self._settings = settings
        self._landed = landed
        self._reused = reused
        self._context = Context(broker, documents)
        self._budgeting = Budgeting(broker, self.forget)
        self._deciding = Deciding(broker, settings, self._budgeting)
        self._lanes: dict[str, Lane] = {}
        self._now_s = broker.clock.monotonic
        self._tasks = Tasks()
        self._replying = Replying(documents, silent)
        self._early = EarlyAnswers(broker, documents, settings, self._tasks, self._replying.offer)
        self._flights = Flights(
            broker,
            settings,
            self._tasks,
            context=self._context,
            budgeting=self._budgeting,
            redacts=redacts,
            came=self._early.came,
            ended=self._ended,
        )
        documents.listen(self._edited)

    def serves(self, client: str) -> None:
        """Take note of the editor's name, which goes with every request."""
        self._flights.client = client

    @property
    def rates(self) -> TokenRates:
        """Bytes a token, as the gateway's counts taught them."""
        return self._context.rates

    def ask(self, ask: Ask) -> None:
        """Answer `ask`, now or later, exactly once."""
        document = self._documents.get(ask.uri)
        if document is None:
            reply(ask, (), None)
            return
        lane = self._lanes.get(ask.uri)
        if lane is None:
            lane = self._lanes[ask.uri] = Lane()
        older = lane.asks.pop(ask.kind, None)
        if older is not None:
            self._replying.superseded(older)
        lane.because = None
        self._follow(lane, document, ask, self._deciding.decide(lane, document, ask))

    def cancel(self, ask_id: int | str) -> bool:
        """Take an ask back; False if it is not waiting. The caller answers it.

        What was sent for it stays joinable for `LINGER_S`.
        """
        for lane in self._lanes.values():
            for ask in lane.asks.values():
                if ask.id == ask_id and type(ask.id) is type(ask_id):
                    self._replying.withdrawn(lane, ask)
                    self._flights.linger(lane)
                    return True
        return False

    def consumed(self, trace_id: str) -> None:
        """A suggestion was accepted: what is left of it is what was not shown yet, or nothing."""
        shown = self._settings().number("completions.max_lines")
        for lane in self._lanes.values():
            lane.policy.accepted(trace_id, shown)

    def dismissed(self, trace_id: str) -> None:
        """The editor says that a suggestion was closed: what is asked for next is worth less.

        What an edit tells of a suggestion, the policy of its document has judged already.
        """
        for lane in self._lanes.values():
            lane.policy.dismissed(trace_id)

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
                stop(flight.task)
            lane.prefetch = None
            lane.adrift.clear()
        elif lane.flight is None or not lane.diverged(document):
            return
        self._flights.abandon(lane)
        for ask in list(lane.asks.values()):
            stop(ask.timer)
            self._replying.nothing(lane, ask, Quiet.TYPED_ON)

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
        self._tasks.cancel()

    async def closed(self) -> None:
        """Return when every task of the engine has ended, or soon after. Call `finish` first."""
        await self._tasks.ended()

    def _edited(self, document: TextDocument, edit: Edit | None) -> None:
        lane = self._lanes.get(document.uri)
        if lane is not None:
            lane.policy.edited(document, edit, self._now_s())
            if edit is not None and edit.new_end.line != edit.end.line:
                for flight in lane.flights():
                    flight.anchor.shift(edit)

    # --- acting ------------------------------------------------------------------------------

    def _follow(self, lane: Lane, document: TextDocument, ask: Ask, decision: Decision) -> None:
        match decision:
            case Reuse(texts, prefetch):
                lane.asks.pop(ask.kind, None)
                shown = lane.policy.shown
                suggestion = shown.suggestion if shown is not None else None
                self._replying.texts(ask, texts, suggestion)
                if suggestion is not None:
                    self._reused(ask.uri, suggestion.trace_id)
                if prefetch:
                    self._flights.prefetch(lane, document, ask, texts[0])
            case Nothing(because):
                lane.because = because
                lane.asks[ask.kind] = ask
                self._replying.nothing(lane, ask, because)
            case Join():
                lane.asks[ask.kind] = ask
                self._join(lane)
            case Buy(after_s):
                lane.because = Because.WAITING_FOR_A_PAUSE if after_s else None
                lane.asks[ask.kind] = ask
                self._flights.set_aside(lane, document)
                ask.timer = self._tasks.spawn(self._rest_then_launch(lane, ask, after_s))
            case _:
                assert_never(decision)

    def _join(self, lane: Lane) -> None:
        if lane.flight is not None:
            stop(lane.flight.linger)
            lane.flight.linger = None

    async def _rest_then_launch(self, lane: Lane, ask: Ask, after_s: float) -> None:
        if after_s:
            await self._broker.clock.sleep(after_s)
        ask.timer = None
        document = self._documents.get(ask.uri)
        if document is None or document.line(ask.at.line) != ask.line:
            self._replying.nothing(lane, ask, Quiet.TYPED_ON)
        elif lane.joinable(document, ask.at):
            self._join(lane)
        else:
            self._flights.set_aside(lane, document)
            try:
                self._flights.launch(lane, document, ask)
            except Exception as error:
                complain(error)
                self._replying.nothing(lane, ask, Quiet.BROKE)

    def _ended(self, lane: Lane, flight: Flight, outcome: Outcome | None, ahead: bool) -> None:
        """A request ended: answer who waits for it, and take note of how it went."""
        took_s = self._broker.clock.monotonic() - flight.sent_s
        learn(lane.policy, flight, outcome, took_s)
        if isinstance(outcome, Completed):
            self._early.ended(flight)
        offered = flight.shown_early
        for ask in list(lane.asks.values()):
            offered |= self._answer(lane, ask, flight)
        if outcome is not None:
            record = landing(
                flight,
                outcome,
                offered=offered,
                ahead=ahead,
                gateway=self._budgeting.gateway(),
                deadline_ms=self._settings().number(f"tiers.{flight.request.tier}.deadline_ms"),
            )
            self._context.landed(record)
            self._landed(record)

    def _answer(self, lane: Lane, ask: Ask, flight: Flight) -> bool:
        """Answer one ask from what landed; whether it got a text."""
        document = self._documents.get(ask.uri)
        if document is None or document.line(ask.at.line) != ask.line:
            self._replying.nothing(lane, ask, Quiet.TYPED_ON)
            return False
        if self._replying.offer(lane, ask):
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
            self._follow(lane, document, ask, self._deciding.decide(lane, document, ask))
        else:
            self._replying.nothing(lane, ask, flight.request.trace_id)
        return False

    def fetch(self, ask: Ask) -> None:
        """Buy a request for a place although the editor waits for none: its next ask finds the answer."""
        document = self._documents.get(ask.uri)
        if document is not None:
            lane = self._lanes.setdefault(ask.uri, Lane())
            lane.policy.forget()
            self._flights.abandon(lane)
            self._flights.launch(lane, document, ask)
