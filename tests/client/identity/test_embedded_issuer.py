"""The session against the embedded gateway's own issuer, over TCP and over its Unix socket."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from sidelight_client.adapters.clock import SystemClock
from sidelight_client.adapters.file_vault import FileVault
from sidelight_client.adapters.http import HttpClient
from sidelight_client.adapters.oidc import OidcProvider, OidcSettings
from sidelight_client.domain.identity.session import Phase
from sidelight_client.embedded.gateway import EmbeddedGateway, EmbeddedSettings
from sidelight_client.keeper import SessionKeeper
from sidelight_client.ports import SignInPrompt

pytestmark = pytest.mark.anyio


class QuickClock(SystemClock):
    """Does not wait between polls: the code is approved before the first one."""

    async def sleep(self, seconds: float) -> None:
        await super().sleep(min(seconds, 0.01))


WAYS = ["tcp", *(["socket"] if os.name == "posix" else [])]


@pytest.fixture(params=WAYS)
async def gateway(
    request: pytest.FixtureRequest, private_home: Path
) -> AsyncGenerator[EmbeddedGateway]:
    socket = private_home / "gateway.sock" if request.param == "socket" else None
    gateway = EmbeddedGateway(EmbeddedSettings(socket_path=socket, index_mb=0))
    await gateway.start()
    yield gateway
    await gateway.stop()


@pytest.mark.parametrize("device", [False, True])
async def test_a_person_signs_in_renews_and_signs_out(
    gateway: EmbeddedGateway, tmp_path: Path, device: bool
) -> None:
    http = HttpClient(gateway.socket_path)
    settings = OidcSettings(f"{gateway.url}/issuer", audience="sidelight-gateway")
    provider = OidcProvider(settings, http, QuickClock() if device else SystemClock(), tmp_path)
    vault = FileVault(tmp_path)
    keeper = SessionKeeper(clock=SystemClock(), provider=provider, vault=vault)
    await keeper.start()
    opened: list[asyncio.Future[None]] = []

    def approve(prompt: SignInPrompt) -> None:
        if device:
            assert gateway.approve_device(prompt.user_code)
        else:
            opened.append(asyncio.ensure_future(gateway.approve(prompt.url)))

    assert await keeper.sign_in(approve, device=device) is None
    await asyncio.gather(*opened)
    first = keeper.peek()
    assert first is not None
    assert first.generation == 1
    keeper.refused(first)
    second = await keeper.usable(5.0)
    assert second is not None
    assert second.generation == 2
    assert second.access_token != first.access_token
    await keeper.sign_out()
    assert keeper.view().phase is Phase.SIGNED_OUT
    record = await vault.load()
    assert record is not None
    assert (record.generation, record.grant) == (2, None)
    await keeper.stop()
    await http.close()
