"""What a gateway's 401 challenges for: claims that the next token must carry."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..domain.failure import Failure, FailureKind
from .profile import Reply

_UNAUTHORIZED = 401
_LONGEST_CLAIMS = 6_000
_BEARER = re.compile(r"(?:^|,)\s*bearer\s", re.IGNORECASE)
_DPOP = re.compile(r"(?:^|,)\s*dpop\s", re.IGNORECASE)
_NONCE = re.compile(r'[\s,]error="?use_dpop_nonce\b')
_CLAIMS = re.compile(rf'[\s,]claims="([A-Za-z0-9+/_=-]{{4,{_LONGEST_CLAIMS}}})"')


def challenged_claims(reply: Reply) -> str:
    """The claims of a Bearer challenge as compact JSON; empty where there are none.

    Microsoft's gateways write them in base64 beside `error="insufficient_claims"`
    (https://learn.microsoft.com/entra/identity-platform/claims-challenge).
    """
    header = reply.headers.get("www-authenticate", "")
    found = _CLAIMS.search(header)
    if reply.status != _UNAUTHORIZED or found is None or not _BEARER.search(header):
        return ""
    plain = found[1].replace("-", "+").replace("_", "/").rstrip("=")
    try:
        claims: Any = json.loads(base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True))
        compact = json.dumps(claims, separators=(",", ":"), sort_keys=True)
    except (ValueError, RecursionError):
        return ""
    return compact if isinstance(claims, dict) else ""


def challenged_for_nonce(status: int | None, headers: Mapping[str, str]) -> bool:
    """Whether the gateway wants a proof with its nonce (RFC 9449 §9); header names in lower case."""
    header = headers.get("www-authenticate", "")
    return status == _UNAUTHORIZED and bool(_DPOP.search(header) and _NONCE.search(header))


def with_challenge(failure: Failure, reply: Reply) -> Failure:
    """`failure`, or what a challenge makes of it: a token that must be renewed, with claims."""
    if challenged_for_nonce(reply.status, reply.headers):
        # It never came to look at the token; another one would be told the same.
        return replace(failure, kind=FailureKind.UPSTREAM_DOWN)
    claims = challenged_claims(reply)
    if not claims:
        return failure
    facts = {**failure.facts, "claims": claims}
    return replace(failure, kind=FailureKind.AUTH_EXPIRED, facts=facts)
