"""The feed over the real parts: embedded gateway, discovery, HTTP and the ledger's file."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

from sidelight_client.adapters.config_files import read_settings
from sidelight_client.adapters.folders import folders
from sidelight_client.adapters.gateway_http import HttpGateway
from sidelight_client.adapters.http import HttpClient
from sidelight_client.adapters.usage_health import read_health
from sidelight_client.adapters.usage_ledger import UsageLedger
from sidelight_client.api import Snapshot
from sidelight_client.cli.assemble import assembled
from sidelight_client.cli.service_watch import service_watched
from sidelight_client.domain.health import Condition
from sidelight_client.domain.service.incidents import Level, Stage
from sidelight_client.embedded.gateway import EmbeddedGateway, EmbeddedSettings
from sidelight_client.ports import GatewayInfo
from sidelight_client.testing.fakes import FakeClock
from support.fake_broker import empty_snapshot

pytestmark = pytest.mark.anyio


async def until(true: Callable[[], bool]) -> None:
    """What is asked over a real socket comes when it comes."""
    with anyio.fail_after(10):
        while not true():  # noqa: ASYNC110 - what is waited for has no event
            await anyio.sleep(0.005)


async def test_an_outage_of_the_embedded_gateway_is_told_kept_and_over(private_home: Path) -> None:
    path, clock = private_home / "state" / "usage.db", FakeClock()
    embedded = EmbeddedGateway(EmbeddedSettings(), clock)
    await embedded.start()
    gateway = HttpGateway(embedded.url, HttpClient(), clock=clock)
    http, ledger = HttpClient(), UsageLedger(path, clock=clock.now)
    found = await gateway.discover()
    assert isinstance(found, GatewayInfo)
    assert found.status_url == f"{embedded.url}/status/api/v2/summary.json"
    listeners: list[Callable[[Snapshot], None]] = []

    def subscribe(listener: Callable[[Snapshot], None]) -> Callable[[], None]:
        listeners.append(listener)
        return listeners.clear

    try:
        async with service_watched(
            clock,
            http,
            ledger,
            path,
            info=lambda: found,
            subscribe=subscribe,
            changed=lambda: None,
        ) as feed:
            await until(lambda: feed.service.level is Level.OK)
            embedded.faults.set({"outage": True})
            down = Condition("gateway.unreachable", clock.now())
            listeners[0](replace(empty_snapshot(), conditions=(down,)))
            await clock.advance(11)
            assert [i.stage for i in feed.service.incidents] == [Stage.SEEN_HERE]
            await clock.advance(50)
            await until(lambda: feed.service.incidents[0].id == "outage")
            (incident,) = feed.service.incidents
            assert incident.seen_here
            assert incident.level is Level.MAJOR
            embedded.faults.set({"outage": False})
            listeners[0](empty_snapshot())
            await clock.advance(60)
            await until(lambda: feed.service.level is Level.OK)
            assert feed.uptime is not None
            assert 60 <= feed.uptime.used_s <= 180
            assert {past.id for past in feed.uptime.past} >= {"outage"}
        assert listeners == []
    finally:
        await anyio.to_thread.run_sync(ledger.close)
        await http.close()
        await gateway.close()
        await embedded.stop()
    kept = read_health(path, embedded.url, clock.now())
    assert {past.id for past in kept.past} >= {"outage"}
    assert any(hour.down for hour in kept.hours)


async def test_the_brokers_snapshot_tells_how_its_gateway_is() -> None:
    places = folders()
    async with assembled(places, os.environ, read_settings(places, os.environ)) as broker:
        await until(lambda: broker.snapshot().service.level is Level.OK)
        await until(lambda: broker.snapshot().uptime is not None)
        found = broker.snapshot().uptime
        assert found is not None
        assert found.availability == 1.0
