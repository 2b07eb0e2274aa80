"""Checks who wrote a policy document, where the organisation wants it signed (Ed25519, RFC 8032)."""

from __future__ import annotations

import base64
import binascii

HEADER = "x-sidelight-signature"
"""Base64 of the signature over the answer's bytes."""


def signed_by(public_key: str, body: bytes, signature: str) -> bool:
    """Whether the owner of `public_key`, 32 bytes in base64, signed `body`.

    A key or signature that is none signs nothing.
    """
    # Imported when the first document comes: nobody who has no key waits for it.
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key, validate=True))
        key.verify(base64.b64decode(signature, validate=True), body)
    except (InvalidSignature, ValueError, binascii.Error):
        return False
    return True
