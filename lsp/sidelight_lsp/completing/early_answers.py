"""Shows the first lines of an answer whose rest takes long; the rest is there at the next key."""

from __future__ import annotations

from collections.abc import Callable

from sidelight_client.api import Broker, Settings, Source, SourceKind

from ..documents.documents import Documents
from .asks import Ask, Flight
from .early_lines import Streaming, all_there_is
from .landings import begun
from .lane import Lane
from .tasks import Tasks
from .through import remaining, typed_at


class EarlyAnswers:
    """What has come of the answers of one session that are still coming."""

    def __init__(
        self,
        broker: Broker,
        documents: Documents,
        settings: Callable[[], Settings],
        tasks: Tasks,
        offer: Callable[[Lane, Ask], bool],
    ) -> None:
        """`offer` answers one ask with what the document's policy knows by then."""
        self._broker = broker
        self._documents = documents
        self._settings = settings
        self._tasks = tasks
        self._offer = offer
        self._streaming = Streaming()

    def came(self, lane: Lane, flight: Flight, text: str) -> None:
        """One more line of an answer is complete: `text` may be shown of it."""
        if flight not in lane.flights():
            return
        source = Source(SourceKind.MODEL, self._broker.snapshot().gateway.name)
        flight.so_far = begun(flight, text, source)
        if flight.begun_s is None:
            flight.begun_s = self._broker.clock.monotonic()
        if flight.shown_early:
            lane.policy.suggestions.keep(flight.so_far)
        if flight.patience is None or flight.patience.done():
            flight.patience = self._tasks.spawn(self._show(lane, flight))

    def ended(self, flight: Flight) -> None:
        """The answer is whole."""
        if flight.begun_s is not None:
            self._streaming = self._streaming.ended(self._broker.clock.monotonic() - flight.begun_s)

    async def _show(self, lane: Lane, flight: Flight) -> None:
        """Answer who waits with what is there, at once or when the rest has not come for a while."""
        waiting = list(lane.asks.values())
        at_once = [ask for ask in waiting if self._wait_s(flight, ask) == 0]
        self._answer(lane, flight, at_once)
        wait_s = max((self._wait_s(flight, ask) for ask in waiting), default=0.0)
        if wait_s:
            await self._broker.clock.sleep(wait_s)
            self._answer(lane, flight, list(lane.asks.values()))

    def _answer(self, lane: Lane, flight: Flight, asks: list[Ask]) -> None:
        for ask in asks:
            so_far = flight.so_far
            if lane.asks.get(ask.kind) is ask and so_far is not None and self._left(flight, ask):
                lane.policy.suggestions.keep(so_far)
                flight.shown_early |= self._offer(lane, ask)

    def _wait_s(self, flight: Flight, ask: Ask) -> float:
        most = self._settings().number("completions.max_lines")
        left = self._left(flight, ask)
        whole = any(all_there_is(ask.line, ask.at.character, text, most) for text in left)
        return self._streaming.wait_s(all_there_is=whole)

    def _left(self, flight: Flight, ask: Ask) -> tuple[str, ...]:
        """What the ask could be answered with of what came so far."""
        document = self._documents.get(ask.uri)
        if document is None or flight.so_far is None:
            return ()
        typed = typed_at(flight.anchor, document, ask.at)
        return () if typed is None else remaining(flight.so_far.texts, typed)
