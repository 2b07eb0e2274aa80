"""Proofs beyond the provider: the gateway's nonces, and the exchange of a bound token."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace

import pytest

from sidelight_client.adapters import dpop
from sidelight_client.adapters.gateway_http import HttpGateway
from sidelight_client.adapters.http import HttpClient
from sidelight_client.adapters.token_exchange import (
    ExchangeForm,
    ExchangeSettings,
    TokenExchange,
)
from sidelight_client.domain.completion import CompletionRequest
from sidelight_client.domain.failure import Failure, FailureKind
from sidelight_client.domain.feedback import Feedback, Sent, Subject
from sidelight_client.domain.identity.grant import Grant
from sidelight_client.domain.identity.secret import Secret
from sidelight_client.domain.place import Document, Position
from sidelight_client.domain.window import take
from sidelight_client.ports import (
    Delta,
    Finish,
    GatewayEvent,
    GatewayInfo,
    HalfRenewed,
    RenewalRefused,
    SignInFailed,
)
from sidelight_client.testing.fakes import FakeClock, FakeIdp, grant
from support.dpop_proofs import read
from support.secrets_watch import Secrets
from support.small_server import Asked, Says, small_server

pytestmark = pytest.mark.anyio

DOCUMENT = {
    "version": 1,
    "profile": "sidelight",
    "api_base": "/v1",
    "endpoints": {"usage": "/usage", "feedback": "/feedback"},
    "tiers": {"fast": {"model": "small", "mode": "prefix"}},
}
CHALLENGE = 'DPoP realm="gateway", error="use_dpop_nonce", error_description="a nonce is required"'


@dataclass
class Gateway:
    """Wants its newest nonce in every proof; `rotates` names another one with each answer."""

    nonce: str = "g-1"
    rotates: bool = False
    never_content: bool = False
    nonces: list[str | None] = field(default_factory=list[str | None])

    def __call__(self, asked: Asked) -> Says:
        if asked.target.startswith("/.well-known/"):
            return Says(200, DOCUMENT)
        _, claims = read(asked.headers["dpop"])
        assert asked.headers["authorization"].startswith("DPoP ")
        given = claims.get("nonce")
        self.nonces.append(given)
        if given != self.nonce or self.never_content:
            header = {"WWW-Authenticate": CHALLENGE, "DPoP-Nonce": self.nonce}
            return Says(401, {"error": {"message": "use a nonce"}}, header)
        headers = {}
        if self.rotates:
            self.nonce = f"g-{len(self.nonces) + 1}"
            headers = {"DPoP-Nonce": self.nonce}
        if asked.target == "/usage":
            return Says(200, {"windows": []}, headers)
        body = {"choices": [{"text": "return total", "finish_reason": "stop"}]}
        return Says(200, body, headers)


@pytest.fixture
async def http() -> AsyncGenerator[HttpClient]:
    client = HttpClient(connect_s=1, silence_s=1)
    yield client
    await client.close()


@pytest.fixture
def bound(secrets_watch: Secrets) -> Grant:
    key = dpop.new_key()
    secrets_watch.watch([key.reveal()])
    return replace(grant(), proof_key=key, proven=True)


async def complete(gateway: HttpGateway, held: Grant) -> list[GatewayEvent]:
    window = take(["def f():\n", "    \n"], Position(1, 4), "file:///a.py")
    request = CompletionRequest("c" * 32, Document("file:///a.py", "python"), window)
    return [event async for event in gateway.complete(request, held, 5.0)]


async def test_a_message_is_sent_again_with_the_nonce_and_arrives_once(
    http: HttpClient, bound: Grant
) -> None:
    says = Gateway()
    async with small_server(says) as server:
        gateway = HttpGateway(server.url, http, clock=FakeClock())
        assert isinstance(await gateway.discover(), GatewayInfo)
        said = Feedback(Subject.SOFT_LIMIT, "", "", "A release is due today.")
        assert await gateway.feedback(said, bound) == Sent()
        await gateway.close()
    assert says.nonces == [None, "g-1"]


async def test_a_gateway_that_wants_a_nonce_gets_it_and_nobody_hears_of_the_401(
    http: HttpClient, bound: Grant
) -> None:
    says = Gateway()
    async with small_server(says) as server:
        gateway = HttpGateway(server.url, http, clock=FakeClock())
        assert isinstance(await gateway.discover(), GatewayInfo)
        first, second = await complete(gateway, bound), await complete(gateway, bound)
        await gateway.usage(bound)
        await gateway.close()
    for events in (first, second):
        assert [type(event) for event in events] == [Delta, Finish]
    assert says.nonces == [None, "g-1", "g-1", "g-1"]


async def test_a_nonce_that_changes_with_each_answer_costs_no_second_request(
    http: HttpClient, bound: Grant
) -> None:
    says = Gateway(rotates=True)
    async with small_server(says) as server:
        gateway = HttpGateway(server.url, http, clock=FakeClock())
        await gateway.discover()
        for _ in range(3):
            await gateway.usage(bound)
        await gateway.close()
    assert says.nonces == [None, "g-1", "g-3", "g-4"]


async def test_a_gateway_that_is_never_content_is_asked_twice_and_does_not_end_the_token(
    http: HttpClient, bound: Grant
) -> None:
    says = Gateway(never_content=True)
    async with small_server(says) as server:
        gateway = HttpGateway(server.url, http, clock=FakeClock())
        await gateway.discover()
        (failure,) = await complete(gateway, bound)
        await gateway.close()
    assert isinstance(failure, Failure)
    assert failure.kind is FailureKind.UPSTREAM_DOWN
    assert says.nonces == [None, "g-1"]


# --- the second stage ----------------------------------------------------------------------------


@dataclass
class Exchange:
    """Exchanges a bound token against its proof, wants a nonce first, and binds its own token."""

    form: ExchangeForm
    url: str = ""
    proofs: int = 0
    kind: str = "DPoP"

    def __call__(self, asked: Asked) -> Says:
        _, claims = read(asked.headers["dpop"])
        assert (claims["htm"], claims["htu"]) == ("POST", f"{self.url}/exchange")
        if self.form is ExchangeForm.KEY:
            scheme, _, token = asked.headers["authorization"].partition(" ")
            digest = hashlib.sha256(token.encode()).digest()
            assert scheme == "DPoP"
            assert claims["ath"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        else:
            token = asked.form["subject_token"]
            assert "ath" not in claims
        assert token == "access-1"
        self.proofs += 1
        if claims.get("nonce") != "x-1":
            if self.form is ExchangeForm.TOKEN:
                return Says(400, {"error": "use_dpop_nonce"}, {"DPoP-Nonce": "x-1"})
            return Says(401, {}, {"DPoP-Nonce": "x-1", "WWW-Authenticate": CHALLENGE})
        own = {"token_type": self.kind, "expires_in": 600}
        name = "key" if self.form is ExchangeForm.KEY else "access_token"
        return Says(200, {name: "gateway-token-of-its-own", **own})


def exchange_behind(idp: FakeIdp, http: HttpClient, url: str, form: ExchangeForm) -> TokenExchange:
    settings = ExchangeSettings(f"{url}/exchange", form, "sidelight", "gateway")
    return TokenExchange(idp, settings, http, FakeClock())


async def signed_in(exchange: TokenExchange) -> Grant:
    answer = await exchange.sign_in(lambda _: None)
    assert not isinstance(answer, SignInFailed), answer
    return answer


@pytest.mark.parametrize(
    ("form", "kind", "proven"),
    [
        (ExchangeForm.TOKEN, "DPoP", True),
        (ExchangeForm.TOKEN, "Bearer", False),
        (ExchangeForm.KEY, "", False),
    ],
)
async def test_a_bound_token_is_exchanged_with_its_proof_and_the_gateways_nonce(
    http: HttpClient, bound: Grant, form: ExchangeForm, kind: str, proven: bool
) -> None:
    says = Exchange(form, kind=kind)
    async with small_server(says) as server:
        says.url = server.url
        held = await signed_in(exchange_behind(FakeIdp(signs_in=bound), http, server.url, form))
    assert held.access_token == Secret("gateway-token-of-its-own")
    assert (held.proof_key, held.proven) == (bound.proof_key, proven)
    assert says.proofs == 2


async def test_the_first_stage_of_a_renewal_leaves_the_gateways_token_as_it_is_presented(
    http: HttpClient, bound: Grant
) -> None:
    """Until the second stage brings another token the old one goes on, in its own way."""
    exchange = exchange_behind(
        FakeIdp(renewals=[bound]), http, "http://127.0.0.1:1", ExchangeForm.TOKEN
    )
    plain = replace(bound, access_token=Secret("gateway-token-of-its-own"), proven=False)
    half = await exchange.renew(plain)
    assert isinstance(half, HalfRenewed)
    assert (half.grant.access_token, half.grant.proven) == (plain.access_token, False)
    refused = await exchange.renew(half.grant)
    assert isinstance(refused, RenewalRefused), "nobody listens there, and nothing ends by it"


async def test_a_token_that_is_bound_to_no_key_is_exchanged_as_ever(http: HttpClient) -> None:
    def says(asked: Asked) -> Says:
        assert "dpop" not in asked.headers
        return Says(200, {"access_token": "own-token", "token_type": "Bearer", "expires_in": 600})

    async with small_server(says) as server:
        idp = FakeIdp(signs_in=grant())
        held = await signed_in(exchange_behind(idp, http, server.url, ExchangeForm.TOKEN))
    assert (held.proof_key, held.proven) == (None, False)
