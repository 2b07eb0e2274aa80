"""Follows where suggestions went in one session, and looks whether they are still there.

It looks when the file is saved next and once more after a while; what it tells is hashes and numbers.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import assert_never

from sidelight_client.api import (
    CHECK_AFTER_S,
    Broker,
    Position,
    Provenance,
    Way,
    around,
    joined,
    look_again,
    provenance,
)

from ..documents.documents import Documents
from .inferred import Accepted, Dismissed, Offer, PartlyAccepted, TypedOver, Verdict, in_place

MOST_FOLLOWED = 64
"""Suggestions a session looks after at a time; what came before is kept as it was known last."""


@dataclass(frozen=True, slots=True)
class _Followed:
    """One suggestion that is looked after; `begins` is where its latest piece was shown."""

    uri: str
    begins: Position
    due_s: float
    known: Provenance


class ProvenanceWatch:
    """The suggestions that went into the open files of one session."""

    def __init__(self, broker: Broker, documents: Documents) -> None:
        self._broker = broker
        self._documents = documents
        self._followed: OrderedDict[str, _Followed] = OrderedDict()
        self._later: asyncio.Task[None] | None = None

    def became(self, uri: str, offer: Offer, verdict: Verdict) -> None:
        """What was shown stands in the file now, or some of it, or the person did without it."""
        document = self._documents.get(uri)
        if document is None:
            return
        way = _way(verdict)
        if way is Way.DISMISSED:
            self._dismissed(uri, offer, verdict)
            return
        put_in = in_place(offer, verdict, document)
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
        before = self._followed.pop(verdict.trace_id, None)
        if before is not None and before.uri == uri and before.begins != offer.at:
            known = joined(before.known, known)
        due_s = self._broker.clock.monotonic() + CHECK_AFTER_S
        self._followed[verdict.trace_id] = _Followed(uri, offer.at, due_s, known)
        while len(self._followed) > MOST_FOLLOWED:
            self._followed.popitem(last=False)
        self._broker.note_provenance(known)
        if self._later is None:
            self._later = asyncio.get_running_loop().create_task(self._look_later())

    def _dismissed(self, uri: str, offer: Offer, verdict: Verdict) -> None:
        if verdict.trace_id in self._followed:
            return  # Some of it was taken, and is looked after.
        self._broker.note_provenance(
            provenance(
                verdict.trace_id,
                self._broker.clock.now(),
                Way.DISMISSED,
                uri=uri,
                first_line=offer.at.line,
                text=offer.texts[0][: verdict.characters],
                lines=(),
            )
        )

    def saved(self, uri: str) -> None:
        """A file was saved."""
        for trace_id, one in list(self._followed.items()):
            if one.uri == uri and one.known.saved is None:
                self._look(trace_id, saved=True)

    def close(self) -> None:
        """Look no more."""
        if self._later is not None:
            self._later.cancel()

    async def _look_later(self) -> None:
        while self._followed:
            trace_id, one = next(iter(self._followed.items()))
            due_s = one.due_s
            await self._broker.clock.sleep(max(due_s - self._broker.clock.monotonic(), 0.0))
            if trace_id in self._followed and self._followed[trace_id].due_s <= due_s:
                self._look(trace_id, later=True)
                self._followed.pop(trace_id, None)
        self._later = None

    def _look(self, trace_id: str, *, saved: bool = False, later: bool = False) -> None:
        one = self._followed[trace_id]
        document = self._documents.get(one.uri)
        if document is None:
            del self._followed[trace_id]  # Closed: whether it survived, this session cannot tell.
            return
        start, end = around(one.known, len(document.lines))
        known = look_again(one.known, document.lines[start:end], saved=saved, later=later)
        self._followed[trace_id] = replace(one, known=known)
        self._broker.note_provenance(known)


def _way(verdict: Verdict) -> Way:
    match verdict:
        case Accepted():
            return Way.ACCEPTED
        case PartlyAccepted():
            return Way.PARTLY
        case TypedOver():
            return Way.TYPED
        case Dismissed():
            return Way.DISMISSED
        case _:
            assert_never(verdict)
