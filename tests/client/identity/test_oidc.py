"""Signing in, renewing and revoking against a real provider on loopback, faults included."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from sidelight_client.adapters.http import HttpClient
from sidelight_client.adapters.oidc import OidcProvider, OidcSettings
from sidelight_client.adapters.oidc_device import ask_device_code, read_pending
from sidelight_client.adapters.oidc_metadata import MetadataError, is_private, read_metadata
from sidelight_client.domain.identity.grant import Grant
from sidelight_client.domain.identity.secret import Secret
from sidelight_client.domain.identity.session_events import RenewalFailure
from sidelight_client.ports import GatewayInfo, RenewalRefused, SignInFailed, SignInPrompt
from sidelight_client.testing.fakes import FakeClock
from support.secrets_watch import Secrets
from support.strict_idp import StrictIdp, browse, running_idp

pytestmark = pytest.mark.anyio


class Person:
    """Opens what they are shown, as soon as they are shown it."""

    def __init__(self) -> None:
        self.prompts: list[SignInPrompt] = []
        self.pages: list[asyncio.Future[bytes]] = []

    def __call__(self, prompt: SignInPrompt) -> None:
        self.prompts.append(prompt)
        if not prompt.user_code:
            self.pages.append(asyncio.ensure_future(browse(prompt.url)))


@pytest.fixture
async def idp(secrets_watch: Secrets) -> AsyncGenerator[StrictIdp]:
    idp = StrictIdp()
    secrets_watch.watch(idp.issued)
    async with running_idp(idp):
        yield idp


@pytest.fixture
async def http() -> AsyncGenerator[HttpClient]:
    client = HttpClient(connect_s=1, silence_s=1)
    yield client
    await client.close()


def provider_for(
    idp: StrictIdp, http: HttpClient, cache: Path | None = None, **settings: Any
) -> OidcProvider:
    return OidcProvider(OidcSettings(idp.url, **settings), http, FakeClock(), cache)


def kept_document(folder: Path) -> Path:
    return next(folder.glob("discovery-*.json"))


async def on_the_wire(idp: StrictIdp) -> None:
    """Wait until a token request is being worked on."""
    async with asyncio.timeout(5):
        await idp.working.wait()


async def signed_in(provider: OidcProvider) -> Grant:
    person = Person()
    answer = await provider.sign_in(person)
    await asyncio.gather(*person.pages)
    assert isinstance(answer, Grant)
    return answer


async def test_a_sign_in_in_the_browser_brings_a_grant(idp: StrictIdp, http: HttpClient) -> None:
    person = Person()
    provider = provider_for(
        idp,
        http,
        audience="https://gateway.example",
        extra_authorize={"domain_hint": "example.com"},
    )
    grant = await provider.sign_in(person)
    assert b"You can close this tab" in await person.pages[0]
    assert isinstance(grant, Grant)
    assert grant.account == "ada@example.com"
    assert grant.issuer == idp.url
    assert grant.expires_at - grant.received_at == 28_800
    assert grant.refresh_token is not None
    assert grant.scopes == ("openid", "profile", "offline_access")
    (asked,) = idp.authorizations
    assert asked["response_type"] == "code"
    assert asked["prompt"] == "consent"
    assert asked["code_challenge_method"] == "S256"
    assert asked["audience"] == asked["resource"] == "https://gateway.example"
    assert asked["domain_hint"] == "example.com"
    assert asked["redirect_uri"].startswith("http://127.0.0.1:")
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    verifier = idp.token_requests[0]["code_verifier"]
    assert 43 <= len(verifier) <= 128


async def test_consent_is_not_asked_for_without_offline_access(
    idp: StrictIdp, http: HttpClient
) -> None:
    await signed_in(provider_for(idp, http, scopes=("openid",)))
    assert "prompt" not in idp.authorizations[0]


async def test_an_id_token_of_another_sign_in_is_refused(idp: StrictIdp, http: HttpClient) -> None:
    idp.nonce_override = "of-another-sign-in"
    person = Person()
    answer = await provider_for(idp, http).sign_in(person)
    await asyncio.gather(*person.pages)
    assert answer == SignInFailed("id_token_mismatch")


async def test_an_answer_of_another_provider_is_refused(idp: StrictIdp, http: HttpClient) -> None:
    provider = provider_for(idp, http)

    def mixed_up(prompt: SignInPrompt) -> None:
        asked = dict(parse_qsl(urlsplit(prompt.url).query))
        url = f"{asked['redirect_uri']}?code=x&state={asked['state']}&iss=https://evil.example"
        person.pages.append(asyncio.ensure_future(browse(url)))

    person = Person()
    assert await provider.sign_in(mixed_up) == SignInFailed("issuer_mismatch")
    await asyncio.gather(*person.pages)
    assert idp.token_requests == []


async def test_a_person_who_never_comes_back_ends_the_sign_in(
    idp: StrictIdp, http: HttpClient
) -> None:
    clock = FakeClock()
    provider = OidcProvider(OidcSettings(idp.url), http, clock)
    shown = asyncio.Event()
    signing_in = asyncio.ensure_future(provider.sign_in(lambda _prompt: shown.set()))
    await shown.wait()
    await clock.advance(599)
    assert not signing_in.done()
    await clock.advance(2)
    assert await asyncio.wait_for(signing_in, 5) == SignInFailed("sign_in_timed_out")


async def test_a_sign_in_without_the_network_says_so(http: HttpClient) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    provider = OidcProvider(OidcSettings(f"http://127.0.0.1:{port}"), http, FakeClock())
    answer = await provider.sign_in(Person())
    assert answer == SignInFailed("network.refused")


# --- device code ---------------------------------------------------------------------------------


async def eventually_done(clock: FakeClock, task: asyncio.Future[Any], step_s: int = 1) -> Any:
    """Let virtual seconds pass while real requests are answered."""
    for _ in range(2000 // step_s):
        if task.done():
            break
        await clock.advance(step_s)
        await asyncio.sleep(0.005)
    return await asyncio.wait_for(task, 5)


async def test_a_device_code_is_polled_no_faster_than_the_provider_likes(
    idp: StrictIdp, http: HttpClient
) -> None:
    clock = FakeClock()
    began_at = clock.now()
    provider = OidcProvider(OidcSettings(idp.url), http, clock)
    idp.device_answers.extend(["authorization_pending", "slow_down", "authorization_pending"])
    prompts: list[SignInPrompt] = []
    signing_in = asyncio.ensure_future(provider.sign_in_with_device(prompts.append))
    grant = await eventually_done(clock, signing_in)
    assert isinstance(grant, Grant)
    assert [(p.url, p.user_code) for p in prompts] == [(f"{idp.url}/activate", "WDJB-MJHT")]
    assert prompts[0].expires_at is not None
    # 5, 5, then 10 and 10 after slow_down (RFC 8628 §3.5).
    assert clock.now() - began_at >= 30
    assert len(idp.token_requests) == 4


@pytest.mark.parametrize("word", ["access_denied", "expired_token", "invalid_grant"])
async def test_a_device_code_that_is_refused_ends_with_the_providers_word(
    word: str, idp: StrictIdp, http: HttpClient
) -> None:
    clock = FakeClock()
    provider = OidcProvider(OidcSettings(idp.url), http, clock)
    idp.device_answers.append(word)
    signing_in = asyncio.ensure_future(provider.sign_in_with_device(lambda _prompt: None))
    assert await eventually_done(clock, signing_in) == SignInFailed(word)


async def test_troubles_of_the_network_only_slow_a_device_code_down(
    idp: StrictIdp, http: HttpClient
) -> None:
    clock = FakeClock()
    provider = OidcProvider(OidcSettings(idp.url), http, clock)
    idp.faults.extend(["503", "reset-before", "502-html"])
    signing_in = asyncio.ensure_future(provider.sign_in_with_device(lambda _prompt: None))
    assert isinstance(await eventually_done(clock, signing_in), Grant)


async def test_a_device_code_nobody_types_ends(idp: StrictIdp, http: HttpClient) -> None:
    clock = FakeClock()
    provider = OidcProvider(OidcSettings(idp.url), http, clock)
    idp.device_answers.extend(["slow_down"] * 100)
    signing_in = asyncio.ensure_future(provider.sign_in_with_device(lambda _prompt: None))
    assert await eventually_done(clock, signing_in, 20) == SignInFailed("expired_token")


@pytest.mark.parametrize(
    "change",
    [
        {"verification_uri": "file:///etc/passwd"},
        {"verification_uri": "http://evil.example/"},
        {"verification_uri": "javascript:alert(1)"},
        {"user_code": ""},
        {"user_code": "A\nB"},
        {"user_code": "x" * 65},
        {"device_code": 7},
    ],
)
def test_a_device_answer_that_should_not_be_opened_is_refused(change: dict[str, Any]) -> None:
    from sidelight_client.adapters.http import HttpAnswer

    fields = {
        "device_code": "d",
        "user_code": "ABCD",
        "verification_uri": "https://idp.example/activate",
        "expires_in": 10**9,
        "interval": 0,
    }
    good = ask_device_code(HttpAnswer(200, {}, json.dumps(fields).encode()), 0.0)
    assert not isinstance(good, SignInFailed)
    assert (good.ends_at, good.interval_s) == (1800.0, 5.0)
    bad = ask_device_code(HttpAnswer(200, {}, json.dumps({**fields, **change}).encode()), 0.0)
    assert bad == SignInFailed("device_answer_unreadable")
    assert read_pending(HttpAnswer(400, {}, b"<html>"), 5.0) == SignInFailed("http.400")


# --- renewal -------------------------------------------------------------------------------------


async def test_a_renewal_rotates_the_refresh_token(idp: StrictIdp, http: HttpClient) -> None:
    provider = provider_for(idp, http)
    first = await signed_in(provider)
    second = await provider.renew(first)
    assert isinstance(second, Grant)
    assert second.access_token != first.access_token
    assert second.refresh_token != first.refresh_token
    assert second.account == first.account
    assert idp.renewals == 1


async def test_a_response_without_a_refresh_token_keeps_the_old_one(
    idp: StrictIdp, http: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = provider_for(idp, http)
    first = await signed_in(provider)
    plain = idp._tokens

    def without(*args: Any) -> dict[str, Any]:
        return {k: v for k, v in plain(*args).items() if k in ("access_token", "expires_in")}

    monkeypatch.setattr(idp, "_tokens", without)
    second = await provider.renew(first)
    assert isinstance(second, Grant)
    assert second.access_token != first.access_token
    assert second.refresh_token == first.refresh_token
    assert second.scopes == first.scopes


FAULTS = {
    "503": (RenewalFailure.NOT_PROCESSED, "http.503", 2.0),
    "429": (RenewalFailure.NOT_PROCESSED, "http.429", 2.0),
    "500": (RenewalFailure.AMBIGUOUS, "http.500", 2.0),
    "502-html": (RenewalFailure.AMBIGUOUS, "http.502", None),
    "html": (RenewalFailure.NOT_PROCESSED, "http.not_json", None),
    "redirect": (RenewalFailure.NOT_PROCESSED, "http.302", None),
    "json-nothing": (RenewalFailure.AMBIGUOUS, "http.no_token", None),
    "invalid_client": (RenewalFailure.NOT_PROCESSED, "invalid_client", None),
    "interaction_required": (RenewalFailure.REJECTED, "interaction_required", None),
    "reset-before": (RenewalFailure.AMBIGUOUS, "network.reset", None),
    "reset-after": (RenewalFailure.AMBIGUOUS, "network.reset", None),
    "hang": (RenewalFailure.AMBIGUOUS, "network.timeout", None),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_each_fault_on_the_wire_is_told_for_what_it_is(
    fault: str, idp: StrictIdp, http: HttpClient
) -> None:
    provider = provider_for(idp, http)
    grant = await signed_in(provider)
    idp.faults.append(fault)
    assert await provider.renew(grant) == RenewalRefused(*FAULTS[fault])


async def test_nobody_listening_and_nobody_answering_are_not_processed(
    idp: StrictIdp, http: HttpClient, tmp_path: Path
) -> None:
    grant = await signed_in(provider_for(idp, http, tmp_path))
    document = kept_document(tmp_path)
    kept = json.loads(document.read_bytes())
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        for host, reason in (
            (f"http://127.0.0.1:{port}", "network.refused"),
            ("https://nowhere.invalid", "network.dns"),
        ):
            kept["document"]["token_endpoint"] = f"{host}/token"
            document.write_bytes(json.dumps(kept).encode())
            refused = await provider_for(idp, http, tmp_path).renew(grant)
            assert isinstance(refused, RenewalRefused)
            assert refused.failure is RenewalFailure.NOT_PROCESSED
            assert refused.reason in (reason, "network.unreachable")


async def test_a_tls_handshake_that_fails_or_hangs_is_before_the_request(
    idp: StrictIdp, http: HttpClient, tmp_path: Path
) -> None:
    grant = await signed_in(provider_for(idp, http, tmp_path))
    document = kept_document(tmp_path)
    kept = json.loads(document.read_bytes())

    async def no_tls(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(no_tls, "127.0.0.1", 0)
    wrong = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    # The provider's own port waits for a request line that TLS never sends.
    silent = idp.url.removeprefix("http://")
    for host, reason in ((wrong, "network.tls"), (silent, "network.timeout")):
        kept["document"]["token_endpoint"] = f"https://{host}/token"
        document.write_bytes(json.dumps(kept).encode())
        refused = await provider_for(idp, http, tmp_path).renew(grant)
        assert refused == RenewalRefused(RenewalFailure.NOT_PROCESSED, reason)
    server.close()
    await server.wait_closed()


async def test_a_refresh_token_never_goes_to_another_provider(
    idp: StrictIdp, http: HttpClient
) -> None:
    provider = provider_for(idp, http)
    grant = await signed_in(provider)
    foreign = Grant(
        grant.access_token,
        Secret("refresh-of-another"),
        grant.received_at,
        grant.expires_at,
        "",
        1,
        "https://another.example",
    )
    asked = len(idp.token_requests)
    refused = await provider.renew(foreign)
    await provider.revoke(foreign)
    assert refused == RenewalRefused(RenewalFailure.NOT_PROCESSED, "issuer_mismatch")
    assert len(idp.token_requests) == asked


async def test_revoking_ends_the_family(idp: StrictIdp, http: HttpClient) -> None:
    provider = provider_for(idp, http)
    grant = await signed_in(provider)
    await provider.revoke(grant)
    refused = await provider.renew(grant)
    assert refused == RenewalRefused(RenewalFailure.REJECTED, "invalid_grant")


async def test_a_wake_gives_an_exchange_on_the_wire_a_moment_and_no_more(
    idp: StrictIdp, http: HttpClient
) -> None:
    clock = FakeClock()
    provider = OidcProvider(OidcSettings(idp.url), http, clock)
    grant = await signed_in(provider)
    # An answer that is just arriving is taken.
    idp.faults.append("slow")
    renewing = asyncio.ensure_future(provider.renew(grant))
    await on_the_wire(idp)
    await provider.drop_pool()
    renewed = await renewing
    assert isinstance(renewed, Grant)
    # A dead one is cut, and said to be ambiguous.
    idp.faults.append("hang")
    renewing = asyncio.ensure_future(provider.renew(renewed))
    await on_the_wire(idp)
    dropping = asyncio.ensure_future(provider.drop_pool())
    await clock.advance(1.6)
    await asyncio.wait_for(dropping, 1)
    refused = await asyncio.wait_for(renewing, 0.9)
    assert isinstance(refused, RenewalRefused)
    assert refused.failure is RenewalFailure.AMBIGUOUS


# --- discovery -----------------------------------------------------------------------------------


async def test_discovery_is_kept_on_disk_for_a_day(
    idp: StrictIdp, http: HttpClient, tmp_path: Path
) -> None:
    grant = await signed_in(provider_for(idp, http, tmp_path))
    assert idp.discoveries == 1
    clock = FakeClock()
    provider = OidcProvider(OidcSettings(idp.url), http, clock, tmp_path)
    renewed = await provider.renew(grant)
    assert isinstance(renewed, Grant)
    assert idp.discoveries == 1
    await clock.close_lid(25 * 3600)
    assert isinstance(await provider.renew(renewed), Grant)
    assert idp.discoveries == 2


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>", b"[]", b"{}", b'{"fetched_at": "x", "document": {}}', b"x" * 300_000],
)
async def test_a_spoilt_discovery_on_disk_is_asked_for_again(
    content: bytes, idp: StrictIdp, http: HttpClient, tmp_path: Path
) -> None:
    await signed_in(provider_for(idp, http, tmp_path))
    kept_document(tmp_path).write_bytes(content)
    await signed_in(provider_for(idp, http, tmp_path))
    assert idp.discoveries == 2


async def test_a_kept_discovery_whose_endpoint_is_gone_is_forgotten(
    idp: StrictIdp, http: HttpClient, tmp_path: Path
) -> None:
    grant = await signed_in(provider_for(idp, http, tmp_path))
    document = kept_document(tmp_path)
    document.write_bytes(document.read_bytes().replace(b"/token", b"/moved"))
    provider = provider_for(idp, http, tmp_path)
    refused = await provider.renew(grant)
    assert isinstance(refused, RenewalRefused)
    assert refused.failure is RenewalFailure.NOT_PROCESSED
    assert isinstance(await provider.renew(grant), Grant)


GOOD = {
    "issuer": "https://idp.example",
    "authorization_endpoint": "https://idp.example/authorize",
    "token_endpoint": "https://idp.example/token",
}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"issuer": "https://evil.example"}, "issuer"),
        ({"issuer": None}, "issuer"),
        ({"token_endpoint": None}, "token_endpoint"),
        ({"token_endpoint": "http://idp.example/token"}, "token_endpoint"),
        ({"token_endpoint": "https://user:pw@idp.example/token"}, "token_endpoint"),
        ({"authorization_endpoint": ["x"]}, "authorization_endpoint"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "authorization_endpoint"),
        ({"revocation_endpoint": "http://idp.example/r"}, "revocation_endpoint"),
        ({"device_authorization_endpoint": 1}, "device_authorization_endpoint"),
    ],
)
def test_a_discovery_document_of_another_shape_is_refused(
    change: dict[str, Any], field: str
) -> None:
    assert read_metadata("https://idp.example/", GOOD).token_endpoint == GOOD["token_endpoint"]
    with pytest.raises(MetadataError, match=field):
        read_metadata("https://idp.example", {**GOOD, **change})


def test_a_portals_page_is_no_discovery_document() -> None:
    portals: tuple[Any, ...] = (None, [], "x", 1)
    for raw in portals:
        with pytest.raises(MetadataError):
            read_metadata("https://idp.example", raw)


def test_only_tls_and_this_machine_itself_are_private() -> None:
    assert is_private("https://idp.example/x")
    assert is_private("http://127.0.0.1:8000/x")
    assert is_private("http://localhost/x")
    assert is_private("http://sidelight.embedded/issuer")
    for url in ("http://idp.example", "ftp://x", "https://", "", "http://[", "http://a@127.0.0.1"):
        assert not is_private(url)


async def test_an_issuer_without_tls_is_never_asked(http: HttpClient) -> None:
    provider = OidcProvider(OidcSettings("http://idp.example"), http, FakeClock())
    answer = await provider.sign_in(Person())
    assert isinstance(answer, SignInFailed)
    assert answer.code == "discovery_unreadable"


def test_the_gateways_announcement_is_all_that_is_needed() -> None:
    info = GatewayInfo(
        "g", "https://g", "sidelight", issuer="https://idp.example", audience="gateway"
    )
    settings = OidcSettings.of_gateway(info)
    assert (settings.issuer, settings.client_id, settings.audience) == (
        "https://idp.example",
        "sidelight",
        "gateway",
    )
