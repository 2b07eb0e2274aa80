"""Today's usage and the uptime out of a real file, whole, missing or damaged; and over the wire."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from sidelight_client.adapters.usage_file import LedgerFile
from sidelight_client.adapters.usage_query import health_of, usage_today
from sidelight_client.domain.models.model_facts import ModelFacts
from sidelight_client.domain.service.incidents import Level, PageReading, SeenHere, service
from sidelight_client.domain.service.uptime import Health, note, uptime
from sidelight_client.domain.spending.budget import Budget, Purse, Scope, Unit
from sidelight_client.domain.spending.usage_limits import reconcile
from sidelight_client.link.wire_usage import usage_to_json
from support.ledger_process import request

pytestmark = pytest.mark.anyio

NOW = 1_700_000_000.0
URL = "https://gateway.example"
BUDGET = Budget((Purse(Scope.USER, Unit.REQUESTS, 120, 3_600.0),))


@pytest.fixture
def path(private_home: Path) -> Path:
    return private_home / "state" / "usage.db"


async def test_what_was_recorded_is_told_over_the_wire(path: Path) -> None:
    told = replace(
        request(-9, "Vim 9"), prompt_tokens=100, cached_tokens=60, model="small", cost=0.5
    )
    with contextlib.closing(LedgerFile(path)) as file:
        file.append([told])
    models = {"small": ModelFacts("small", input_cost=4e-6, cached_cost=1e-6)}
    view = await usage_today(path, BUDGET, NOW, models=models)
    data = json.loads(json.dumps(usage_to_json(view)))
    assert sum(bar["requests"] for bar in data["hours"]) == 1
    assert data["total"]["uncached_tokens"] == {"total": 40, "told_by": 1}
    assert data["total"]["cost"] == {"total": 0.5, "told_by": 1}
    assert data["saved"] == {"total": pytest.approx(0.00018), "told_by": 1}
    assert data["limits"][0]["counted"] == 1
    assert data["problem"] == ""


async def test_sqlite_adds_up_what_python_would(path: Path) -> None:
    entries = [
        replace(
            request(number, "Vim 9"),
            at=NOW - 90 * number,
            sends=number % 3,
            prompt_tokens=None if number % 4 else 10 * number,
            output_tokens=None if number % 5 else number,
            cost=None if number % 2 else number / 8,
            endpoint=("", URL, "https://other.example")[number % 3],
        )
        for number in range(1, 90)
    ]
    with contextlib.closing(LedgerFile(path)) as file:
        file.append(entries)
    limits = tuple(
        Purse(Scope.USER, unit, 100, window_s)
        for unit in Unit
        for window_s in (30.0, 900.0, 86_400.0)
    )
    for endpoint in ("", f"{URL}/v1"):
        view = await usage_today(path, Budget(limits), NOW, endpoint=endpoint)
        assert view.limits == reconcile(Budget(limits), entries, NOW, endpoint)
    zones = ("https://other.example/v1",)
    view = await usage_today(path, Budget(limits), NOW, endpoint=URL, zones=zones)
    assert view.limits == reconcile(Budget(limits), entries, NOW, URL, zones)
    assert view.limits != reconcile(Budget(limits), entries, NOW, URL)


async def test_without_a_ledger_nothing_was_counted(path: Path) -> None:
    view = await usage_today(path, BUDGET, NOW)
    assert view.whole is not None
    assert (view.whole.totals.requests, view.problem) == (0, "")
    data = usage_to_json(view)
    assert data["total"]["cost"]["total"] is None
    assert data["saved"]["total"] is None


@pytest.fixture
def damaged(path: Path) -> Path:
    path.parent.mkdir(parents=True)
    path.write_bytes(b"not a database " * 200)
    return path


async def test_a_damaged_ledger_is_said_and_nothing_is_zero(damaged: Path) -> None:
    view = await usage_today(damaged, BUDGET, NOW)
    assert view.problem == "the usage ledger is damaged"
    assert view.hours == ()
    assert usage_to_json(view)["total"] is None
    assert await health_of(damaged, URL, NOW) == Health()


async def test_the_uptime_is_read_for_one_gateway(path: Path) -> None:
    down = service(PageReading(NOW, Level.MAJOR), SeenHere("g"), NOW)
    with contextlib.closing(LedgerFile(path)) as file:
        file.append([note(URL, down, NOW - 60, NOW)])
    health = await health_of(path, URL, NOW)
    assert uptime(health.hours, NOW).used_s == 120.0
    assert await health_of(path, "https://other.example", NOW) == Health()
