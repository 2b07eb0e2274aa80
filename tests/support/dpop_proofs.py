"""Reads a DPoP proof (RFC 9449) as a server does: the signature first."""

from __future__ import annotations

import base64
import json
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature


def read(proof: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a proof whose signature was checked against the key it shows."""
    header, claims, signature = proof.split(".")
    jwk = _part(header)["jwk"]
    public = ec.EllipticCurvePublicNumbers(
        _number(jwk["x"]), _number(jwk["y"]), ec.SECP256R1()
    ).public_key()
    raw = base64.urlsafe_b64decode(signature + "==")
    assert len(raw) == 64
    r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
    signed = f"{header}.{claims}".encode()
    public.verify(encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))
    return _part(header), _part(claims)


def _part(text: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def _number(text: str) -> int:
    return int.from_bytes(base64.urlsafe_b64decode(text + "="), "big")
