"""Pushes the snapshot to one watcher: the whole first, then what changed, never more than it can take."""

from __future__ import annotations

import asyncio

from .. import api
from .connection import Connection
from .wire import delta, event, snapshot_to_json

REST_S = 0.02
"""The pause between two deltas to one client: a thousand changes a second cost fifty messages."""


async def tell_changes(broker: api.Broker, connection: Connection, keys: frozenset[str]) -> None:
    """Send the snapshot, then what changed since, until cancelled.

    What waits for a slow client is one flag: when it can take more, it is told the newest value of
    each key that differs from what it was told last. The broker never waits for it.

    Args:
        broker: whose snapshot it is.
        connection: the watcher.
        keys: the top-level keys it wants to hear of; none means all.
    """
    changed = asyncio.Event()
    unsubscribe = broker.subscribe(lambda _snapshot: changed.set())
    try:
        told = snapshot_to_json(broker.snapshot(), broker.clock.now())
        await connection.send(event("snapshot", told))
        while True:
            await changed.wait()
            changed.clear()
            current = snapshot_to_json(broker.snapshot(), broker.clock.now())
            news = delta(told, current, keys)
            told = current
            if news:
                await connection.send(event("delta", news))
            await broker.clock.sleep(REST_S)
    finally:
        unsubscribe()
