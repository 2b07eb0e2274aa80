"""What is Entra ID's own in a sign-in: its hosts, its scopes, its capability, its metadata. Pure."""

from __future__ import annotations

import importlib.util
import json
from contextlib import suppress
from typing import Any, cast
from urllib.parse import urlsplit

from .oidc_metadata import Metadata, MetadataError, read_metadata
from .oidc_request import OidcSettings

HOSTS = frozenset(
    ("login.microsoftonline.com", "login.microsoftonline.us", "login.partner.microsoftonline.cn")
)
"""The public cloud and the national ones
(https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud)."""

_RESERVED = frozenset(("openid", "profile", "offline_access"))
"""Scopes that msal adds itself and refuses to be given."""
CAPABILITY = "CP1"
"""Says that claims challenges are understood here, which Entra ID asks before it sends any."""


def is_entra(issuer: str) -> bool:
    """Whether `issuer` is a tenant of Entra ID."""
    with suppress(ValueError):
        return urlsplit(issuer).hostname in HOSTS
    return False


def authority_of(issuer: str) -> str:
    """The tenant as msal names it: the issuer without its version."""
    return issuer.rstrip("/").removesuffix("/v2.0")


def resource_scopes(settings: OidcSettings) -> list[str]:
    """The gateway's scopes; where none is named, whatever the gateway's registration offers."""
    named = [scope for scope in settings.scopes if scope not in _RESERVED]
    if named or not settings.audience:
        return named
    return [f"{settings.audience}/.default"]


def with_capability(claims: str) -> str:
    """`claims` with the client's capability in it, as Entra ID wants both in one parameter."""
    asked: dict[str, Any] = json.loads(claims) if claims else {}
    said = asked.get("access_token")
    token = cast("dict[str, Any]", said) if isinstance(said, dict) else {}
    return json.dumps({**asked, "access_token": {**token, "xms_cc": {"values": [CAPABILITY]}}})


def read_tenant(issuer: str, raw: Any) -> Metadata:
    """The metadata of a tenant, whose document states the tenant's id where `issuer` has its name.

    Raises MetadataError.
    """
    stated: Any = cast("dict[str, Any]", raw).get("issuer") if isinstance(raw, dict) else None
    if not isinstance(stated, str) or urlsplit(stated).netloc != urlsplit(issuer).netloc:
        raise MetadataError("issuer")
    return read_metadata(issuer, {**raw, "issuer": issuer})


def msal_is_installed() -> bool:
    """Whether the extra `entra` is installed; it is not imported for that."""
    return importlib.util.find_spec("msal") is not None
