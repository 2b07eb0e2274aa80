"""What the settings say of a gateway beside its address: a document in a file, and fixed headers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..domain.secret import Secret
from ..gateways.extra_headers import Lookup, extra_headers
from .gateway_document import DocumentProblem, read_gateway_document
from .keyring_vault import find_password

log = logging.getLogger("sidelight.gateway")

KEYRING_WAIT_S = 3.0
"""A keyring has been seen to hang for two minutes."""


class GatewayGiven:
    """Read off the loop; what cannot be used is logged once by name, and then as if not set."""

    def __init__(
        self,
        document: str,
        headers: tuple[str, ...],
        environment: Mapping[str, str],
        keyring: Lookup = find_password,
    ) -> None:
        """`document` is the setting `gateway_document`, `headers` are `gateway_headers`."""
        self._document = document
        self._written = headers
        self._environment = environment
        self._keyring = keyring
        self._headers: dict[str, Mapping[str, Secret]] = {}
        self._told: set[str] = set()

    async def document(self) -> Mapping[str, Any] | None:
        """The document as the file is now; None where none is set, or none can be used."""
        if not self._document:
            return None
        found = await asyncio.to_thread(read_gateway_document, Path(self._document))
        if isinstance(found, DocumentProblem):
            self._tell(f"the file in gateway_document cannot be used: {found.problem}")
            return None
        return found

    async def headers(self, profile: str) -> Mapping[str, Secret]:
        """The headers for a gateway of `profile`; secrets are looked up once."""
        if not self._written:
            return {}
        if profile not in self._headers:
            try:
                async with asyncio.timeout(KEYRING_WAIT_S):
                    found = await asyncio.to_thread(
                        extra_headers, self._written, profile, self._environment.get, self._keyring
                    )
            except TimeoutError:
                self._tell("the keyring does not say in time what gateway_headers refers to")
                return {}
            for problem in found.problems:
                self._tell(f"gateway_headers: {problem}")
            self._headers[profile] = found.headers
        return self._headers[profile]

    def _tell(self, problem: str) -> None:
        if problem not in self._told:
            self._told.add(problem)
            log.info("%s", problem)
