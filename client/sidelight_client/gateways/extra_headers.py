"""Fixed headers an organisation's gateway wants with every request, and which may be set at all.

Only headers that choose a route or carry a key of the gateway's own can be set: never one that says
whose request it is, and none that could smuggle a repository, a path or a name to a vendor.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ..domain.identity.secret import Secret

MAX_HEADERS = 8
LONGEST_VALUE = 4_096

ALLOWED: Mapping[str, frozenset[str]] = {
    "portkey": frozenset(
        ("x-portkey-config", "x-portkey-provider", "x-portkey-virtual-key", "x-portkey-api-key")
    ),
    "litellm": frozenset(("x-litellm-api-key", "x-litellm-tags")),
    "cloudflare": frozenset(
        ("cf-aig-authorization", "cf-aig-request-timeout", "cf-aig-skip-cache", "cf-aig-cache-ttl")
    ),
    "azure_apim": frozenset(("ocp-apim-subscription-key",)),
    "kong": frozenset(("apikey",)),
    "bifrost": frozenset(("x-bf-vk",)),
    "openai": frozenset(("openai-organization", "openai-project", "helicone-auth")),
    "anthropic": frozenset(("anthropic-beta",)),
}
"""The headers that may be set, by profile; a profile that is not named takes none."""

_KEYS = frozenset(
    (
        *("x-portkey-virtual-key", "x-portkey-api-key", "x-litellm-api-key"),
        *("cf-aig-authorization", "ocp-apim-subscription-key", "apikey", "x-bf-vk"),
        "helicone-auth",
    )
)
_PLAIN = re.compile(r"[\w.,:@/ -]{1,200}", re.ASCII)
"""What a value that stands in a configuration may look like; a configuration with keys in it, such
as Portkey's inline JSON, is a secret and must be referred to."""
_ENVIRONMENT = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]{0,99})")
_KEYRING = re.compile(r"keyring:([\w.-]{1,100})", re.ASCII)

Lookup = Callable[[str], str | None]
"""A secret by its name; None where there is none."""


@dataclass(frozen=True, slots=True)
class ExtraHeaders:
    """What to send, and what was not taken and why. A problem never holds a value."""

    headers: Mapping[str, Secret] = field(default_factory=dict[str, Secret])
    problems: tuple[str, ...] = ()


def extra_headers(
    written: Sequence[str], profile: str, environment: Lookup, keyring: Lookup
) -> ExtraHeaders:
    """The headers `written` as `name=value`, where the value may be `env:NAME` or `keyring:NAME`.

    Args:
        written: the setting's words.
        profile: whose gateway it is; others' headers are refused.
        environment: an environment variable by its name.
        keyring: an entry of the system's keyring by its name.
    """
    headers: dict[str, Secret] = {}
    problems: list[str] = []
    for line in written[:MAX_HEADERS]:
        name, _, value = (part.strip() for part in line.partition("="))
        taken = _value(name.lower(), value, profile, environment, keyring)
        if isinstance(taken, Secret):
            headers[name.lower()] = taken
        else:
            problems.append(taken)
    if len(written) > MAX_HEADERS:
        problems.append(f"at most {MAX_HEADERS} headers can be set")
    return ExtraHeaders(headers, tuple(problems))


def _value(
    name: str, value: str, profile: str, environment: Lookup, keyring: Lookup
) -> Secret | str:
    """The value, or why it is not taken."""
    if name not in ALLOWED.get(profile, frozenset()):
        shown = name if re.fullmatch(r"[a-z0-9-]{1,60}", name) else "one of them"
        return f"{shown} is no header that can be set for a gateway of the profile {profile}"
    for shape, look_up, place in (
        (_ENVIRONMENT, environment, "environment"),
        (_KEYRING, keyring, "keyring"),
    ):
        reference = shape.fullmatch(value)
        if reference is not None:
            found = look_up(reference[1])
            if not found:
                return f"{name} refers to {reference[1]}, which the {place} does not have"
            if len(found) > LONGEST_VALUE or not (found.isascii() and found.isprintable()):
                return f"{name} refers to {reference[1]}, whose value no header can hold"
            return Secret(found)
    if name in _KEYS:
        return f"{name} holds a key: refer to it as env:NAME or keyring:NAME"
    if not _PLAIN.fullmatch(value):
        return f"{name} has a value that is no plain word: refer to it as env:NAME or keyring:NAME"
    return Secret(value)
