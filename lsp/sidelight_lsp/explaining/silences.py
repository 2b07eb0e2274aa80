"""Why each ask that brought nothing did so: a bounded memory for whoever wants to know."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from sidelight_client.api import (
    Completed,
    Message,
    SentText,
    Tier,
    Timings,
    TokenRates,
    WindowLedger,
    ledger_of,
)

from ..completing.asks import Ask, Landing
from ..deciding.policy import Because
from ..documents.document import TextDocument
from ..documents.documents import Documents

KEPT_A_DOCUMENT = 50
STORIES_KEPT = 40


class Quiet(StrEnum):
    """Why an ask was answered with nothing, apart from what the policy or the gateway said."""

    TYPED_ON = "typed_on"
    ASKED_AGAIN = "asked_again"
    WITHDRAWN = "withdrawn"
    DOES_NOT_FIT = "does_not_fit"
    BROKE = "broke"


Silence = Because | Quiet | str
"""A reason, or the trace id of the request that brought nothing."""


@dataclass(frozen=True, slots=True)
class Silent:
    """One ask that brought nothing; `at` is in seconds since the epoch."""

    at: float
    line: int
    why: Silence


@dataclass(frozen=True, slots=True)
class Story:
    """How one request ended, without a word of what was sent or came back.

    Attributes:
        message: why it brought nothing; None where it brought something, or said nothing.
        budget_tokens: how much might have gone along.
        context_s: how long choosing the text took.
        target_ms: what the tier aims at.
    """

    trace_id: str
    uri: str
    at: float
    line: int
    message: Message | None
    code: str
    ledger: WindowLedger
    budget_tokens: int
    tier: Tier
    asked: bool
    offered: bool
    source: str
    timings: Timings | None
    context_s: float
    target_ms: float
    rule: str = ""
    appeal_url: str = ""
    ahead: bool = False
    """It was sent for what follows a suggestion; nobody asked for it."""


class Silences:
    """The memory of one session; a document's share goes when it is closed."""

    def __init__(self, documents: Documents, now: Callable[[], float]) -> None:
        self._documents = documents
        self._now = now
        self._silent: dict[str, deque[Silent]] = {}
        self._stories: OrderedDict[str, Story] = OrderedDict()
        documents.listen_to_texts(self._text_changed)

    def silent(self, ask: Ask, why: Silence) -> None:
        """An ask brought nothing."""
        kept = self._silent.setdefault(ask.uri, deque(maxlen=KEPT_A_DOCUMENT))
        kept.append(Silent(self._now(), ask.at.line, why))

    def landed(self, landing: Landing, rates: TokenRates, sent: SentText | None) -> Story:
        """A request ended; `sent` is what left for it, None where nothing did."""
        outcome, request = landing.outcome, landing.request
        done = outcome if isinstance(outcome, Completed) else None
        message = landing.explanation()
        language = request.document.language
        window = sent.window if sent is not None else request.window
        prefix = next((p for p in reversed(request.window.parts) if p.kind == "prefix"), None)
        story = Story(
            request.trace_id,
            landing.uri,
            self._now(),
            prefix.range.end.line if prefix is not None else 0,
            message,
            message.code if message is not None else "",
            ledger_of(window, language, rates, done.tokens.prompt if done else None),
            round(landing.budget_chars / rates.bytes_per_token(language)),
            done.tier if done else request.tier,
            request.trigger == "invoked",
            landing.offered,
            done.source.label if done else "",
            done.timings if done else None,
            landing.context_s,
            float(landing.facts.get("deadline_ms") or 0),
            getattr(outcome, "rule", ""),
            getattr(outcome, "appeal_url", ""),
            landing.ahead,
        )
        self._stories[story.trace_id] = story
        while len(self._stories) > STORIES_KEPT:
            self._stories.popitem(last=False)
        return story

    def story(self, trace_id: str) -> Story | None:
        """The request with a trace id, while it is kept."""
        return self._stories.get(trace_id)

    def latest(self, uri: str, line: int | None = None) -> Story | None:
        """The latest request of a document, or of one line of it."""
        of = (s for s in reversed(self._stories.values()) if s.uri == uri and not s.ahead)
        return next((s for s in of if line is None or s.line == line), None)

    def last(self) -> Story | None:
        """The latest request of all."""
        return next(reversed(self._stories.values()), None)

    def why(self, uri: str, line: int | None = None) -> Silent | None:
        """The latest ask that brought nothing, of a document or of one line of it."""
        kept = self._silent.get(uri, ())
        return next((s for s in reversed(kept) if line is None or s.line == line), None)

    def count(self, uri: str) -> int:
        """How many reasons are kept of a document."""
        return len(self._silent.get(uri, ()))

    def _text_changed(self, document: TextDocument) -> None:
        if self._documents.get(document.uri) is not document:
            self._silent.pop(document.uri, None)
            for trace_id in [s.trace_id for s in self._stories.values() if s.uri == document.uri]:
                del self._stories[trace_id]
