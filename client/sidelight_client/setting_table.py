"""Every setting, declared once: from this table come validation, `sidelight config`, the editors'
schemas and docs/settings.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

FIRST_PORT, LAST_PORT = 1024, 65535
"""What a program of a person may listen on."""

MOST_TEXTS = 8

Value = str | int | bool | tuple[str, ...]


class Kind(StrEnum):
    """The type of a setting, by its name in a JSON Schema."""

    TEXT = "string"
    NUMBER = "integer"
    FLAG = "boolean"
    LIST = "array"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as it is declared."""

    key: str
    kind: Kind
    default: Value
    sentence: str
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    address: bool = False
    """Whether it is an address tokens or code may travel to: https, or http on this machine."""
    ports: bool = False
    """Whether its words are TCP ports a program of a person may listen on."""
    several: bool = False
    """Whether a text may also be a list of up to `MOST_TEXTS`; the first is what it is known by."""

    @property
    def environment_name(self) -> str:
        return "SIDELIGHT_" + self.key.upper().replace(".", "_")


SETTINGS = {
    setting.key: setting
    for setting in (
        Setting(
            "gateway",
            Kind.TEXT,
            "",
            "The gateway's address, or a list of the addresses of its zones, preferred ones first; "
            "empty runs the embedded development gateway on this machine.",
            address=True,
            several=True,
        ),
        Setting(
            "gateway_document",
            Kind.TEXT,
            "",
            "The absolute path of a file that says what the gateway itself does not, in the shape of "
            "its discovery document; it takes the place of what the gateway announces, and its api_base "
            "that of gateway where that is empty.",
        ),
        Setting(
            "gateway_headers",
            Kind.LIST,
            (),
            "Headers the gateway wants with every request, such as "
            "x-portkey-config=env:PORTKEY_CONFIG; keys are referred to as env:NAME or keyring:NAME, "
            "and only headers known for the gateway's kind are sent.",
        ),
        Setting(
            "auth.issuer",
            Kind.TEXT,
            "",
            "The sign-in service's address, where the gateway does not announce it.",
            address=True,
        ),
        Setting(
            "auth.client_id",
            Kind.TEXT,
            "",
            "The client id registered for Sidelight, where the gateway does not announce it.",
        ),
        Setting(
            "auth.provider",
            Kind.TEXT,
            "auto",
            "How to speak to the sign-in service: as any OpenID Connect provider, or as Entra ID "
            "through Microsoft's library (extra `entra`), which auto does for its own addresses.",
            choices=("auto", "oidc", "entra"),
        ),
        Setting(
            "auth.redirect_ports",
            Kind.LIST,
            (),
            "Ports for the way back from the sign-in page, tried in order, where the sign-in service "
            "compares the whole redirect address; empty takes any free port.",
            ports=True,
        ),
        Setting(
            "vault",
            Kind.TEXT,
            "keyring",
            "Where the session outlives a restart: the system keyring, memory only, or a file "
            "readable by you alone.",
            choices=("keyring", "memory", "file"),
        ),
        Setting(
            "policy.public_key",
            Kind.TEXT,
            "",
            "Whose Ed25519 signature the gateway's policy document must carry, as the 32 bytes of the "
            "public key in base64; empty takes documents as the gateway serves them.",
        ),
        Setting(
            "policy.unknown_remote",
            Kind.TEXT,
            "on",
            "What is allowed in a repository whose remote no rule of your organisation names; where the "
            "organisation says it too, the stricter of both counts.",
            choices=("on", "review_label", "local_only", "off"),
        ),
        Setting("completions.enabled", Kind.FLAG, True, "Whether suggestions are fetched at all."),
        Setting(
            "completions.languages_off",
            Kind.LIST,
            (),
            "Language ids in which nothing is sent, such as markdown.",
        ),
        Setting(
            "completions.menu",
            Kind.FLAG,
            False,
            "Offer suggestions in the completion menu even where the editor shows ghost text.",
        ),
        Setting(
            "completions.debounce_ms",
            Kind.NUMBER,
            0,
            "How long typing must rest at least before a suggestion is fetched, in milliseconds; 0 "
            "leaves it to your rhythm and your budget.",
            minimum=0,
            maximum=5_000,
        ),
        Setting(
            "completions.max_lines",
            Kind.NUMBER,
            4,
            "The longest suggestion, in lines.",
            minimum=1,
            maximum=50,
        ),
        Setting(
            "completions.context_meter",
            Kind.FLAG,
            False,
            "Show above each file how much of it the latest request read, as a code lens.",
        ),
        Setting(
            "context.prefix_chars",
            Kind.NUMBER,
            3_000,
            "How much text before the cursor may be sent, in characters.",
            minimum=100,
            maximum=200_000,
        ),
        Setting(
            "context.suffix_chars",
            Kind.NUMBER,
            1_000,
            "How much text after the cursor may be sent, in characters.",
            minimum=0,
            maximum=200_000,
        ),
        Setting(
            "tiers.asked",
            Kind.TEXT,
            "auto",
            "Which tier answers when you ask for a suggestion yourself; auto decides by the size of "
            "the task.",
            choices=("auto", "fast", "standard", "heavy"),
        ),
        Setting(
            "tiers.fast.deadline_ms",
            Kind.NUMBER,
            300,
            "How long a suggestion while typing may take to its first text, in milliseconds.",
            minimum=50,
            maximum=60_000,
        ),
        Setting(
            "tiers.standard.deadline_ms",
            Kind.NUMBER,
            8_000,
            "The same for the standard tier.",
            minimum=100,
            maximum=120_000,
        ),
        Setting(
            "tiers.heavy.deadline_ms",
            Kind.NUMBER,
            90_000,
            "The same for the heavy tier.",
            minimum=1_000,
            maximum=600_000,
        ),
        Setting(
            "embedded.upstream",
            Kind.TEXT,
            "",
            "A model server on this machine (http://127.0.0.1:PORT/v1) the embedded gateway passes "
            "requests to; empty completes from the workspace.",
        ),
        Setting(
            "embedded.model",
            Kind.TEXT,
            "auto",
            "Which model on this machine the embedded gateway answers with: auto takes the best that "
            "`sidelight model add` has brought, a small one only where the workspace has no match; a "
            "name takes that model first; none completes from the workspace only.",
            choices=("auto", "none", "qwen-coder", "smollm2"),
        ),
        Setting(
            "embedded.index_mb",
            Kind.NUMBER,
            4,
            "How much of the workspace the embedded gateway reads for its completions, in megabytes.",
            minimum=0,
            maximum=64,
        ),
        Setting(
            "broker.linger_s",
            Kind.NUMBER,
            600,
            "How long the broker stays after its last client has gone, in seconds.",
            minimum=0,
            maximum=86_400,
        ),
        Setting(
            "notifications.enabled",
            Kind.FLAG,
            True,
            "Whether the desktop tells of outages, limits and a lost session: at most four times an hour.",
        ),
        Setting(
            "notifications.quiet_hours",
            Kind.TEXT,
            "",
            "When it tells of nothing, in local time, such as 22:00-07:00; empty for never.",
        ),
        Setting(
            "log.level",
            Kind.TEXT,
            "info",
            "How much the log says; no level contains code, prompts or tokens.",
            choices=("debug", "info", "warning", "error"),
        ),
    )
}
"""Every setting by its key."""


def schema() -> dict[str, Any]:
    """The JSON Schema of the configuration file's content, as dotted keys."""
    properties: dict[str, Any] = {}
    for setting in SETTINGS.values():
        entry: dict[str, Any] = {
            "type": setting.kind.value,
            "default": list(setting.default)
            if isinstance(setting.default, tuple)
            else setting.default,
            "description": setting.sentence,
        }
        if setting.several:
            entry |= {"type": [setting.kind.value, Kind.LIST.value], "maxItems": MOST_TEXTS}
        if setting.kind is Kind.LIST or setting.several:
            entry["items"] = {"type": "string"}
        if setting.choices:
            entry["enum"] = list(setting.choices)
        if setting.minimum is not None:
            entry["minimum"] = setting.minimum
        if setting.maximum is not None:
            entry["maximum"] = setting.maximum
        properties[f"sidelight.{setting.key}"] = entry
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Sidelight",
        "type": "object",
        "properties": properties,
    }
