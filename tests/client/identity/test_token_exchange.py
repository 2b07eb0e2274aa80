"""The second stage: the gateway's own token, without ever risking the sign-in it comes from."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from sidelight_client.adapters.discovered_identity import DiscoveredProvider
from sidelight_client.adapters.exchange_answers import DENIED_RETRY_S
from sidelight_client.adapters.http import HttpClient
from sidelight_client.adapters.oidc import OidcProvider, OidcSettings
from sidelight_client.adapters.token_exchange import (
    ExchangeForm,
    ExchangeSettings,
    TokenExchange,
)
from sidelight_client.domain.failure import Failure, FailureKind
from sidelight_client.domain.identity.grant import Grant
from sidelight_client.domain.identity.secret import Secret
from sidelight_client.domain.identity.session import Phase
from sidelight_client.domain.identity.session_events import RenewalFailure
from sidelight_client.keeper import SessionKeeper
from sidelight_client.ports import (
    GatewayInfo,
    HalfRenewed,
    Record,
    RenewalRefused,
    SignInFailed,
    SignInPrompt,
)
from sidelight_client.testing.fakes import FakeClock, FakeVault
from support.secrets_watch import Secrets
from support.small_server import Asked, Says, SmallServer, small_server
from support.strict_idp import StrictIdp, browse, running_idp

pytestmark = pytest.mark.anyio

LIFE_S = 600
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"


@dataclass
class Gateway:
    """Exchanges any token of the sign-in for one of its own; `says` beats that, one by one."""

    issued: list[str] = field(default_factory=list)
    says: deque[Says] = field(default_factory=deque)

    def __call__(self, asked: Asked) -> Says:
        if self.says:
            return self.says.popleft()
        token = f"gateway-token-{len(self.issued)}-of-its-own"
        self.issued.append(token)
        if asked.target == "/key":
            return Says(201, {"key": token, "expires_in": LIFE_S})
        return Says(200, {"access_token": token, "token_type": "Bearer", "expires_in": LIFE_S})


@dataclass
class World:
    idp: StrictIdp
    gateway: Gateway
    server: SmallServer
    http: HttpClient
    clock: FakeClock = field(default_factory=FakeClock)
    pages: list[asyncio.Future[bytes]] = field(default_factory=list)

    def show(self, prompt: SignInPrompt) -> None:
        self.pages.append(asyncio.ensure_future(browse(prompt.url)))

    def provider(self, form: ExchangeForm = ExchangeForm.TOKEN) -> TokenExchange:
        path = "key" if form is ExchangeForm.KEY else "exchange"
        settings = ExchangeSettings(f"{self.server.url}/{path}", form, "sidelight", "gateway")
        first = OidcProvider(OidcSettings(self.idp.url), self.http, self.clock)
        return TokenExchange(first, settings, self.http, self.clock)

    async def sign_in(self, provider: TokenExchange) -> Grant | SignInFailed:
        answer = await provider.sign_in(self.show)
        await asyncio.gather(*self.pages)
        return answer

    async def signed_in(self, provider: TokenExchange) -> Grant:
        answer = await self.sign_in(provider)
        assert isinstance(answer, Grant)
        return answer


@pytest.fixture
async def world(secrets_watch: Secrets) -> AsyncGenerator[World]:
    idp, gateway = StrictIdp(life_s=3600), Gateway()
    secrets_watch.watch(idp.issued)
    secrets_watch.watch(gateway.issued)
    http = HttpClient(connect_s=1, silence_s=1)
    async with running_idp(idp), small_server(gateway) as server:
        yield World(idp, gateway, server, http)
    await http.close()


def sso_token(asked: Asked) -> str:
    return asked.form.get("subject_token", "")


async def test_a_sign_in_brings_the_gateways_own_token(world: World) -> None:
    grant = await world.signed_in(world.provider())
    assert [grant.access_token.reveal()] == world.gateway.issued
    assert grant.expires_at - grant.received_at == LIFE_S
    assert grant.refresh_token is not None
    assert grant.refresh_token.reveal() in world.idp.families
    assert (grant.account, grant.issuer) == ("ada@example.com", world.idp.url)
    (asked,) = world.server.asked
    assert asked.form == {
        "grant_type": TOKEN_EXCHANGE,
        "subject_token": sso_token(asked),
        "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "requested_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "audience": "gateway",
        "client_id": "sidelight",
    }
    assert sso_token(asked) in world.idp.issued


async def test_a_virtual_key_is_asked_for_with_the_sign_ins_token(world: World) -> None:
    grant = await world.signed_in(world.provider(ExchangeForm.KEY))
    assert [grant.access_token.reveal()] == world.gateway.issued
    assert grant.expires_at - grant.received_at == LIFE_S
    (asked,) = world.server.asked
    scheme, _, token = asked.headers["authorization"].partition(" ")
    assert scheme == "Bearer"
    assert token in world.idp.issued
    assert asked.target == "/key"
    assert token not in asked.body


async def test_a_renewal_needs_only_the_second_stage_while_the_first_token_lives(
    world: World,
) -> None:
    provider = world.provider()
    grant = await world.signed_in(provider)
    await world.clock.advance(LIFE_S / 2)
    renewed = await provider.renew(grant)
    assert isinstance(renewed, Grant)
    assert renewed.access_token.reveal() == world.gateway.issued[1]
    assert renewed.refresh_token == grant.refresh_token
    assert renewed.expires_at == world.clock.now() + LIFE_S
    assert world.idp.renewals == 0


async def test_the_first_stage_is_handed_back_to_be_saved_before_the_second(world: World) -> None:
    provider = world.provider()
    grant = await world.signed_in(provider)
    await world.clock.close_lid(14 * 3600)
    half = await provider.renew(grant)
    assert isinstance(half, HalfRenewed)
    assert half.grant.refresh_token != grant.refresh_token
    assert half.grant.access_token == grant.access_token
    assert half.grant.expires_at == grant.expires_at
    renewed = await provider.renew(half.grant)
    assert isinstance(renewed, Grant)
    assert renewed.refresh_token == half.grant.refresh_token
    assert world.idp.renewals == 1
    assert len(world.gateway.issued) == 2


async def test_a_token_of_another_sign_in_is_never_exchanged_for_this_one(world: World) -> None:
    provider = world.provider()
    mine, theirs = await world.signed_in(provider), await world.signed_in(provider)
    assert mine.refresh_token != theirs.refresh_token
    assert isinstance(await provider.renew(mine), HalfRenewed)


EXCHANGE_FAULTS: list[tuple[Says, str, float | None]] = [
    (Says(503, b"later", {"Retry-After": "7"}), "http.503", 7.0),
    (Says(429, b"later"), "http.429", None),
    (Says(500, {"error": "server_error"}), "http.500", None),
    (Says(200, b"<html>Welcome to Hotel Wi-Fi</html>"), "http.not_json", None),
    (Says(403, b"<html>Blocked by your proxy</html>"), "http.not_json", None),
    (Says(302, b"", {"Location": "https://login.example"}), "http.302", None),
    (Says(200, {}), "http.no_token", None),
    (Says(cut=True), "network.reset", None),
    (Says(403, {"error": "no_seat"}), "no_seat", DENIED_RETRY_S),
    (Says(403, {}), "exchange.403", DENIED_RETRY_S),
    (Says(400, {"error": "invalid_target"}), "invalid_target", DENIED_RETRY_S),
]


@pytest.mark.parametrize(("says", "reason", "delay_s"), EXCHANGE_FAULTS)
async def test_no_failure_of_the_second_stage_touches_the_sign_in(
    world: World, says: Says, reason: str, delay_s: float | None
) -> None:
    provider = world.provider()
    grant = await world.signed_in(provider)
    world.gateway.says.append(says)
    refused = await provider.renew(grant)
    assert refused == RenewalRefused(RenewalFailure.NOT_PROCESSED, reason, delay_s)
    assert world.idp.renewals == 0


@pytest.mark.parametrize(
    "says", [Says(400, {"error": "invalid_request"}), Says(401, {"error": "invalid_token"})]
)
async def test_a_first_token_that_ended_early_is_renewed_once_and_not_again(
    world: World, says: Says
) -> None:
    provider = world.provider()
    grant = await world.signed_in(provider)
    world.gateway.says += [says, says]
    half = await provider.renew(grant)
    assert isinstance(half, HalfRenewed)
    refused = await provider.renew(half.grant)
    assert isinstance(refused, RenewalRefused)
    assert (refused.failure, refused.retry_delay_s) == (
        RenewalFailure.NOT_PROCESSED,
        DENIED_RETRY_S,
    )
    assert world.idp.renewals == 1


async def test_only_a_rejected_sign_in_ends_the_session(world: World) -> None:
    provider = world.provider()
    grant = await world.signed_in(provider)
    await provider.revoke(grant)
    assert await provider.renew(grant) == RenewalRefused(RenewalFailure.REJECTED, "invalid_grant")


async def test_a_person_who_may_not_is_told_at_the_sign_in_and_leaves_no_session(
    world: World,
) -> None:
    world.gateway.says.append(Says(403, {"error": "no_seat"}))
    assert await world.sign_in(world.provider()) == SignInFailed("no_seat")
    assert all(family.revoked for family in world.idp.families.values())


async def test_a_gateway_that_is_away_does_not_waste_the_persons_sign_in(world: World) -> None:
    provider = world.provider()
    world.gateway.says.append(Says(503, b"later"))
    grant = await world.signed_in(provider)
    assert not grant.usable(world.clock.now())
    renewed = await provider.renew(grant)
    assert isinstance(renewed, Grant)
    assert renewed.access_token.reveal() == world.gateway.issued[0]
    assert world.idp.renewals == 0


# --- under the keeper ----------------------------------------------------------------------------


async def until(done: Any) -> None:
    async with asyncio.timeout(5):
        while not done():  # noqa: ASYNC110 - a real server answers meanwhile
            await asyncio.sleep(0.005)


async def test_a_night_ends_with_one_renewal_of_each_stage(world: World) -> None:
    provider, vault = world.provider(), FakeVault()
    grant = replace(await world.signed_in(provider), generation=1)
    vault.held = Record(1, world.clock.now(), grant)
    await world.clock.close_lid(14 * 3600)
    keeper = SessionKeeper(clock=world.clock, provider=provider, vault=vault)
    await keeper.start()
    await until(lambda: keeper.peek() is not None)
    assert (world.idp.renewals, len(world.gateway.issued), vault.saves) == (1, 2, 2)
    assert vault.held.generation == 3
    await keeper.stop()


async def test_a_refresh_token_survives_a_second_stage_that_fails(world: World) -> None:
    provider, vault = world.provider(), FakeVault()
    grant = replace(await world.signed_in(provider), generation=1)
    vault.held = Record(1, world.clock.now(), grant)
    await world.clock.close_lid(14 * 3600)
    world.gateway.says.append(Says(cut=True))
    keeper = SessionKeeper(clock=world.clock, provider=provider, vault=vault, spread=lambda: 1.0)
    await keeper.start()
    await until(lambda: len(keeper.renewals) == 1)
    assert vault.held is not None
    assert vault.held.grant is not None
    assert vault.held.grant.refresh_token != grant.refresh_token
    await keeper.stop()
    # Another process, which knows nothing of the first one's memory, goes on with what was saved.
    later = SessionKeeper(clock=world.clock, provider=world.provider(), vault=vault)
    await later.start()
    await until(lambda: later.peek() is not None)
    assert (world.idp.renewals, world.idp.reuses) == (2, 0)
    assert later.view().phase is Phase.FRESH
    await later.stop()


# --- what discovery chooses ----------------------------------------------------------------------


async def test_discovery_switches_the_second_stage_on(world: World) -> None:
    info = GatewayInfo(
        "A gateway",
        world.server.url,
        "sidelight",
        issuer=world.idp.url,
        auth_kind="exchange",
        exchange_url=f"{world.server.url}/key",
        exchange_form="virtual_key",
    )
    answers: deque[GatewayInfo | Failure] = deque([info])

    async def discover() -> GatewayInfo | Failure:
        return answers[0]

    provider = DiscoveredProvider(discover, world.http, world.clock, None)
    grant = await provider.sign_in(world.show)
    await asyncio.gather(*world.pages)
    assert isinstance(grant, Grant)
    assert [grant.access_token.reveal()] == world.gateway.issued
    await provider.drop_pool()

    answers[0] = Failure(FailureKind.OFFLINE)
    again = DiscoveredProvider(discover, world.http, world.clock, None)
    refused = await again.renew(replace(grant, access_token=Secret("spent")))
    assert isinstance(refused, RenewalRefused)
    assert refused.failure is RenewalFailure.NOT_PROCESSED
    assert world.idp.renewals == 0


@pytest.mark.parametrize("url", ["", "http://gateway.example/exchange", "ftp://127.0.0.1/x"])
def test_a_token_is_exchanged_only_where_nobody_can_read_along(url: str) -> None:
    info = GatewayInfo("", "", "sidelight", auth_kind="exchange", exchange_url=url)
    assert ExchangeSettings.of_gateway(info) is None
