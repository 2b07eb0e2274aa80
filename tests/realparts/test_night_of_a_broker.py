"""An unmodified broker process whose clock jumps over a night, as a closed lid makes it jump."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from sidelight_client import api
from sidelight_client.adapters.folders import folders
from sidelight_client.adapters.oidc_tokens import jwt_claims
from sidelight_client.domain.window import take
from sidelight_client.link.dial import BrokerClient, dial
from support.secrets_watch import Secrets
from support.small_server import Asked, Says, small_server

from .laptop import Person, until
from .moved_clock import MovedClock, library
from .provider_process import Provider

pytestmark = [pytest.mark.anyio, pytest.mark.realparts]

A_NIGHT_S = 14 * 3600.0
QUIET_S = 0.5
"""How long a broker may go on to show that it asks nothing twice."""


@dataclass
class Gateway:
    """A gateway that believes the provider's tokens until they end by the provider's clock."""

    provider: Provider
    completed: int = 0
    refused: int = 0

    def answer(self, asked: Asked) -> Says:
        if asked.target == "/.well-known/sidelight-gateway":
            tiers = {"fast": {"model": "small", "mode": "prefix"}}
            auth = {"issuer": self.provider.issuer, "client_id": "sidelight"}
            return Says(body={"version": 1, "profile": "sidelight", "auth": auth, "tiers": tiers})
        if not asked.target.startswith("/v1/completions"):
            return Says(404, {})
        token = asked.headers.get("authorization", "").removeprefix("Bearer ")
        if jwt_claims(token).get("exp", 0) <= self.provider.control()["now"]:
            self.refused += 1
            return Says(401, {"error": {"code": "auth_expired", "message": "the token ended"}})
        self.completed += 1
        return Says(body={"choices": [{"text": "return total", "finish_reason": "stop"}]})


@dataclass
class Night:
    """A broker process with a clock of its own, the provider, and the gateway between them."""

    provider: Provider
    gateway: Gateway
    clock: MovedClock
    broker: BrokerClient
    person: Person

    def passes(self) -> None:
        self.clock.jump(A_NIGHT_S)
        self.provider.advance(A_NIGHT_S)

    async def complete(self) -> api.Outcome:
        window = take(["def total():\n", "    \n"], api.Position(1, 4), "file:///ledger.py")
        document = api.Document("file:///ledger.py", "python")
        trigger = api.Trigger.INVOKED
        return await self.broker.complete(
            api.CompletionRequest("d" * 32, document, window, trigger=trigger)
        )


@pytest.fixture
def libfaketime(real_part: Callable[[str, object, str], None]) -> None:
    real_part("libfaketime", library(), "apt-get install faketime")


@asynccontextmanager
async def a_night(
    home: Path, provider: Provider, clock: MovedClock, watch: Secrets
) -> AsyncGenerator[Night]:
    """A broker as an editor would start it, under that clock; a person has signed in."""
    environ = {**os.environ, "SIDELIGHT_HOME": str(home)}
    places, gateway, person = folders(environ), Gateway(provider), Person()
    async with small_server(gateway.answer) as server:
        places.config.mkdir(parents=True, exist_ok=True)
        places.config_file.write_text(f'gateway = "{server.url}"\nvault = "file"\n', "utf-8")
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "sidelight_client", "broker"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env=environ | clock.environ(),
        )
        assert process.stderr is not None
        errors = asyncio.ensure_future(process.stderr.read())
        try:
            await until(lambda: places.runtime.joinpath("broker.sock").exists(), 20)
            broker = await dial(places, environ=environ, start=False)
            try:
                assert await broker.login(person) is None
                await person.pages()
                yield Night(provider, gateway, clock, broker, person)
            finally:
                await broker.close()
        finally:
            if process.returncode is None:
                process.terminate()
            await asyncio.wait_for(process.wait(), 20)
            log_text = places.log_file.read_text("utf-8")
            watch.texts += [(await errors).decode(), log_text]


@pytest.mark.usefixtures("libfaketime")
@pytest.mark.parametrize("with_monotonic", [False, True], ids=["suspended", "paused"])
async def test_after_a_night_the_first_completion_is_good_and_took_one_renewal(
    private_home: Path,
    provider: Provider,
    secrets_watch: Secrets,
    figure: Callable[[str], None],
    with_monotonic: bool,
) -> None:
    clock = MovedClock(private_home / "clock", with_monotonic)
    async with a_night(private_home, provider, clock, secrets_watch) as night:
        assert isinstance(await night.complete(), api.Completed)
        before = provider.counters()
        night.passes()
        began = time.monotonic()
        first = await night.complete()
        took_s = time.monotonic() - began
        assert isinstance(first, api.Completed), first
        await asyncio.sleep(QUIET_S)
        told = await night.broker.status()
        after = provider.counters().since(before)
    figure(
        f"unmodified broker, clock {A_NIGHT_S / 3600:.0f} h ahead "
        f"({'monotonic too' if with_monotonic else 'monotonic stands'}): first completion after "
        f"{took_s:.2f} s, {after.renewals} renewal (hold 1), {night.gateway.refused} 401 (hold 0)"
    )
    assert (after.renewals, after.errors, after.revoked) == (1, 0, 0)
    assert (night.gateway.completed, night.gateway.refused) == (2, 0)
    assert len(night.person.prompts) == 1, "the sign-in's own, and no other"
    assert told.session.phase in ("fresh", "stale")
