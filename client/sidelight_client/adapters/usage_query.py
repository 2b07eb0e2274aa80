"""Today's usage out of the ledger's file, read in a thread so that no loop is held."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path

from ..domain.models.model_facts import ModelFacts
from ..domain.service.uptime import Health
from ..domain.spending.budget import Budget
from ..domain.spending.usage_limits import limit_uses, reconcile, window_start
from ..domain.spending.usage_view import UsageView, day_of, usage_view
from .usage_file import problem, read_requests, read_sums
from .usage_health import read_health


async def usage_today(
    path: Path,
    budget: Budget,
    now: float,
    *,
    endpoint: str = "",
    zones: Iterable[str] = (),
    models: Mapping[str, ModelFacts] | None = None,
) -> UsageView:
    """Today's usage; where the ledger cannot be read the view says so and knows nothing.

    The limits' windows, which may be months, are added up by SQLite, which lets the loop run
    meanwhile; only today's requests are looked at one by one. `endpoint` is the gateway's address
    and `zones` are its further ones: what others were asked is not counted.
    """
    purses, since = budget.at(now).purses, day_of(now)[0]
    urls = (endpoint, *zones)

    def read() -> UsageView:
        try:
            sums = read_sums(path, [(window_start(p, now), now) for p in purses], urls)
            limits = limit_uses(budget, sums, now)
            return usage_view(read_requests(path, since, now + 1), limits, now, models=models)
        except FileNotFoundError:
            return usage_view((), reconcile(budget, None, now), now)
        except (sqlite3.Error, OSError) as error:
            return UsageView(now, since, problem=problem(error))

    return await asyncio.to_thread(read)


async def health_of(path: Path, gateway: str, now: float) -> Health:
    """What is kept of the gateway's health; nothing where the ledger cannot be read."""

    def read() -> Health:
        try:
            return read_health(path, gateway, now)
        except (sqlite3.Error, OSError):
            return Health()

    return await asyncio.to_thread(read)
