"""What each editor window shows and what became of it: by what it says, else by what it does.

Both ways end in the same place and count once: an editor that tells of an acceptance the edits had
told of already changes nothing. It feeds the policy's memory and provenance, and no rate is made of it.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, assert_never

from sidelight_client.api import Position

from ..completing.answers import Answer
from ..completing.through import Suggestion, unix
from ..documents.document import Edit, TextDocument
from ..documents.documents import Documents
from ..wire.plain import find, read_trace_id, sequence, text, whole
from .inferred import (
    Accepted,
    Asked,
    Dismissed,
    Edited,
    Event,
    Offer,
    PartlyAccepted,
    TypedOver,
    Verdict,
    gone_on,
    offer_of,
    reduce,
    still_shows,
    typed_on,
)

log = logging.getLogger("sidelight.lsp")

MOST_REMEMBERED = 256
"""Suggestions of one session whose end is remembered, so that none counts twice."""

MOST_TYPED_AT_ONCE = {"Neovim": 3}
"""Characters of typing that may arrive as one edit: Neovim gathers 150 ms of it
(`vim.lsp` flag `debounce_text_changes`), and nobody types more in that time. Elsewhere one."""


class Shown:
    """The suggestions on the screens of one session.

    Attributes:
        notifications: what takes each notification about suggestions, by method.
    """

    def __init__(
        self,
        documents: Documents,
        told: Callable[[Verdict], None],
        became: Callable[[str, Offer, Verdict], None],
    ) -> None:
        """`told` hears of each verdict once, `became` of each with the file (uri) and what was shown."""
        self._most_typed = 1
        self._documents = documents
        self._told = told
        self._became = became
        self._offers: dict[str, Offer] = {}
        self._ended: OrderedDict[str, Verdict] = OrderedDict()
        self.notifications: Mapping[str, Callable[[Any], None]] = {
            "textDocument/didPartiallyAcceptCompletion": self._did_partially_accept,
            "textDocument/didShowCompletion": _nothing,
        }
        documents.listen(self._edited)

    def replied(
        self,
        document: TextDocument,
        at: Position,
        line: str,
        answers: list[Answer],
        suggestion: Suggestion | None,
    ) -> None:
        """An ask at `at` was answered; with no answers nothing new is shown, and nothing that moved."""
        offer = self._offers.get(document.uri)
        trace_id = suggestion.trace_id if suggestion is not None else ""
        if offer is not None:
            if (
                offer.trace_id == trace_id
                and typed_on(offer, document, at) == offer.placed
                and still_shows(offer, at, line, answers)
            ):
                return  # What was shown and nothing else, as the edits told.
            self._follow(document.uri, offer, Asked(document, at, self._most_typed))
            offer = self._offers.get(document.uri)
        new = offer_of(at, line, answers, trace_id)
        if new is None:
            return
        if offer is not None and offer.trace_id == trace_id:
            new = gone_on(offer, new, document)
        elif offer is not None:
            self._dismissed(document.uri, offer)
        self._offers[document.uri] = new

    def accepted(self, trace_id: str) -> None:
        """The editor says that all of a suggestion was accepted."""
        # Where the edit has not come yet, the offer stays: it tells where the suggestion went.
        lengths = [
            len(one)
            for offer in self._offers.values()
            if offer.trace_id == trace_id
            for one in offer.texts
        ]
        self._say(Accepted(trace_id, max(lengths, default=0)))

    def rejected(self, trace_id: str) -> bool:
        """The editor says that a suggestion was closed; whether that is news."""
        shown = [(uri, one) for uri, one in self._offers.items() if one.trace_id == trace_id]
        news = False
        for uri, offer in shown:
            del self._offers[uri]
            news |= self._dismissed(uri, offer)
        return news

    def _dismissed(self, uri: str, offer: Offer) -> bool:
        verdict = Dismissed(offer.trace_id, offer.placed)
        self._became(uri, offer, verdict)
        return self._say(verdict)

    def _did_partially_accept(self, params: Any) -> None:
        """`textDocument/didPartiallyAcceptCompletion` by Copilot's name: a word or a line was taken.

        `acceptedLength` counts UTF-16 units from the beginning of the item's text; all of them make
        it an acceptance.
        """
        item = find(params, "item")
        trace_id = read_trace_id(tuple(sequence(find(item, "command", "arguments"))))
        length, inserted = whole(find(params, "acceptedLength")), text(find(item, "insertText"))
        if trace_id is None or length is None or inserted is None or length <= 0:
            return
        units = inserted.encode("utf-16-le", "surrogatepass")
        if length * 2 >= len(units):
            self.accepted(trace_id)
            return
        taken = len(units[: length * 2].decode("utf-16-le", "ignore"))
        self._say(PartlyAccepted(trace_id, max(taken - self._before(trace_id, inserted), 0)))

    def _before(self, trace_id: str, inserted: str) -> int:
        """How many characters of an item's text stood before the cursor when it was shown."""
        for offer in self._offers.values():
            for one in offer.texts if offer.trace_id == trace_id else ():
                if unix(inserted).endswith(one):
                    return len(unix(inserted)) - len(one)
        return 0

    def _edited(self, document: TextDocument, edit: Edit | None) -> None:
        offer = self._offers.get(document.uri)
        if offer is None:
            return
        if self._documents.get(document.uri) is not document:
            del self._offers[document.uri]  # Closed: what became of it nobody knows.
            return
        self._follow(document.uri, offer, Edited(document, edit, self._most_typed))

    def _follow(self, uri: str, before: Offer, event: Event) -> None:
        offer, verdict = reduce(before, event)
        if offer is None:
            self._offers.pop(uri, None)
        else:
            self._offers[uri] = offer
        if verdict is not None:
            self._became(uri, before, verdict)
            self._say(verdict)

    def _say(self, verdict: Verdict) -> bool:
        """Tell of it if it is news; whether it was."""
        before = self._ended.pop(verdict.trace_id, None)
        news = before is None or _outranks(verdict, before)
        self._ended[verdict.trace_id] = verdict if news or before is None else before
        while len(self._ended) > MOST_REMEMBERED:
            self._ended.popitem(last=False)
        if news:
            log.debug("%s %s", type(verdict).__name__, verdict.trace_id)
            self._told(verdict)
        return news

    def serves(self, client: str) -> None:
        """Take note of the editor's name, by which it is known what it may send at once."""
        self._most_typed = MOST_TYPED_AT_ONCE.get(client.split(" ", maxsplit=1)[0], 1)


def _outranks(verdict: Verdict, before: Verdict) -> bool:
    """Whether a second word on a suggestion is news: a larger part, or an acceptance after all."""
    if isinstance(verdict, PartlyAccepted) and isinstance(before, PartlyAccepted):
        return verdict.characters > before.characters
    return _rank(verdict) > _rank(before)


def _rank(verdict: Verdict) -> int:
    match verdict:
        case Dismissed():
            return 0
        case PartlyAccepted():
            return 1
        case TypedOver():
            return 2
        case Accepted():
            return 3
        case _:
            assert_never(verdict)


def _nothing(_params: Any) -> None:
    """Take a notification and do nothing: what was shown is known from the answer."""
