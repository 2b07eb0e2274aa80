"""The authorization request: its address, the proofs that belong to it, and whether an answer is its own."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from ..domain.identity.secret import Secret
from ..ports import GatewayInfo
from .oidc_metadata import Metadata
from .oidc_tokens import jwt_claims


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """How Sidelight is registered with the provider.

    Attributes:
        issuer: the provider's address, without `/.well-known/…`.
        audience: whom the access token is for; also sent as `resource` (RFC 8707) when it is a URI.
        redirect_ports: for providers that compare the whole redirect address; else any port.
        dpop: whether tokens are bound to a key where the provider offers it (RFC 9449).
        extra_authorize: further parameters of the authorization request (`domain_hint`, `acr_values`).
    """

    issuer: str
    client_id: str = "sidelight"
    scopes: tuple[str, ...] = ("openid", "profile", "offline_access")
    audience: str = ""
    redirect_ports: tuple[int, ...] = ()
    redirect_path: str = "/callback"
    dpop: bool = False
    extra_authorize: Mapping[str, str] = field(default_factory=dict[str, str])

    @classmethod
    def of_gateway(cls, info: GatewayInfo) -> OidcSettings:
        """What the gateway's discovery announced."""
        return cls(info.issuer, info.client_id, info.scopes, info.audience, dpop=info.dpop)


@dataclass(frozen=True, slots=True)
class Proofs:
    """What ties an answer to the request it answers; made anew for each sign-in.

    Attributes:
        state: comes back with the redirect (RFC 6749 §10.12).
        nonce: comes back in the ID token (OpenID Connect Core §3.1.2.1).
        verifier: stays here until the code is exchanged (RFC 7636 §4.1).
    """

    state: Secret
    nonce: Secret
    verifier: Secret


def new_proofs() -> Proofs:
    """Three random strings of 64 characters, of the alphabet all three places allow."""
    return Proofs(*(Secret(secrets.token_urlsafe(48)) for _ in range(3)))


def authorize_url(
    settings: OidcSettings, metadata: Metadata, redirect_uri: str, proofs: Proofs
) -> str:
    """Where the person's browser is to go; the verifier is in it as its hash only."""
    challenge = hashlib.sha256(proofs.verifier.reveal().encode()).digest()
    parameters = {
        "response_type": "code",
        "client_id": settings.client_id,
        "redirect_uri": redirect_uri,
        "scope": " ".join(settings.scopes),
        "state": proofs.state.reveal(),
        "nonce": proofs.nonce.reveal(),
        "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
        **for_audience(settings),
    }
    if "offline_access" in settings.scopes:
        # Without it a strict provider gives no refresh token (OpenID Connect Core §11).
        parameters["prompt"] = "consent"
    parameters |= settings.extra_authorize
    endpoint = metadata.authorization_endpoint
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(parameters)}"


def for_audience(settings: OidcSettings) -> dict[str, str]:
    """The parameters that name whom the access token is for, in both dialects there are."""
    if not settings.audience:
        return {}
    with suppress(ValueError):
        if urlsplit(settings.audience).scheme:
            return {"audience": settings.audience, "resource": settings.audience}
    return {"audience": settings.audience}


def is_ours(id_token: Secret, settings: OidcSettings, metadata: Metadata, proofs: Proofs) -> bool:
    """OpenID Connect Core §3.1.3.7; TLS to the token endpoint stands in for the signature."""
    claims = jwt_claims(id_token.reveal())
    given, audience = claims.get("nonce"), claims.get("aud")
    return (
        claims.get("iss") == metadata.issuer
        and settings.client_id in (audience if isinstance(audience, list) else [audience])
        and isinstance(given, str)
        and hmac.compare_digest(given.encode(), proofs.nonce.reveal().encode())
    )


def account_of(id_token: Secret | None) -> str:
    """The person's name for display; empty where the provider tells none."""
    claims = jwt_claims(id_token.reveal()) if id_token is not None else {}
    names = (claims.get(name) for name in ("preferred_username", "email", "name", "sub"))
    return next((name[:200] for name in names if isinstance(name, str) and name), "")
