"""Proofs that whoever uses a token holds the key it was issued to (DPoP, RFC 9449).

A stolen or replayed refresh token is then worth nothing, so that providers need not rotate it: a
response lost to a closing lid no longer costs the session.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from ..domain.identity.secret import Secret
from ..gateways.challenge import challenged_for_nonce
from ..gateways.discovery import origin

ALGORITHM = "ES256"
"""ECDSA on P-256 with SHA-256 (RFC 7518 §3.4), which every provider with DPoP offers."""
_NUMBER_BYTES = 32
_NONCE_MAX = 1024
_NONCE_ERROR = "use_dpop_nonce"
_SERVERS_MAX = 16


def new_key() -> Secret:
    """A private key for one sign-in, as text: the number P-256 keys consist of."""
    number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    return Secret(_b64(number.to_bytes(_NUMBER_BYTES, "big")))


def proof(
    key: Secret,
    method: str,
    url: str,
    now: float,
    *,
    nonce: str = "",
    access_token: Secret | None = None,
) -> Secret:
    """The proof for one request (RFC 9449 §4.2).

    Args:
        key: from `new_key`.
        method: the request's.
        url: the request's; its query does not count.
        now: wall-clock seconds.
        nonce: what the server asked to see in it (§8).
        access_token: the token that is presented with the proof (§7).
    """
    private = ec.derive_private_key(int.from_bytes(_unb64(key.reveal()), "big"), ec.SECP256R1())
    public = private.public_key().public_numbers()
    header = {
        "typ": "dpop+jwt",
        "alg": ALGORITHM,
        "jwk": {
            "kty": "EC",
            "crv": "P-256",
            "x": _b64(public.x.to_bytes(_NUMBER_BYTES, "big")),
            "y": _b64(public.y.to_bytes(_NUMBER_BYTES, "big")),
        },
    }
    claims: dict[str, Any] = {
        "jti": secrets.token_urlsafe(16),
        "htm": method,
        "htu": urlunsplit(urlsplit(url)._replace(query="", fragment="")),
        "iat": int(now),
    }
    if nonce:
        claims["nonce"] = nonce
    if access_token is not None:
        claims["ath"] = _b64(hashlib.sha256(access_token.reveal().encode()).digest())
    signed = f"{_b64(json.dumps(header).encode())}.{_b64(json.dumps(claims).encode())}"
    r, s = decode_dss_signature(private.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    signature = r.to_bytes(_NUMBER_BYTES, "big") + s.to_bytes(_NUMBER_BYTES, "big")
    return Secret(f"{signed}.{_b64(signature)}")


def nonce_in(value: str) -> str:
    """A `DPoP-Nonce` header's value; empty where it is none (§8.1)."""
    return value if 0 < len(value) <= _NONCE_MAX and value.isascii() and value.isprintable() else ""


class Nonces:
    """What servers want to see in proofs: the newest nonce of each (RFC 9449 §8 and §9)."""

    def __init__(self) -> None:
        self._newest: dict[str, str] = {}

    def proof(
        self, key: Secret, method: str, url: str, now: float, access_token: Secret | None = None
    ) -> Secret:
        """`proof` with the nonce the server of `url` named last, if it named one."""
        nonce = self._newest.get(origin(url), "")
        return proof(key, method, url, now, nonce=nonce, access_token=access_token)

    def wanted(self, url: str, status: int, headers: Mapping[str, str], error: str = "") -> bool:
        """Take note of an answer's nonce; whether the same request is to be sent again with it.

        A server that asks has read the proof and nothing else of the request.

        Args:
            url: whom the request was sent to.
            status: the answer's.
            headers: the answer's, their names in lower case.
            error: the `error` of its body, where it is a token endpoint.
        """
        given = nonce_in(headers.get("dpop-nonce", ""))
        if given and (origin(url) in self._newest or len(self._newest) < _SERVERS_MAX):
            self._newest[origin(url)] = given
        return bool(given) and (error == _NONCE_ERROR or challenged_for_nonce(status, headers))


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
