"""What everybody may see of the broker: its snapshot, with the editors and the gateway's health in it."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable
from dataclasses import replace

from ..domain.snapshot import EditorView, Snapshot
from ..ports import Clock, ServiceHealth
from ..settings import Settings
from .facts import BrokerFacts, snapshot_of
from .session_side import SessionSide

log = logging.getLogger("sidelight.broker")


class Shown:
    """Makes the snapshot, and takes note of what people did."""

    def __init__(
        self,
        clock: Clock,
        facts: BrokerFacts,
        session: SessionSide,
        *,
        settings: Callable[[], Settings],
        changed: Callable[[], None],
    ) -> None:
        self._clock = clock
        self._facts = facts
        self._session = session
        self._settings = settings
        self._changed = changed
        self._numbers = itertools.count(1)
        self.service: ServiceHealth | None = None
        """What is known of the gateway's health; None where nobody looks."""

    def snapshot(self) -> Snapshot:
        session, conditions = self._session.view()
        now = self._clock.now()
        snapshot = snapshot_of(self._facts, self._settings(), session, conditions, now)
        if self.service is None:
            return snapshot
        return replace(snapshot, service=self.service.service, uptime=self.service.uptime)

    def editor_connected(self, name: str) -> Callable[[], None]:
        """See `api.Broker.editor_connected`."""
        facts = self._facts
        editor = EditorView(next(self._numbers), name, self._clock.now())
        facts.editors = (*facts.editors, editor)
        self._changed()

        def gone() -> None:
            facts.editors = tuple(e for e in facts.editors if e.id != editor.id)
            self._changed()

        return gone

    def accepted(self, trace_id: str) -> None:
        """A person accepted a suggestion."""
        log.info("accepted %s", trace_id)
        counts = self._facts.counts
        self._facts.counts = replace(counts, accepted=counts.accepted + 1)
        self._changed()
