"""What the settings say of a gateway beside its address: a document in a file, and fixed headers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..domain.identity.secret import Secret
from ..gateways.extra_headers import Lookup, extra_headers
from .gateway_document import DocumentProblem, read_gateway_document
from .keyring_vault import find_password

log = logging.getLogger("sidelight.gateway")

KEYRING_WAIT_S = 3.0
"""A keyring has been seen to hang for two minutes."""


class GatewayGiven:
    """Read off the loop; what cannot be used is told by name, and then as if not set."""

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
        self._problems: dict[str, tuple[str, ...]] = {}
        self._tell: Callable[[str], object] = lambda _problems: None

    def on_problem(self, tell: Callable[[str], object]) -> None:
        """Call `tell` on the loop with what cannot be used whenever that changes; "" is nothing."""
        self._tell = tell

    async def document(self) -> Mapping[str, Any] | None:
        """The document as the file is now; None where none is set, or none can be used."""
        if not self._document:
            return None
        found = await asyncio.to_thread(read_gateway_document, Path(self._document))
        if isinstance(found, DocumentProblem):
            self._found("document", f"the file in gateway_document cannot be used: {found.problem}")
            return None
        self._found("document")
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
                self._found(
                    "headers", "the keyring does not say in time what gateway_headers refers to"
                )
                return {}
            self._found("headers", *(f"gateway_headers: {problem}" for problem in found.problems))
            self._headers[profile] = found.headers
        return self._headers[profile]

    def _found(self, what: str, *problems: str) -> None:
        if self._problems.get(what, ()) == problems:
            return
        self._problems[what] = problems
        for problem in problems:
            log.info("%s", problem)
        self._tell("; ".join(problem for each in self._problems.values() for problem in each))
