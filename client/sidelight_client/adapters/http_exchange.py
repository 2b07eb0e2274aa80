"""What an HTTP exchange is to the client above it, whether it goes straight or through a proxy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from .. import __version__
from ..domain.identity.secret import Secret
from .http_answer import Headers, HttpProblemKind

STANDARD_HEADERS = {
    "user-agent": f"sidelight/{__version__}",
    "accept": "*/*",
    # Without compression a small answer cannot unfold into a large one.
    "accept-encoding": "identity",
}
KEEP_ALIVE_S = 600.0
"""How long an idle connection is kept: a thinking pause must not cost TCP and TLS again."""
MAX_CONNECTIONS = 32
MAX_IDLE = 8


@dataclass(slots=True)
class Progress:
    """How far an exchange has come, for whoever must say what its failure means."""

    sent: bool = False
    """Whether a byte of the request itself may have reached the server; a CONNECT is not it."""


class HttpFailure(Exception):  # noqa: N818  It is one of several ways in which an exchange ends.
    """An exchange that brought no answer, or not all of it. Its text names the library's error."""

    def __init__(self, kind: HttpProblemKind, said: str) -> None:
        super().__init__(said)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class HttpAsked:
    """One request as it is to be sent."""

    method: str
    url: str
    headers: Headers
    body: bytes | None

    def revealed(self) -> dict[str, str]:
        """The headers as they go over the wire, the standard ones among them."""
        said = {
            name.lower(): value.reveal() if isinstance(value, Secret) else value
            for name, value in self.headers.items()
        }
        return {**STANDARD_HEADERS, **said}


class HttpExchange(Protocol):
    """A request that was sent, with an answer of which the head has come."""

    status: int
    header_count: int
    """How many header lines came; those of one name count each."""
    headers: Mapping[str, str]
    """Names in lower case; repeated ones are joined by a comma."""

    async def piece(self) -> bytes:
        """The next bytes of the body; empty at its end. Raises HttpFailure."""
        ...

    async def close(self) -> None:
        """Give the connection back, or close it where the answer was not read to its end."""
        ...


class HttpTransport(Protocol):
    """A pool of connections to wherever it is asked."""

    async def open(self, asked: HttpAsked, progress: Progress) -> HttpExchange:
        """Send `asked` and wait for the head of its answer; raises HttpFailure."""
        ...

    async def close(self) -> None:
        """Close every connection, those in use among them, in bounded time."""
        ...
