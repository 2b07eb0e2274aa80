"""What one HTTP exchange came to: an answer, or the kind of problem that kept it away."""

from __future__ import annotations

import errno
import ipaddress
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

from ..domain.identity.secret import Secret

Headers = Mapping[str, str | Secret]
"""Request headers; a secret is revealed where it is written to the socket, and nowhere before."""


class HttpProblemKind(StrEnum):
    """Why there is no answer."""

    DNS = "dns"
    UNREACHABLE = "unreachable"
    """No route to the host: this machine's network is down."""
    REFUSED = "refused"
    """A host answered, and nothing listens there."""
    TLS = "tls"
    TIMEOUT = "timeout"
    PROXY = "proxy"
    """The proxy refused: it wants credentials (407) or would not open the tunnel."""
    RESET = "reset"
    TOO_LARGE = "too_large"
    PROTOCOL = "protocol"


@dataclass(frozen=True, slots=True)
class HttpProblem:
    """A request that brought no answer.

    `sent` tells whether the server may have processed it: False only when not one byte of the
    request had been written to it.
    """

    kind: HttpProblemKind
    sent: bool


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A whole answer. Header names are lower case; repeated ones are joined by a comma."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def is_loopback(host: str) -> bool:
    """Whether `host` names this machine itself, without asking DNS (RFC 6761 §6.3)."""
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def connect_problem(error: BaseException, step: str) -> HttpProblemKind:
    """What made a connection fail; the system's own error is kept as the cause.

    Args:
        error: the HTTP library's error.
        step: the last step it had begun, such as `start_tls`.
    """
    causes = list(_causes(error))
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return HttpProblemKind.DNS
    if "start_tls" in step or any(isinstance(cause, ssl.SSLError) for cause in causes):
        return HttpProblemKind.TLS
    refused = (ConnectionRefusedError, FileNotFoundError)
    # Where several addresses were tried, asyncio before 3.12 keeps only their errors' texts.
    number = f"[Errno {errno.ECONNREFUSED}]"
    if any(isinstance(cause, refused) or number in str(cause) for cause in causes):
        return HttpProblemKind.REFUSED
    return HttpProblemKind.UNREACHABLE


def _causes(error: BaseException, depth: int = 0) -> list[BaseException]:
    """`error` and what it came from; several addresses tried leave an exception group."""
    if depth > 8:  # noqa: PLR2004  deeper than any library nests, and it must end
        return []
    found = [error]
    inner: list[BaseException | None] = [error.__cause__, error.__context__]
    if isinstance(error, BaseExceptionGroup):
        inner += cast("BaseExceptionGroup[BaseException]", error).exceptions
    for cause in inner:
        if cause is not None:
            found += _causes(cause, depth + 1)
    return found
