"""How the person is reached beside the editor: what they paused, what they see, who shows them notices."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable

from ..domain import pauses
from ..domain.pauses import Pauses
from ..domain.service.episodes import ShownNotice
from ..ports import Clock
from .facts import BrokerFacts

log = logging.getLogger("sidelight.broker")

KeepPauses = Callable[[Pauses], None]
"""Writes down what is paused, so that the next broker knows it."""


class Attention:
    """Implements `api.Attention`, and keeps the pauses."""

    def __init__(
        self,
        clock: Clock,
        facts: BrokerFacts,
        changed: Callable[[], None],
        keep: KeepPauses | None,
    ) -> None:
        self._clock = clock
        self._facts = facts
        self._changed = changed
        self._keep = keep
        self._numbers = itertools.count(1)
        self._open_panels: set[int] = set()
        self._showing: dict[int, Callable[[ShownNotice], None]] = {}

    def pause(self, until: float | None, language: str = "") -> None:
        """See `api.Broker.pause`."""
        what = language or "everything"
        log.info("%s %s", what, "goes on" if until is None else f"pauses until {until:.0f}")
        self._now_paused(pauses.pause(self._facts.pauses, until, language))

    def mute(self, until: float | None) -> None:
        log.info("notifications %s", "are shown" if until is None else f"muted until {until:.0f}")
        self._now_paused(pauses.mute(self._facts.pauses, until, self._clock.now()))

    @property
    def looking(self) -> bool:
        """Whether the person looks at a panel now."""
        return bool(self._open_panels)

    def panel_opened(self) -> Callable[[], None]:
        number = next(self._numbers)
        self._open_panels.add(number)
        return lambda: self._open_panels.discard(number)

    def shows_notices(self, show: Callable[[ShownNotice], None]) -> Callable[[], None]:
        number = next(self._numbers)
        self._showing[number] = show

        def leave() -> None:
            self._showing.pop(number, None)

        return leave

    def show(self, notice: ShownNotice) -> bool:
        """Hand a notification to the tray that offered last; False where none did."""
        if not self._showing:
            return False
        self._showing[max(self._showing)](notice)
        return True

    def _now_paused(self, changed: Pauses) -> None:
        changed = changed.at(self._clock.now())
        self._facts.pauses = changed
        if self._keep is not None:
            self._keep(changed)
        self._changed()
