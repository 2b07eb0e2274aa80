"""Puts the incident feed together: the status page, what the broker sees, and the ledger's health."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from ..adapters.http import HttpClient
from ..adapters.status_page import fetch
from ..adapters.usage_ledger import UsageLedger
from ..adapters.usage_query import health_of
from ..api import Clock, Snapshot, Subscription
from ..domain.service.seen_here import seen_here
from ..domain.service.status_look import PageAnswer
from ..domain.service.uptime import Health
from ..incident_feed import IncidentFeed, Sources
from ..ports import GatewayInfo


@asynccontextmanager
async def service_watched(
    clock: Clock,
    http: HttpClient,
    ledger: UsageLedger,
    path: Path,
    *,
    info: Callable[[], GatewayInfo | None],
    subscribe: Callable[[Callable[[Snapshot], None]], Subscription],
    changed: Callable[[], None],
) -> AsyncGenerator[IncidentFeed]:
    """A running feed, which ends with the block.

    Args:
        clock: whose time counts.
        http: asks the status page, and belongs to the caller.
        ledger: keeps what is noted.
        path: of the ledger's file.
        info: what discovery found; None before it did.
        subscribe: the broker's, for what this person's requests show.
        changed: called when the snapshot's `service` or `uptime` is another one.
    """

    def address() -> str:
        found = info()
        return found.url if found is not None else ""

    def page() -> str:
        found = info()
        return found.status_url if found is not None else ""

    async def look(url: str, etag: str) -> PageAnswer:
        return await fetch(url, http, clock.now(), etag, gateway=address())

    async def load(gateway: str) -> Health:
        return await health_of(path, gateway, clock.now())

    feed = IncidentFeed(clock, Sources(address, page, look, load, ledger.note_health), changed)
    leave = subscribe(lambda snapshot: feed.noticed(seen_here(snapshot)))
    running = asyncio.get_running_loop().create_task(feed.run())
    try:
        yield feed
    finally:
        leave()
        running.cancel()
        await asyncio.wait([running])
