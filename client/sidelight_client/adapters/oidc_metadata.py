"""The provider's discovery document: fetched, checked for its shape, kept on disk for offline starts."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from ..ports import Clock
from .http import HttpAnswer, HttpClient, HttpProblem, is_loopback
from .seal import UnsealError, read_bounded, write_atomically

log = logging.getLogger("sidelight.identity")

FRESH_S = 24 * 3600.0
"""How long a kept document is used without asking; after that it is used when asking fails."""
MAX_BYTES = 64 * 1024
_OK = 200
_SOCKET_ORIGIN = "sidelight.embedded"
"""The name of the embedded gateway on its Unix socket: no network lies between."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """What is used of OpenID Provider Metadata (OpenID Connect Discovery 1.0 §3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    device_authorization_endpoint: str = ""
    revocation_endpoint: str = ""
    dpop_algorithms: tuple[str, ...] = ()
    """What proofs may be signed with; empty where tokens cannot be bound (RFC 9449 §5.1)."""
    iss_in_redirect: bool = False
    """The redirect carries `iss`, so that answers of two providers cannot be mixed (RFC 9207)."""


class MetadataError(Exception):
    """The document is not usable; the text names the field, never its value."""


def read_metadata(issuer: str, raw: Any) -> Metadata:
    """The metadata of `issuer`. Raises MetadataError for a captive portal's page and the like."""
    if not isinstance(raw, dict):
        raise MetadataError("not an object")
    fields = cast("Mapping[str, Any]", raw)
    # The value must be identical to the address asked (Discovery 1.0 §4.3); providers differ in
    # a trailing slash between their documentation and their document.
    stated = fields.get("issuer")
    if not isinstance(stated, str) or stated.rstrip("/") != issuer.rstrip("/"):
        raise MetadataError("issuer")
    return Metadata(
        issuer=stated,
        authorization_endpoint=_endpoint(fields, "authorization_endpoint", required=True),
        token_endpoint=_endpoint(fields, "token_endpoint", required=True),
        device_authorization_endpoint=_endpoint(fields, "device_authorization_endpoint"),
        revocation_endpoint=_endpoint(fields, "revocation_endpoint"),
        dpop_algorithms=_words(fields.get("dpop_signing_alg_values_supported")),
        iss_in_redirect=fields.get("authorization_response_iss_parameter_supported") is True,
    )


def _words(value: Any) -> tuple[str, ...]:
    items = cast("list[object]", value)[:20] if isinstance(value, list) else []
    return tuple(item for item in items if isinstance(item, str))


def _endpoint(fields: Mapping[str, Any], name: str, *, required: bool = False) -> str:
    value = fields.get(name)
    if value is None and not required:
        return ""
    if not isinstance(value, str) or not is_private(value):
        raise MetadataError(name)
    return value


def is_private(url: str) -> bool:
    """Whether what is sent to `url` can be read by its owner only: TLS, or this machine itself."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.username is not None or not host:
        return False
    local = is_loopback(host) or host == _SOCKET_ORIGIN
    return parts.scheme == "https" or (parts.scheme == "http" and local)


class MetadataSource:
    """The metadata of one issuer: from memory, from disk, from the network, in that order."""

    def __init__(
        self,
        issuer: str,
        http: HttpClient,
        clock: Clock,
        cache: Path | None,
        read: Callable[[str, Any], Metadata] = read_metadata,
    ) -> None:
        """`read` checks a document's shape, and raises MetadataError."""
        self._read = read
        self._issuer = issuer
        self._http = http
        self._clock = clock
        name = hashlib.sha256(issuer.encode()).hexdigest()[:16]
        self._file = cache / f"discovery-{name}.json" if cache is not None else None
        self._known: tuple[Metadata, float] | None = None

    async def get(self) -> Metadata | HttpProblem | HttpAnswer | MetadataError:
        """The metadata, or why there is none. What was kept is used when asking fails."""
        if self._known is None:
            self._known = await asyncio.to_thread(self._from_disk)
        if self._known is not None and self._clock.now() - self._known[1] < FRESH_S:
            return self._known[0]
        asked = await self._ask()
        if isinstance(asked, Metadata):
            return asked
        return self._known[0] if self._known is not None else asked

    async def forget(self) -> None:
        """Ask anew next time: an endpoint of the kept document does not exist."""
        self._known = None
        if self._file is not None:
            await asyncio.to_thread(self._file.unlink, missing_ok=True)

    async def _ask(self) -> Metadata | HttpProblem | HttpAnswer | MetadataError:
        if not is_private(self._issuer):
            return MetadataError("the issuer's address is not https")
        url = self._issuer.rstrip("/") + "/.well-known/openid-configuration"
        headers = {"Accept": "application/json", "Connection": "close"}
        answer = await self._http.request("GET", url, headers, max_bytes=MAX_BYTES)
        if not isinstance(answer, HttpAnswer) or answer.status != _OK:
            return answer
        try:
            raw = json.loads(answer.body)
            metadata = self._read(self._issuer, raw)
        except ValueError:
            return MetadataError("not JSON")
        except MetadataError as error:
            return error
        self._known = (metadata, self._clock.now())
        await asyncio.to_thread(self._to_disk, raw, self._known[1])
        return metadata

    def _from_disk(self) -> tuple[Metadata, float] | None:
        if self._file is None:
            return None
        try:
            data = read_bounded(self._file)
            if data is None or len(data) > MAX_BYTES:
                return None
            kept = json.loads(data)
            fetched_at = float(kept["fetched_at"])
            if fetched_at > self._clock.now():
                fetched_at = 0.0  # A clock was wrong: ask again, and keep this to fall back on.
            return self._read(self._issuer, kept["document"]), fetched_at
        except (OSError, UnsealError, ValueError, TypeError, KeyError, MetadataError) as error:
            log.info(
                "identity: the kept discovery document is not usable (%s)", type(error).__name__
            )
            return None

    def _to_disk(self, document: Any, fetched_at: float) -> None:
        if self._file is None:
            return
        data = json.dumps({"fetched_at": fetched_at, "document": document}).encode()
        if len(data) > MAX_BYTES:
            return
        try:
            write_atomically(self._file, data)
        except OSError as error:
            log.info("identity: the discovery document cannot be kept (%s)", error.strerror)
