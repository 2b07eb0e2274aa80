"""A grant bound to a key: what a proof says, where it is sent, and where it is not."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

import pytest

from sidelight_client.adapters import dpop
from sidelight_client.adapters.gateway_http import HttpGateway
from sidelight_client.adapters.http import HttpClient
from sidelight_client.adapters.oidc import OidcProvider, OidcSettings
from sidelight_client.adapters.vault_record import decode, encode
from sidelight_client.domain.identity.grant import Grant
from sidelight_client.domain.identity.secret import Secret
from sidelight_client.domain.identity.session_events import RenewalFailure
from sidelight_client.gateways.discovery import from_document
from sidelight_client.ports import GatewayInfo, Record, RenewalRefused
from sidelight_client.testing.fakes import FakeClock, grant
from support.dpop_proofs import read
from support.secrets_watch import Secrets
from support.small_server import Asked, Says, small_server

NOW = 1_700_000_000.0
URL = "https://idp.example/token"


def test_a_proof_names_the_request_and_shows_only_the_public_key() -> None:
    key = dpop.new_key()
    text = dpop.proof(key, "POST", f"{URL}?a=b#c", NOW).reveal()
    header, claims = read(text)
    assert (header["typ"], header["alg"]) == ("dpop+jwt", "ES256")
    assert set(header["jwk"]) == {"kty", "crv", "x", "y"}
    assert (claims["htm"], claims["htu"], claims["iat"]) == ("POST", URL, int(NOW))
    assert set(claims) == {"jti", "htm", "htu", "iat"}
    assert key.reveal() not in text
    again, other = read(dpop.proof(key, "POST", URL, NOW).reveal())
    assert again["jwk"] == header["jwk"]
    assert other["jti"] != claims["jti"]


def test_a_proof_carries_the_servers_nonce_and_the_tokens_hash() -> None:
    token = Secret("an-access-token")
    proof = dpop.proof(dpop.new_key(), "GET", URL, NOW, nonce="n-1", access_token=token)
    _, claims = read(proof.reveal())
    digest = hashlib.sha256(b"an-access-token").digest()
    assert claims["nonce"] == "n-1"
    assert claims["ath"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("value", "nonce"), [("n-1", "n-1"), ("", ""), ("é", ""), ("x" * 2000, "")]
)
def test_a_nonce_is_taken_only_if_it_is_one(value: str, nonce: str) -> None:
    assert dpop.nonce_in(value) == nonce


def test_the_key_is_kept_in_the_sealed_record_and_older_records_still_open() -> None:
    bound = replace(grant(), proof_key=dpop.new_key(), proven=True)
    assert decode(encode(Record(1, NOW, bound))).grant == bound
    old = json.loads(encode(Record(1, NOW, grant())))
    del old["grant"]["proof_key"], old["grant"]["proven"]
    assert decode(json.dumps(old).encode()).grant == grant()


# --- the token endpoint --------------------------------------------------------------------------


class Endpoint:
    """A provider that offers proofs, wants a nonce in them, and binds what it issues to their key."""

    def __init__(self, watch: Secrets) -> None:
        self.url = ""
        self.algorithms = ["RS256", "ES256"]
        self.issued: list[str] = []
        watch.watch(self.issued)

    def __call__(self, asked: Asked) -> Says:
        if asked.method == "GET":
            return Says(
                200,
                {
                    "issuer": self.url,
                    "authorization_endpoint": f"{self.url}/authorize",
                    "token_endpoint": f"{self.url}/token",
                    "device_authorization_endpoint": f"{self.url}/device",
                    "dpop_signing_alg_values_supported": self.algorithms,
                },
            )
        if asked.target == "/device":
            return Says(
                200,
                {
                    "device_code": "device-code",
                    "user_code": "WDJB-MJHT",
                    "verification_uri": f"{self.url}/activate",
                    "interval": 1,
                },
            )
        proof = asked.headers.get("dpop")
        kind = "Bearer"
        if proof is not None:
            kind = "DPoP"
            _, claims = read(proof)
            assert (claims["htm"], claims["htu"]) == ("POST", f"{self.url}/token")
            if claims.get("nonce") != "n-1":
                return Says(400, {"error": "use_dpop_nonce"}, {"DPoP-Nonce": "n-1"})
        self.issued.append(f"bound-access-token-{len(self.issued)}")
        return Says(
            200,
            {
                "access_token": self.issued[-1],
                "token_type": kind,
                "expires_in": 600,
                "refresh_token": "a-refresh-token-that-stays",
            },
        )


@pytest.fixture
async def http() -> AsyncGenerator[HttpClient]:
    client = HttpClient(connect_s=1, silence_s=1)
    yield client
    await client.close()


async def device_sign_in(provider: OidcProvider, clock: FakeClock) -> Grant:
    signing_in = asyncio.ensure_future(provider.sign_in_with_device(lambda _: None))
    async with asyncio.timeout(5):
        while not signing_in.done():
            await clock.advance(1)
            await asyncio.sleep(0.01)
    answer = await signing_in
    assert isinstance(answer, Grant), answer
    return answer


@pytest.mark.anyio
async def test_every_token_request_of_a_bound_grant_is_proven_with_one_key(
    secrets_watch: Secrets, http: HttpClient
) -> None:
    endpoint, clock = Endpoint(secrets_watch), FakeClock()
    async with small_server(endpoint) as server:
        endpoint.url = server.url
        provider = OidcProvider(OidcSettings(server.url, dpop=True), http, clock)
        held = await device_sign_in(provider, clock)
        assert held.proof_key is not None
        assert held.proven
        secrets_watch.watch([held.proof_key.reveal()])
        renewed = await OidcProvider(OidcSettings(server.url, dpop=True), http, clock).renew(held)
        assert isinstance(renewed, Grant)
        assert (renewed.proof_key, renewed.refresh_token) == (held.proof_key, held.refresh_token)
    proofs = [read(asked.headers["dpop"]) for asked in server.asked if asked.target == "/token"]
    assert [claims.get("nonce") for _, claims in proofs] == [None, "n-1", None, "n-1"]
    assert len({json.dumps(header["jwk"]) for header, _ in proofs}) == 1
    assert len({claims["jti"] for _, claims in proofs}) == 4


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("wanted", "algorithms"), [(False, ["ES256"]), (True, ["RS256"]), (True, [])]
)
async def test_nothing_is_bound_where_the_gateway_or_the_provider_cannot(
    secrets_watch: Secrets, http: HttpClient, wanted: bool, algorithms: list[str]
) -> None:
    endpoint, clock = Endpoint(secrets_watch), FakeClock()
    endpoint.algorithms = algorithms
    async with small_server(endpoint) as server:
        endpoint.url = server.url
        provider = OidcProvider(OidcSettings(server.url, dpop=wanted), http, clock)
        held = await device_sign_in(provider, clock)
    assert (held.proof_key, held.proven) == (None, False)
    assert not any("dpop" in asked.headers for asked in server.asked)


@pytest.mark.anyio
async def test_a_provider_that_is_never_content_with_a_nonce_is_asked_twice_and_ends_nothing(
    http: HttpClient,
) -> None:
    def answer(asked: Asked) -> Says:
        if asked.method == "GET":
            url = server.url
            return Says(
                200,
                {
                    "issuer": url,
                    "authorization_endpoint": url,
                    "token_endpoint": f"{url}/token",
                },
            )
        return Says(400, {"error": "use_dpop_nonce"}, {"DPoP-Nonce": "another"})

    async with small_server(answer) as server:
        provider = OidcProvider(OidcSettings(server.url), http, FakeClock())
        bound = replace(grant(), issuer=server.url, proof_key=dpop.new_key())
        refused = await provider.renew(bound)
    assert refused == RenewalRefused(RenewalFailure.NOT_PROCESSED, "use_dpop_nonce")
    assert len(server.asked) == 3


# --- the gateway ---------------------------------------------------------------------------------

DOCUMENT = {"version": 1, "profile": "sidelight", "api_base": "/v1"}


@pytest.mark.anyio
@pytest.mark.parametrize("proven", [True, False])
async def test_a_bound_token_goes_to_the_gateway_with_its_proof(
    secrets_watch: Secrets, http: HttpClient, proven: bool
) -> None:
    key = dpop.new_key()
    secrets_watch.watch([key.reveal()])

    def answer(asked: Asked) -> Says:
        if asked.target.startswith("/.well-known/"):
            return Says(200, {**DOCUMENT, "endpoints": {"usage": "/usage"}})
        return Says(200, {"windows": []})

    async with small_server(answer) as server:
        gateway = HttpGateway(server.url, http, clock=FakeClock())
        assert isinstance(await gateway.discover(), GatewayInfo)
        await gateway.usage(replace(grant(), proof_key=key, proven=proven))
        asked = server.asked[-1]
    if proven:
        assert asked.headers["authorization"] == "DPoP access-1"
        _, claims = read(asked.headers["dpop"])
        assert (claims["htm"], claims["htu"]) == ("GET", f"{server.url}/usage")
        assert "ath" in claims
    else:
        assert asked.headers["authorization"] == "Bearer access-1"
        assert "dpop" not in asked.headers


def test_discovery_says_whether_the_gateway_takes_bound_tokens() -> None:
    for auth, taken in (({"dpop": True}, True), ({"dpop": "yes"}, False), ({}, False)):
        info = from_document({**DOCUMENT, "auth": auth}, "https://g.example", NOW, False).info
        assert (info.dpop, OidcSettings.of_gateway(info).dpop) == (taken, taken)
    exchanged = {"dpop": True, "kind": "exchange", "exchange_url": "/exchange"}
    info = from_document({**DOCUMENT, "auth": exchanged}, "https://g.example", NOW, False).info
    assert OidcSettings.of_gateway(info).dpop, "the exchange takes proofs where its gateway does"
    assert (info.auth_kind, info.exchange_url) == ("exchange", "https://g.example/exchange")


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://g.example/exchange", "https://g.example/exchange"),
        ("https://login.example/token", "https://login.example/token"),
        ("https://evil.example/token", ""),
        ("http://g.example/exchange", ""),
        (7, ""),
    ],
)
def test_the_sign_ins_token_is_exchanged_at_the_gateway_or_its_issuer_only(
    url: Any, kept: str
) -> None:
    auth = {"kind": "exchange", "issuer": "https://login.example", "exchange_url": url}
    info = from_document({**DOCUMENT, "auth": auth}, "https://g.example", NOW, False).info
    assert info.exchange_url == kept
