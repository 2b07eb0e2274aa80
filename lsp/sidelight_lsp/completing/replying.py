"""Answers the editor's asks: with what fits the live document, or with nothing and why."""

from __future__ import annotations

from collections.abc import Callable

from ..documents.documents import Documents
from ..explaining.silences import Quiet, Silence
from ..wire.plain import mapping, sequence
from .asks import Ask
from .lane import Lane
from .tasks import complain, stop
from .through import Suggestion


class Replying:
    """The one place where asks of a session are answered, each once."""

    def __init__(self, documents: Documents, silent: Callable[[Ask, Silence], None]) -> None:
        """`silent` learns why an ask brought nothing; it is called once for each that did."""
        self._documents = documents
        self._silent = silent

    def offer(self, lane: Lane, ask: Ask) -> bool:
        """Answer with what is left of a suggestion where one still fits; whether one did."""
        document = self._documents.get(ask.uri)
        if document is None or document.line(ask.at.line) != ask.line:
            return False
        texts = lane.left(document, ask.at)
        shown = lane.policy.shown
        if not texts or shown is None:
            return False
        del lane.asks[ask.kind]
        stop(ask.timer)
        self.texts(ask, texts, shown.suggestion)
        return True

    def texts(self, ask: Ask, texts: tuple[str, ...], suggestion: Suggestion | None) -> None:
        """Answer with `texts` of a suggestion, as far as the feature can show them."""
        result = reply(ask, texts, suggestion)
        if not any(map(sequence, mapping(result).values())):
            self._silent(ask, Quiet.DOES_NOT_FIT)

    def nothing(self, lane: Lane, ask: Ask, why: Silence) -> None:
        """Answer that there is nothing, if the ask still waits."""
        if lane.asks.get(ask.kind) is ask:
            del lane.asks[ask.kind]
            reply(ask, (), None)
            self._silent(ask, why)

    def superseded(self, ask: Ask) -> None:
        """A newer ask took its place."""
        stop(ask.timer)
        ask.reply(None)
        self._silent(ask, Quiet.ASKED_AGAIN)

    def withdrawn(self, lane: Lane, ask: Ask) -> None:
        """The editor took it back; whoever passed that on answers it."""
        del lane.asks[ask.kind]
        stop(ask.timer)
        self._silent(ask, Quiet.WITHDRAWN)


def reply(ask: Ask, texts: tuple[str, ...], suggestion: Suggestion | None) -> object:
    """Send the result that the ask's feature makes of `texts`, and return it."""
    try:
        result = ask.shape(texts, suggestion)
    except Exception as error:
        complain(error)
        result = ask.shape((), None)
    ask.reply(result)
    return result
