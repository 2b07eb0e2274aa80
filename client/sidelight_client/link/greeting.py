"""What both ends of the local socket say first: protocol, versions, the environment's fingerprints.

The shim imports this file, so it imports next to nothing.
"""

from __future__ import annotations

from .light_hash import sha256_hex

TYPE_CHECKING = False  # The checkers know the name; importing `typing` would cost the shim 5 ms.
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

PROTOCOL = 1
"""The major version of the wire; two ends that differ in it do not talk."""

FRAME_LIMIT = 1 << 20
"""The longest message on the local socket in bytes, its newline included."""

HELLO_WAIT_S = 10.0
"""How long either end waits for the other's hello: a cold broker imports for a while first."""

ENVIRONMENT_NAMES = (
    "ALL_PROXY",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "all_proxy",
    "http_proxy",
    "https_proxy",
    "no_proxy",
)
"""The variables that decide how the gateway is reached."""


def environment_fingerprints(environ: Mapping[str, str]) -> dict[str, str]:
    """A short hash of each proxy and certificate variable that is set.

    Architecture invariant: the values stay where they are, for a proxy's address may hold a password.
    """
    names = [name for name in ENVIRONMENT_NAMES if environ.get(name)]
    if not names:
        return {}
    return {
        name: sha256_hex(environ[name].encode("utf-8", "surrogateescape"))[:8] for name in names
    }


def environment_differences(ours: Mapping[str, str], theirs: Mapping[str, str]) -> tuple[str, ...]:
    """The names whose fingerprints differ, sorted."""
    return tuple(name for name in sorted({*ours, *theirs}) if ours.get(name) != theirs.get(name))


def hello(version: str, client: str, environ: Mapping[str, str]) -> dict[str, Any]:
    """The parameters of a client's first message."""
    return {
        "protocol": PROTOCOL,
        "version": version,
        "client": client,
        "environment": environment_fingerprints(environ),
    }


def is_newer(version: str, other: str) -> bool:
    """Whether the release `version` is later than `other`; builds of one release are equals."""
    return release(version) > release(other)


def release(version: str) -> tuple[int, ...]:
    """The leading numbers of a version: `1.10.2.dev3+g1a2b` is (1, 10, 2)."""
    numbers: list[int] = []
    for part in version.partition("+")[0].split("."):
        if not (part.isascii() and part.isdigit() and len(part) < 10):  # noqa: PLR2004 – a number, not a joke
            break
        numbers.append(int(part))
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
