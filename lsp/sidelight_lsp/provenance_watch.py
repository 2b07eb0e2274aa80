"""Follows where suggestions went in one session, and looks whether they are still there.

It looks when the file is saved next and once more after a while; what it tells is hashes and numbers.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import assert_never

from sidelight_client.api import (
    CHECK_AFTER_S,
    Broker,
    Provenance,
    Way,
    around,
    look_again,
    provenance,
)

from .acceptance import Accepted, Dismissed, Offer, PartlyAccepted, TypedOver, Verdict
from .documents import Documents

MOST_FOLLOWED = 64
"""Suggestions a session looks after at a time; what came before is kept as it was known last."""


class ProvenanceWatch:
    """The suggestions that went into the open files of one session."""

    def __init__(self, broker: Broker, documents: Documents) -> None:
        self._broker = broker
        self._documents = documents
        self._followed: OrderedDict[str, tuple[str, float, Provenance]] = OrderedDict()
        self._later: asyncio.Task[None] | None = None

    def placed(self, uri: str, offer: Offer, verdict: Verdict) -> None:
        """Some or all of what was shown stands in the file now."""
        document = self._documents.get(uri)
        way = _way(verdict)
        if document is None or way is None:
            return
        put_in = offer.texts[0][: verdict.characters]
        first = offer.at.line
        lines = document.lines[first : first + put_in.count("\n") + 1]
        known = provenance(
            verdict.trace_id,
            self._broker.clock.now(),
            way,
            uri=uri,
            first_line=first,
            text=put_in,
            lines=lines,
        )
        due_s = self._broker.clock.monotonic() + CHECK_AFTER_S
        self._followed.pop(verdict.trace_id, None)
        self._followed[verdict.trace_id] = (uri, due_s, known)
        while len(self._followed) > MOST_FOLLOWED:
            self._followed.popitem(last=False)
        self._broker.note_provenance(known)
        if self._later is None:
            self._later = asyncio.get_running_loop().create_task(self._look_later())

    def saved(self, uri: str) -> None:
        """A file was saved."""
        for trace_id, (of, _, known) in list(self._followed.items()):
            if of == uri and known.saved is None:
                self._look(trace_id, saved=True)

    def close(self) -> None:
        """Look no more."""
        if self._later is not None:
            self._later.cancel()

    async def _look_later(self) -> None:
        while self._followed:
            trace_id, (_, due_s, _) = next(iter(self._followed.items()))
            await self._broker.clock.sleep(max(due_s - self._broker.clock.monotonic(), 0.0))
            if trace_id in self._followed and self._followed[trace_id][1] <= due_s:
                self._look(trace_id, later=True)
                self._followed.pop(trace_id, None)
        self._later = None

    def _look(self, trace_id: str, *, saved: bool = False, later: bool = False) -> None:
        uri, due_s, known = self._followed[trace_id]
        document = self._documents.get(uri)
        if document is None:
            del self._followed[trace_id]  # Closed: whether it survived, this session cannot tell.
            return
        start, end = around(known, len(document.lines))
        known = look_again(known, document.lines[start:end], saved=saved, later=later)
        self._followed[trace_id] = (uri, due_s, known)
        self._broker.note_provenance(known)


def _way(verdict: Verdict) -> Way | None:
    match verdict:
        case Accepted():
            return Way.ACCEPTED
        case PartlyAccepted():
            return Way.PARTLY
        case TypedOver():
            return Way.TYPED
        case Dismissed():
            return None
        case _:
            assert_never(verdict)
