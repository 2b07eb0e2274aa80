"""Keeps an eye on the gateway's status page, and notes its health: one look at a time, none to spare."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import assert_never

from .domain.service.incidents import SEEN_HERE_AFTER_S, PageReading, SeenHere, Service, service
from .domain.service.status_look import (
    Fetched,
    Looked,
    NotFetched,
    PageAnswer,
    Unchanged,
    answered,
    next_look_at,
    unanswered,
)
from .domain.service.uptime import Health, HealthNote, Uptime, note, uptime
from .ports import Clock
from .waiting import at_most

log = logging.getLogger("sidelight.status")

NO_PAGE_S = 300.0
"""How often the health is noted where there is no page to ask, or no network to ask over."""
LEAST_S = 1.0
"""Between two looks, whatever the schedule says."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the feed gets its facts, and where it keeps them.

    Attributes:
        gateway: the gateway's address, under which its health is kept; empty before it is known.
        page: the status page's address; empty where there is none, or before it is known.
        look: asks the page, given its address and the last ETag.
        load: what earlier runs noted of the gateway at an address.
        keep: takes a note for the ledger; returns at once.
    """

    gateway: Callable[[], str]
    page: Callable[[], str]
    look: Callable[[str, str], Awaitable[PageAnswer]]
    load: Callable[[str], Awaitable[Health]]
    keep: Callable[[HealthNote], None]


class IncidentFeed:
    """What is wrong with the gateway, from its page and from here; `run` keeps it true."""

    def __init__(self, clock: Clock, sources: Sources, changed: Callable[[], None]) -> None:
        """`changed` is called after each look or note that changed something."""
        self._clock = clock
        self._sources = sources
        self._changed = changed
        self._seen = SeenHere()
        self._page: PageReading | None = None
        self._etag = ""
        self._asked = ""
        self._looked = Looked()
        self._noted_at: float | None = None
        self._told = Service()
        self._health: Health | None = None
        self._uptime: Uptime | None = None
        self._poked = asyncio.Event()

    @property
    def service(self) -> Service:
        """How the gateway is, by everything that is known now."""
        return service(self._page, self._seen, self._clock.now())

    @property
    def uptime(self) -> Uptime | None:
        """The last thirty days as of the last note; None before the first."""
        return self._uptime

    def noticed(self, seen: SeenHere) -> None:
        """Take note of what this person's requests show; called as often as anything changes.

        Only trouble that begins or ends, and a page that becomes known, are looked into.
        """
        before, self._seen = self._seen, seen
        same = replace(before, answered_at=None) == replace(seen, answered_at=None)
        if not same or self._sources.page() != self._asked:
            self._poked.set()

    def woke(self) -> None:
        """Look again at once: the network or the clock is another one."""
        self._looked = Looked(None, self._looked.failures, self._looked.not_before)
        self._poked.set()

    async def run(self) -> None:
        """Look whenever it is due, until cancelled."""
        while True:
            page = self._sources.page()
            if page != self._asked:
                self._asked, self._etag, self._looked = page, "", Looked()
            if page and self._wait_s() == 0:
                await self._ask(page)
            await self._note()
            if not self._poked.is_set():
                await at_most(self._clock, max(self._wait_s(), LEAST_S), self._poked.wait())
            self._poked.clear()

    def _wait_s(self) -> float:
        """Seconds to the next look, or to the next note where there is nothing to look at."""
        now, seen = self._clock.now(), self._seen
        known = service(self._page, seen, now)
        at = next_look_at(self._looked, now, incident=known.open, offline=seen.offline)
        wait_s = NO_PAGE_S if at is None or not self._asked else at - now
        if not known.open and (seen.down_since is not None or seen.slow_since is not None):
            # Trouble that is too young to be told of yet.
            wait_s = min(wait_s, SEEN_HERE_AFTER_S)
        return wait_s

    async def _ask(self, page: str) -> None:
        answer = await self._sources.look(page, self._etag)
        now = self._clock.now()
        match answer:
            case Fetched(reading, etag):
                self._page, self._etag, self._looked = reading, etag, answered(now)
            case Unchanged():
                if self._page is not None:
                    self._page = replace(self._page, as_of=now)
                self._looked = answered(now)
            case NotFetched(problem, retry_after_s):
                self._looked = unanswered(self._looked, now, retry_after_s)
                log.info("the status page was not read: %s", problem)
            case _:
                assert_never(answer)

    async def _note(self) -> None:
        """Keep what is known for the bars, and tell of what changed."""
        gateway = self._sources.gateway()
        now, told = self._clock.now(), self.service
        if gateway:
            if self._health is None:
                self._health = await self._sources.load(gateway)
            learned = note(gateway, told, self._noted_at, now)
            self._noted_at = now
            self._health = self._health.with_note(learned)
            self._uptime = uptime(self._health.hours, now, past=self._health.past)
            self._sources.keep(learned)
        before, self._told = self._told, told
        if (told.level, told.incidents) != (before.level, before.incidents):
            log.info("the gateway is %s, with %d incidents", told.level, len(told.incidents))
        if told != before or gateway:
            self._changed()
