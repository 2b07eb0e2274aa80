"""What a session does around one outage, one sleep, one look-up; with the certified provider."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from sidelight_client.keeper import SessionKeeper
from sidelight_client.ports import GoingToSleep, NetworkChanged, Slept
from support.secrets_watch import Secrets

from .laptop import LidClock, running_keeper, sign_in, until
from .network import HOST, UP, Network, running_network
from .provider_process import Provider, running_provider

pytestmark = [pytest.mark.anyio, pytest.mark.realparts]

Figure = Callable[[str], None]

A_NIGHT_S = 14 * 3600.0
OUTAGE_S = 6.0


@dataclass
class Scene:
    """One session behind a network."""

    network: Network
    provider: Provider
    clock: LidClock
    keeper: SessionKeeper
    asked: list[str]


@asynccontextmanager
async def _scene(folder: Path, watch: Secrets) -> AsyncGenerator[Scene]:
    async with running_network(random.Random(1)) as network:
        origin = f"http://{HOST}:{network.port}"
        with running_provider(origin=origin) as provider:
            network.target = int(provider.origin.rpartition(":")[2])
            clock, asked = LidClock(provider), list[str]()
            async with running_keeper(provider, clock, folder, ask=asked.append) as keeper:
                assert await sign_in(keeper) is None
                yield Scene(network, provider, clock, keeper, asked)
            watch.watch(provider.issued())


@pytest.fixture
async def scene(node: None, tmp_path: Path, secrets_watch: Secrets) -> AsyncGenerator[Scene]:
    async with _scene(tmp_path, secrets_watch) as made:
        yield made


@pytest.mark.parametrize("way", ["hole", "dns"])
async def test_a_network_that_comes_seconds_after_the_wake_brings_a_token_without_a_keystroke(
    scene: Scene, way: str, figure: Figure
) -> None:
    await scene.network.turn(way)
    scene.clock.close_lid(A_NIGHT_S)
    scene.keeper.power(Slept(A_NIGHT_S))
    await asyncio.sleep(OUTAGE_S)
    assert scene.keeper.peek() is None
    await scene.network.turn(UP)
    scene.keeper.power(NetworkChanged())
    took_s = await until(lambda: scene.keeper.peek() is not None)
    figure(f"network {way} for {OUTAGE_S:.0f} s, then up: token after {took_s:.2f} s (hold 2)")
    assert took_s <= 2.0
    assert scene.asked == []
    assert scene.provider.counters().renewals == 1


@pytest.mark.slow
async def test_an_announced_sleep_in_the_middle_of_a_renewal_loses_nothing(
    scene: Scene, figure: Figure
) -> None:
    sleeps, chance, in_flight = 150, random.Random(7), 0
    for _ in range(sleeps):
        grant = scene.keeper.peek()
        assert grant is not None
        scene.provider.fault("slow", ms=chance.randrange(5, 60))
        scene.keeper.refused(grant)
        await asyncio.sleep(chance.random() * 0.03)
        scene.keeper.power(GoingToSleep())
        in_flight += scene.network.under_way()
        await scene.keeper.quiet()
        assert scene.network.fall_asleep() == 0, "a request was still on the wire"
        scene.clock.close_lid(A_NIGHT_S)
        scene.keeper.power(Slept(A_NIGHT_S))
        await until(lambda: scene.keeper.peek() is not None)
    revoked = scene.provider.counters().revoked
    figure(
        f"announced sleep in the middle of a renewal: {revoked} lost of {sleeps} (hold 0), "
        f"{in_flight} of them on the wire at the announcement"
    )
    assert (revoked, scene.asked) == (0, [])
    assert in_flight >= 20


async def test_looking_up_the_token_takes_microseconds(scene: Scene, figure: Figure) -> None:
    took: list[float] = []
    for _ in range(20_000):
        began = time.perf_counter()
        scene.keeper.peek()
        took.append(time.perf_counter() - began)
    p99_us = sorted(took)[int(len(took) * 0.99)] * 1e6
    figure(f"token look-up: p99 {p99_us:.1f} µs (hold 50)")
    assert p99_us <= 50
