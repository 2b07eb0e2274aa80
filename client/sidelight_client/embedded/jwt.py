"""Signed tokens of the embedded issuer: JWT (RFC 7519) with Ed25519 signatures (RFC 8037)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

MAX_TOKEN_CHARS = 8_192


class TokenProblem(StrEnum):
    """Why a token is not accepted."""

    EXPIRED = "expired"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says."""

    subject: str
    account: str
    scope: str
    serial: int
    expires_at: float


class Signer:
    """A signing key that lives as long as this object, so that tokens die with the process."""

    def __init__(self) -> None:
        self._private = Ed25519PrivateKey.generate()
        self._public = self._private.public_key()
        raw = _b64(self._public.public_bytes_raw())
        # The JWK thumbprint (RFC 7638, RFC 8037 appendix A.3) is the key's id.
        canonical = f'{{"crv":"Ed25519","kty":"OKP","x":"{raw}"}}'
        self._key_id = _b64(hashlib.sha256(canonical.encode()).digest())
        self._jwk = {
            "kty": "OKP",
            "crv": "Ed25519",
            "x": raw,
            "kid": self._key_id,
            "use": "sig",
            "alg": "EdDSA",
        }

    def jwks(self) -> dict[str, Any]:
        """The public key as a JWK set (RFC 7517 §5)."""
        return {"keys": [dict(self._jwk)]}

    def sign(self, claims: Mapping[str, Any], kind: str = "JWT") -> str:
        """The token for `claims`; `kind` is its `typ` (`at+jwt` for access tokens, RFC 9068)."""
        header = {"alg": "EdDSA", "typ": kind, "kid": self._key_id}
        signed = f"{_segment(header)}.{_segment(claims)}"
        return f"{signed}.{_b64(self._private.sign(signed.encode()))}"

    def verify(
        self, token: str, *, issuer: str, audience: str, now: float
    ) -> Claims | TokenProblem:
        """The claims, if the signature, `iss`, `aud` and `exp` hold; leeway is none: one clock."""
        claims = self._signed_claims(token)
        if claims is None or claims.get("iss") != issuer or claims.get("aud") != audience:
            return TokenProblem.INVALID
        expires = claims.get("exp")
        if not isinstance(expires, (int, float)):
            return TokenProblem.INVALID
        if now >= expires:
            return TokenProblem.EXPIRED
        serial = claims.get("serial")
        return Claims(
            subject=str(claims.get("sub", "")),
            account=str(claims.get("preferred_username", "")),
            scope=str(claims.get("scope", "")),
            serial=serial if isinstance(serial, int) else 0,
            expires_at=float(expires),
        )

    def _signed_claims(self, token: str) -> dict[str, Any] | None:
        """The claims if we signed exactly this text; the algorithm is ours, never the header's."""
        signed, _, signature = token.rpartition(".")
        header, _, payload = signed.partition(".")
        if len(token) > MAX_TOKEN_CHARS or not payload or not token.isascii():
            return None
        try:
            self._public.verify(_unb64(signature), signed.encode())
            said, claims = json.loads(_unb64(header)), json.loads(_unb64(payload))
        except (InvalidSignature, ValueError, binascii.Error):
            return None
        if said != {"alg": "EdDSA", "typ": said.get("typ"), "kid": self._key_id}:
            return None
        return cast("dict[str, Any]", claims) if isinstance(claims, dict) else None


def _segment(value: Mapping[str, Any]) -> str:
    return _b64(json.dumps(value, separators=(",", ":")).encode())


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unb64(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
