"""Entra ID's shape, served by the certified provider: the real msal under our lock and our rules."""

from __future__ import annotations

import datetime as dt
import importlib.util
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sidelight_client.adapters.entra import EntraProvider
from sidelight_client.adapters.file_vault import FileVault
from sidelight_client.adapters.http import HttpClient
from sidelight_client.adapters.oidc import OidcSettings
from sidelight_client.domain.identity.grant import Grant
from sidelight_client.domain.identity.session_events import RenewalFailure
from sidelight_client.keeper import SessionKeeper
from sidelight_client.ports import RenewalRefused, Slept
from support.secrets_watch import Secrets

from .laptop import HastyClock, LidClock, Person, until
from .provider_process import Provider, running_provider

pytestmark = [pytest.mark.anyio, pytest.mark.realparts]

TENANT = "8eaef023-2b34-4da1-9baa-8bc8c9d6a490"
A_NIGHT_S = 14 * 3600.0
NOT_PROCESSED = RenewalFailure.NOT_PROCESSED
AMBIGUOUS = RenewalFailure.AMBIGUOUS


def own_authority(folder: Path) -> tuple[Path, Path]:
    """A certificate for localhost that is its own authority, and its key: msal speaks https only."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = folder / "tenant.crt", folder / "tenant.key"
    cert_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return cert_file, key_file


@pytest.fixture(scope="module")
def tenant_files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return own_authority(tmp_path_factory.mktemp("tenant"))


@pytest.fixture(scope="module")
def shared_tenant(
    node: None,
    real_part: Callable[[str, object, str], None],
    tenant_files: tuple[Path, Path],
) -> Iterator[Provider]:
    real_part("msal", importlib.util.find_spec("msal"), "install the extra `entra`")
    cert, key = map(str, tenant_files)
    with running_provider(mount=f"/{TENANT}/v2.0", cert=cert, key=key) as provider:
        yield provider


@pytest.fixture
def tenant(
    shared_tenant: Provider,
    tenant_files: tuple[Path, Path],
    secrets_watch: Secrets,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Provider]:
    monkeypatch.setenv("SSL_CERT_FILE", str(tenant_files[0]))
    shared_tenant.control(forget=True, grace=0, fault={"kind": "", "times": 0})
    yield shared_tenant
    secrets_watch.watch(shared_tenant.issued())


@pytest.fixture
async def http(tenant: Provider) -> AsyncGenerator[HttpClient]:
    client = HttpClient(connect_s=1, silence_s=1)
    yield client
    await client.close()


def entra(
    tenant: Provider, http: HttpClient, clock: LidClock, cache: Path | None = None
) -> EntraProvider:
    # A strict provider gives a refresh token only where it is consented to; Entra ID always does.
    settings = OidcSettings(tenant.issuer, extra_authorize={"prompt": "consent"})
    return EntraProvider(settings, http, clock, cache)


async def granted(tenant: Provider, http: HttpClient, *, device: bool = False) -> Grant:
    ours, person = entra(tenant, http, HastyClock() if device else LidClock()), Person()
    answer = await (ours.sign_in_with_device if device else ours.sign_in)(person)
    await person.pages()
    assert isinstance(answer, Grant), answer
    return answer


async def test_a_browser_signs_in_through_msal(tenant: Provider, http: HttpClient) -> None:
    grant = await granted(tenant, http)
    assert (grant.account, grant.issuer) == ("ada@example.com", tenant.issuer)
    assert grant.refresh_token is not None
    assert 28_000 < grant.expires_at - grant.received_at <= 28_800


async def test_a_device_code_signs_in_through_msal(tenant: Provider, http: HttpClient) -> None:
    before = tenant.counters()
    assert (await granted(tenant, http, device=True)).refresh_token is not None
    assert tenant.counters().since(before).devices == 1


async def test_a_renewal_keeps_what_the_provider_rotated(
    tenant: Provider, http: HttpClient
) -> None:
    first = await granted(tenant, http)
    ours = entra(tenant, http, LidClock())
    second = await ours.renew(first)
    assert isinstance(second, Grant)
    assert second.refresh_token != first.refresh_token
    third = await ours.renew_with_claims(second, '{"access_token":{"acrs":{"value":"c1"}}}')
    assert isinstance(third, Grant)
    assert await ours.renew(first) == RenewalRefused(RenewalFailure.REJECTED, "invalid_grant")


FAULTS = [
    ("503", NOT_PROCESSED, "http.503"),
    ("429", NOT_PROCESSED, "http.429"),
    ("500", AMBIGUOUS, "http.500"),
    ("captive", NOT_PROCESSED, "http.not_json"),
    ("redirect", NOT_PROCESSED, "http.302"),
    ("reset", AMBIGUOUS, "network.reset"),
    ("hang", AMBIGUOUS, "network.timeout"),
]


@pytest.mark.parametrize(("kind", "failure", "reason"), FAULTS)
async def test_a_fault_is_classified_as_for_any_provider_and_the_next_try_is_a_real_one(
    tenant: Provider, http: HttpClient, kind: str, failure: RenewalFailure, reason: str
) -> None:
    grant = await granted(tenant, http)
    ours = entra(tenant, http, LidClock())
    tenant.fault(kind)
    refused = await ours.renew(grant)
    assert isinstance(refused, RenewalRefused)
    assert (refused.failure, refused.reason) == (failure, reason)
    # msal alone would answer from its cache for a minute.
    assert isinstance(await ours.renew(grant), Grant)


async def test_only_the_grants_own_tenant_is_asked(tenant: Provider, http: HttpClient) -> None:
    grant = replace(await granted(tenant, http), issuer="https://login.microsoftonline.com/x/v2.0")
    refused = await entra(tenant, http, LidClock()).renew(grant)
    assert refused == RenewalRefused(NOT_PROCESSED, "issuer_mismatch")


async def test_a_start_without_a_network_refuses_nothing_for_good(
    tenant: Provider, http: HttpClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grant = await granted(tenant, http)
    renewed = await entra(tenant, http, LidClock(), tmp_path).renew(grant)
    assert isinstance(renewed, Grant)
    offline = HttpClient()
    with monkeypatch.context() as nobody_is_trusted:
        nobody_is_trusted.delenv("SSL_CERT_FILE")
        for cache in (tmp_path, None):
            refused = await entra(tenant, offline, LidClock(), cache).renew(renewed)
            assert refused == RenewalRefused(NOT_PROCESSED, "network.tls")
    await offline.close()


@asynccontextmanager
async def keeper_for(
    tenant: Provider, clock: LidClock, folder: Path
) -> AsyncIterator[SessionKeeper]:
    http = HttpClient()
    keeper = SessionKeeper(
        clock=clock, provider=entra(tenant, http, clock, folder), vault=FileVault(folder)
    )
    await keeper.start()
    yield keeper
    await keeper.stop()
    await http.close()


async def test_three_sessions_waking_together_ask_msal_once(
    tenant: Provider, tmp_path: Path
) -> None:
    clock = LidClock(tenant)
    async with keeper_for(tenant, clock, tmp_path) as first:
        person = Person()
        assert await first.sign_in(person) is None
        await person.pages()
        async with (
            keeper_for(tenant, clock, tmp_path) as second,
            keeper_for(tenant, clock, tmp_path) as third,
        ):
            awake = (first, second, third)
            before = tenant.counters()
            for _ in range(3):
                clock.close_lid(A_NIGHT_S)
                for keeper in awake:
                    keeper.power(Slept(A_NIGHT_S))
                await until(lambda: all(keeper.peek() is not None for keeper in awake))
            after = tenant.counters().since(before)
    assert (after.renewals, after.revoked, after.errors) == (3, 0, 0)
