"""When Entra ID is spoken to through msal, and what is asked of it; the rest needs the real parts."""

from __future__ import annotations

import asyncio
import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from sidelight_client.adapters import discovered_identity
from sidelight_client.adapters.discovered_identity import DiscoveredProvider
from sidelight_client.adapters.entra import MISSING, EntraProvider
from sidelight_client.adapters.entra_http import MsalHttp, NoTokenAnswerError
from sidelight_client.adapters.entra_request import (
    authority_of,
    is_entra,
    read_tenant,
    resource_scopes,
    with_capability,
)
from sidelight_client.adapters.http import HttpClient
from sidelight_client.adapters.oidc import OidcProvider, OidcSettings
from sidelight_client.adapters.oidc_metadata import Metadata, MetadataError
from sidelight_client.domain.identity.session_events import RenewalFailure
from sidelight_client.ports import GatewayInfo, RenewalRefused
from sidelight_client.setting_table import SETTINGS
from sidelight_client.testing.fakes import FakeClock, grant

HOST = "https://login.microsoftonline.com"
TENANT = f"{HOST}/8eaef023-2b34-4da1-9baa-8bc8c9d6a490/v2.0"
NAMED = f"{HOST}/contoso.onmicrosoft.com/v2.0"


@pytest.mark.parametrize(
    ("issuer", "expected"),
    [
        (TENANT, True),
        ("https://login.microsoftonline.us/x/v2.0", True),
        ("https://login.microsoftonline.com.evil.example/x/v2.0", False),
        ("https://evil.example/login.microsoftonline.com/v2.0", False),
        ("https://login.example", False),
        ("https://[::1", False),
        ("", False),
    ],
)
def test_a_tenant_is_known_by_its_host_alone(issuer: str, expected: bool) -> None:
    assert is_entra(issuer) is expected


def document(**changes: Any) -> dict[str, Any]:
    return {
        "issuer": TENANT,
        "authorization_endpoint": f"{HOST}/authorize",
        "token_endpoint": f"{HOST}/token",
        **changes,
    }


def test_a_tenant_asked_for_by_name_states_its_id() -> None:
    assert read_tenant(NAMED, document()).issuer == NAMED
    templated = document(issuer=f"{HOST}/{{tenantid}}/v2.0")
    assert read_tenant(f"{HOST}/organizations/v2.0", templated).token_endpoint == f"{HOST}/token"


@pytest.mark.parametrize(
    "raw",
    [
        None,
        [],
        {},
        document(issuer="https://evil.example/v2.0"),
        document(issuer=7),
        document(token_endpoint="http://login.microsoftonline.com/token"),
    ],
)
def test_another_hosts_document_is_refused(raw: Any) -> None:
    with pytest.raises(MetadataError):
        read_tenant(TENANT, raw)


def test_the_gateways_scopes_are_asked_for_without_those_msal_adds_itself() -> None:
    plain = OidcSettings(TENANT)
    assert resource_scopes(plain) == []
    assert resource_scopes(OidcSettings(TENANT, audience="api://gateway")) == [
        "api://gateway/.default"
    ]
    named = OidcSettings(
        TENANT, scopes=("openid", "api://gateway/Complete"), audience="api://gateway"
    )
    assert resource_scopes(named) == ["api://gateway/Complete"]
    assert authority_of(TENANT) == TENANT.removesuffix("/v2.0")


def test_the_capability_joins_the_claims_and_replaces_none() -> None:
    capability = {"xms_cc": {"values": ["CP1"]}}
    assert json.loads(with_capability("")) == {"access_token": capability}
    claims = {"access_token": {"acrs": {"value": "c1"}}, "id_token": {"x": None}}
    assert json.loads(with_capability(json.dumps(claims))) == {
        "access_token": {"acrs": {"value": "c1"}, **capability},
        "id_token": {"x": None},
    }


@pytest.mark.parametrize("claims", ['{"access_token": 5}', '{"access_token": null}'])
def test_claims_of_no_shape_are_replaced_by_the_capability(claims: str) -> None:
    assert json.loads(with_capability(claims)) == {"access_token": {"xms_cc": {"values": ["CP1"]}}}


# --- the choice ----------------------------------------------------------------------------------


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("kind", "issuer", "installed", "expected"),
    [
        ("auto", TENANT, True, EntraProvider),
        ("auto", TENANT, False, OidcProvider),
        ("auto", "https://login.example", True, OidcProvider),
        ("oidc", TENANT, True, OidcProvider),
        ("entra", "https://login.example/x/v2.0", False, EntraProvider),
    ],
)
async def test_entra_is_chosen_by_its_address_or_by_setting(
    monkeypatch: pytest.MonkeyPatch, kind: str, issuer: str, installed: bool, expected: type
) -> None:
    monkeypatch.setattr(discovered_identity, "msal_is_installed", lambda: installed)

    async def discover() -> GatewayInfo:
        return GatewayInfo("", "https://gateway.example", "sidelight", issuer=issuer)

    provider = DiscoveredProvider(discover, HttpClient(), FakeClock(), None, kind=kind)
    assert type(await provider._provider()) is expected
    assert kind in SETTINGS["auth.provider"].choices


@pytest.mark.anyio
async def test_without_the_extra_a_sign_in_says_what_to_install_and_no_session_ends(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    provider = EntraProvider(OidcSettings(TENANT), HttpClient(), FakeClock(), tmp_path)

    async def known() -> Metadata:
        return read_tenant(TENANT, document(device_authorization_endpoint=f"{HOST}/device"))

    monkeypatch.setattr(provider._metadata, "get", known)
    assert await provider.sign_in(lambda _: None) == MISSING
    assert await provider.sign_in_with_device(lambda _: None) == MISSING
    refused = await provider.renew(grant())
    assert refused == RenewalRefused(RenewalFailure.NOT_PROCESSED, "issuer_mismatch")


@pytest.mark.anyio
async def test_msal_may_read_the_document_that_is_known_and_nothing_else() -> None:
    metadata = read_tenant(TENANT, document())
    http = MsalHttp(HttpClient(), asyncio.get_running_loop(), metadata, set())
    read = http.get(f"{HOST}/x/v2.0/.well-known/openid-configuration", timeout=3)
    assert json.loads(read.text)["token_endpoint"] == f"{HOST}/token"
    with pytest.raises(NoTokenAnswerError):
        http.get(f"{HOST}/common/userrealm/ada?api-version=1.0")
    assert http.last is None
