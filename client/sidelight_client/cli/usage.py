"""`sidelight usage`: what was used, from this machine's ledger, beside the gateway's own numbers."""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sqlite3
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from ..adapters.folders import Folders, folders
from ..adapters.usage_file import aside_of, problem, read_requests
from ..adapters.usage_ledger import FILE_NAME
from ..adapters.usage_query import usage_today
from ..domain.snapshot import DecisionView, Snapshot
from ..domain.spending.budget import Budget
from ..domain.spending.usage import By, summarize
from ..domain.spending.usage_limits import LimitUse, reconcile, window_start
from ..errors import ExitCode, RefusedError, SidelightError
from ..link.frames import Json
from ..link.wire_usage import usage_to_json
from .usage_show import Report, as_csv, as_json, as_text

T = TypeVar("T")

BROKER_WAIT_S = 3.0
"""How long a running broker may take to answer; without one the ledger alone is shown."""
FOREVER = 1e12
_UNITS_S = {"h": 3_600.0, "d": 86_400.0, "w": 7 * 86_400.0}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--by", choices=[by.value for by in By], default=By.DAY.value, help="what to group by (day)"
    )
    parser.add_argument(
        "--since", type=_since, default="7d", help="24h, 7d, 4w or a date, 2026-11-01 (7d)"
    )
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write every request to FILE")


def _since(text: str) -> float:
    """The moment `text` means, in seconds since the epoch; a date begins at midnight here."""
    length = re.fullmatch(r"(\d{1,4})([hdw])", text)
    if length is not None:
        return time.time() - int(length[1]) * _UNITS_S[length[2]]
    try:
        return max(datetime.strptime(text, "%Y-%m-%d").astimezone().timestamp(), 0.0)
    except (ValueError, OverflowError, OSError) as error:
        raise argparse.ArgumentTypeError(
            "write 24h, 7d, 4w or a date such as 2026-11-01"
        ) from error


def run(arguments: argparse.Namespace) -> ExitCode:
    places, now = folders(), time.time()
    path = places.state / FILE_NAME
    snapshot, today = asyncio.run(_from_broker(places))
    if today is None and arguments.json:
        today = usage_to_json(asyncio.run(usage_today(path, Budget(), now)))
    report = _report(path, By(arguments.by), arguments.since, now, snapshot)
    if arguments.csv is not None:
        _export(path, arguments.since, arguments.csv)
    if arguments.json:
        print(json.dumps({**as_json(report), "today": today}, ensure_ascii=False))
    else:
        print("\n".join(as_text(report)))
    return ExitCode.OK


async def _from_broker(places: Folders) -> tuple[Snapshot | None, Json | None]:
    """The snapshot and today's usage by a broker that runs already; none is started for this."""
    from ..link.dial import BrokerRefusalError, dial

    try:
        async with asyncio.timeout(BROKER_WAIT_S):
            client = await dial(places, client="sidelight usage", start=False)
            try:
                snapshot = await client.status()
                try:
                    return snapshot, await client.usage()
                except BrokerRefusalError:
                    # An older broker does not count by the day.
                    return snapshot, None
            finally:
                await client.close()
    except (SidelightError, TimeoutError):
        return None, None


def _report(path: Path, by: By, since: float, now: float, snapshot: Snapshot | None) -> Report:
    found = path.is_file()
    summary = _read(path, since, lambda requests: summarize(requests, by))
    aside = aside_of(path)
    return Report(
        as_of=now,
        since=since,
        summary=summary,
        ledger=str(path),
        found=found,
        set_aside=str(aside) if aside.is_file() else "",
        gateway=snapshot.gateway.name or snapshot.gateway.url if snapshot is not None else "",
        limits=None if snapshot is None else _limits(path, snapshot, now, found=found),
    )


def _limits(path: Path, snapshot: Snapshot, now: float, *, found: bool) -> tuple[LimitUse, ...]:
    budget, url = snapshot.budget.at(now), snapshot.gateway.url
    if not found:
        return reconcile(budget, None, now, url)
    since = min((window_start(purse, now) for purse in budget.purses), default=now)
    zones = tuple(zone.url for zone in snapshot.gateway.endpoints)
    return _read(path, since, lambda requests: reconcile(budget, requests, now, url, zones))


def _read(path: Path, since: float, use: Callable[[Iterable[DecisionView]], T]) -> T:
    """What `use` makes of the requests. Raises RefusedError when the file cannot be read."""
    try:
        return use(read_requests(path, since, FOREVER))
    except FileNotFoundError:
        return use(())
    except (sqlite3.Error, OSError) as error:
        raise RefusedError("ledger.unreadable", path=str(path), problem=problem(error)) from error


def _export(path: Path, since: float, target: Path) -> None:
    def write(requests: Iterable[DecisionView]) -> None:
        try:
            with target.open("w", encoding="utf-8", newline="") as file:
                file.writelines(as_csv(requests))
        except OSError as error:
            folder, told = str(target.absolute().parent), error.strerror or "it cannot be written"
            raise RefusedError("storage.unwritable", folder=folder, problem=told) from error

    _read(path, since, write)
