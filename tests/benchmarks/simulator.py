"""Types a trace into the server's own policy on a made clock, and sees what would be on the screen.

What decides is `sidelight_lsp.deciding.document_policy`, unchanged. The simulator does what the engine does
around it: it waits, sends, joins, cancels and answers, without a loop and without waiting.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count

from sidelight_client.api import Position, Source, SourceKind, Tier, Trigger, take
from sidelight_lsp.completing.through import Anchor, Suggestion, anchor_of, below, diverged
from sidelight_lsp.deciding.document_policy import DocumentPolicy, joinable
from sidelight_lsp.deciding.document_policy import ahead as document_ahead
from sidelight_lsp.deciding.policy import MOST_ADRIFT, Buy, Decision, Join, Nothing, Reuse
from sidelight_lsp.documents.document import TextDocument

from .oracle import Ahead, Model, ahead, answer, latency_s
from .purses import Allowance, Unlimited
from .traces import Trace

LOOK_S = 0.05
"""How long after a key the screen is looked at."""

SOURCE = Source(SourceKind.MODEL, "the oracle")


@dataclass(frozen=True, slots=True)
class Figures:
    """What a run showed and what it cost.

    Attributes:
        keys: keys typed.
        right: keys after which a right suggestion was on the screen in time.
        reachable: the same where everything is asked at every key, and every answer is kept.
        requests: requests sent.
        cancelled: requests given up after they were sent.
        refused: requests the limit forbade.
        driest: the fewest requests the limit had left at any moment; None without a limit.
    """

    keys: int = 0
    right: int = 0
    reachable: int = 0
    requests: int = 0
    cancelled: int = 0
    refused: int = 0
    driest: float | None = None

    def __add__(self, other: Figures) -> Figures:
        driest = [one for one in (self.driest, other.driest) if one is not None]
        return Figures(
            self.keys + other.keys,
            self.right + other.right,
            self.reachable + other.reachable,
            self.requests + other.requests,
            self.cancelled + other.cancelled,
            self.refused + other.refused,
            min(driest, default=None),
        )

    @property
    def visible(self) -> float:
        return self.right / self.keys if self.keys else 0.0

    @property
    def limit(self) -> float:
        return self.reachable / self.keys if self.keys else 0.0

    @property
    def of_limit(self) -> float:
        return self.right / self.reachable if self.reachable else 1.0

    @property
    def per_1000(self) -> float:
        return 1000 * self.requests / self.keys if self.keys else 0.0

    @property
    def cancelled_share(self) -> float:
        return self.cancelled / self.requests if self.requests else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Flight:
    """A request that was sent."""

    anchor: Anchor
    text: str
    trace_id: str
    sent_s: float
    latency_s: float
    column: int
    prefetch: bool


class Typing:
    """One trace while it is typed."""

    def __init__(
        self,
        trace: Trace,
        model: Model,
        allowance: Allowance | None = None,
        debounce_s: float = 0.0,
    ) -> None:
        self.figures = Figures()
        self._trace, self._model = trace, model
        self._allowance = allowance or Unlimited()
        self._debounce_s = debounce_s
        self._policy = DocumentPolicy()
        self._document = TextDocument(trace.name, trace.language, 1, trace.start)
        self._at = Position(0, 0)
        self._flights: list[Flight] = []
        self._flight: Flight | None = None
        self._adrift: list[Flight] = []
        self._screen = ""
        self._waiting = False
        self._ask_number = 0
        self._now_s = self._begins_s = 0.0
        self._current = Ahead(None, 0, "")
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()

    def run(self, begins_s: float = 0.0) -> Figures:
        """Type the whole trace, which begins at `begins_s` on the allowance's clock."""
        trace, futures = self._trace, ahead(self._trace)
        self._begins_s = begins_s
        text = trace.start
        for number, (key, now) in enumerate(zip(trace.keys, futures, strict=True)):
            start, end = position(text, key.at), position(text, key.at + key.delete)
            text = text[: key.at] + key.insert + text[key.at + key.delete :]
            self._advance(key.t)
            self._now_s, self._current = key.t, now
            if key.moves_only:
                self._at = start
            else:
                edit = self._document.replace(start, end, key.insert)
                self._at = edit.new_end
                self._policy.edited(self._document, edit, self._now_s)
                for flight in self._flights:
                    flight.anchor.shift(edit)
            self._drop_diverged()
            self._ask()
            next_s = trace.keys[number + 1].t if number + 1 < len(trace.keys) else key.t + 5
            self._advance(min(key.t + LOOK_S, next_s))
            right = bool(self._screen) and now.agrees(self._screen)
            self.figures = replace(
                self.figures, keys=self.figures.keys + 1, right=self.figures.right + right
            )
        return replace(self.figures, reachable=reachable(trace, futures, self._model))

    # --- what the engine does around the policy ----------------------------------------------

    def _advance(self, until_s: float) -> None:
        while self._queue and self._queue[0][0] <= until_s:
            self._now_s, _, action = heapq.heappop(self._queue)
            action()
        self._now_s = until_s

    def _after(self, seconds: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._queue, (self._now_s + seconds, next(self._order), action))

    def _drop_diverged(self) -> None:
        for flight in list(self._flights):
            if flight is self._flight and diverged(flight.anchor, self._document):
                self._set_aside()

    def _cancel(self, flight: Flight) -> None:
        self._flights.remove(flight)
        self.figures = replace(self.figures, cancelled=self.figures.cancelled + 1)

    def _ask(self) -> None:
        self._ask_number += 1
        self._waiting, self._screen = False, ""
        self._follow(self._decide())

    def _decide(self) -> Decision:
        return self._policy.decide(
            self._document,
            self._at,
            trigger=Trigger.AUTOMATIC,
            joinable=self._joinable(),
            prefetching=any(flight.prefetch for flight in self._flights),
            refused=None,
            pace=self._allowance.pace(self._begins_s + self._now_s),
            now_s=self._now_s,
            shortest_rest_s=self._debounce_s,
        )

    def _joinable(self) -> bool:
        return any(joinable(flight.anchor, self._document, self._at) for flight in self._flights)

    def _follow(self, decision: Decision) -> None:
        match decision:
            case Reuse(texts, prefetch):
                self._screen = texts[0]
                if prefetch:
                    self._send(texts[0])
            case Nothing():
                pass
            case Join():
                self._waiting = True
            case Buy(after_s):
                self._waiting = True
                self._set_aside()
                asked = self._ask_number
                self._after(after_s, lambda: self._rested(asked))

    def _rested(self, asked: int) -> None:
        if asked == self._ask_number and self._waiting and not self._joinable():
            self._set_aside()
            self._send("")

    def _set_aside(self) -> None:
        flight, self._flight = self._flight, None
        if flight is None:
            return
        if diverged(flight.anchor, self._document):
            self._cancel(flight)
            return
        self._adrift.append(flight)
        if len(self._adrift) > MOST_ADRIFT:
            self._cancel(self._adrift.pop(0))

    def _send(self, foreseen: str) -> None:
        if not self._allowance.take(self._begins_s + self._now_s):
            self.figures = replace(self.figures, refused=self.figures.refused + 1)
            return
        document, at = (
            document_ahead(self._document, self._at, foreseen)
            if foreseen
            else (self._document, self._at)
        )
        window = take(document.lines, at, document.uri)
        after = document.line(at.line)[at.character :]
        number = self.figures.requests
        flight = Flight(
            anchor_of(window, after, below(document, at.line)),
            answer(self._trace, self._current, self._model, foreseen),
            f"{number:032x}",
            self._now_s,
            latency_s(self._model, number),
            len(document.line(at.line)[: at.character].lstrip()),
            prefetch=bool(foreseen),
        )
        left = self._allowance.left(self._begins_s + self._now_s)
        driest = [one for one in (self.figures.driest, left) if one is not None]
        self.figures = replace(self.figures, requests=number + 1, driest=min(driest, default=None))
        self._policy.sent()
        self._flights.append(flight)
        if not flight.prefetch:
            self._flight = flight
        self._after(flight.latency_s, lambda: self._landed(flight))

    def _landed(self, flight: Flight) -> None:
        if flight not in self._flights:
            return
        self._flights.remove(flight)
        if self._flight is flight:
            self._flight = None
        elif flight in self._adrift:
            self._adrift.remove(flight)
        suggestion = Suggestion(flight.anchor, (flight.text,), flight.trace_id, SOURCE, Tier.FAST)
        self._policy.landed(suggestion, flight.latency_s, flight.column)
        if not self._waiting:
            return
        left = self._policy.left(self._document, self._at)
        if left is not None:
            self._waiting, self._screen = False, left.texts[0]
        elif not self._joinable():
            self._policy.missed(self._document, self._at, flight.anchor)
            self._waiting = False
            self._follow(self._decide())


def position(text: str, offset: int) -> Position:
    """The place of a code point in a text with LF line ends."""
    line = text.count("\n", 0, offset)
    return Position(line, offset - (text.rfind("\n", 0, offset) + 1))


def reachable(trace: Trace, futures: list[Ahead], model: Model) -> int:
    """Keys after which the right text is on the screen if all is asked at every key and kept."""
    found = 0
    answers: list[tuple[float, int, int]] = []
    for number, (key, now) in enumerate(zip(trace.keys, futures, strict=True)):
        if now.place is not None:
            text = answer(trace, now, model)
            if text and now.right.startswith(text):
                arrives_s = key.t + latency_s(model, number)
                answers.append((arrives_s, now.place, now.place + len(text)))
        if now.place is None or not now.over:
            continue
        next_s = trace.keys[number + 1].t if number + 1 < len(trace.keys) else key.t + 5
        look_s = min(key.t + LOOK_S, next_s)
        found += any(
            arrives_s <= look_s and now.since <= place <= now.place < end
            for arrives_s, place, end in answers[-400:]
        )
    return found
