"""Every setting, declared once; where values come from, and which one wins.

From this table come validation, `sidelight config`, the editors' schemas and docs/settings.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address
from typing import Any, assert_never, cast
from urllib.parse import urlsplit

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


class Layer(StrEnum):
    """Where a value can come from, strongest first."""

    POLICY = "policy"
    ENVIRONMENT = "environment"
    EDITOR = "editor"
    FILE = "file"
    GATEWAY = "gateway"
    DEFAULT = "default"


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


@dataclass(frozen=True, slots=True)
class Problem:
    """A value that was not taken, and why."""

    key: str
    layer: Layer
    problem: str


@dataclass(frozen=True, slots=True)
class Resolved:
    """A value and the layer that decided it."""

    value: Value
    layer: Layer
    locked: bool = False


@dataclass(frozen=True)
class Settings:
    """The values in force. Ask for a declared key by the method of its kind."""

    values: Mapping[str, Resolved] = field(default_factory=dict[str, Resolved])
    problems: tuple[Problem, ...] = ()

    def explain(self, key: str) -> Resolved:
        """The value and who decided it. Raises KeyError for an undeclared key."""
        return self.values.get(key) or Resolved(SETTINGS[key].default, Layer.DEFAULT)

    def text(self, key: str) -> str:
        """The text; of several the first."""
        value = self.explain(key).value
        if isinstance(value, tuple):
            return value[0]
        assert isinstance(value, str)
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """All values of a text that may have several; none of them is empty."""
        value = self.explain(key).value
        if isinstance(value, tuple):
            return value
        assert isinstance(value, str)
        return (value,) if value else ()

    def number(self, key: str) -> int:
        value = self.explain(key).value
        assert isinstance(value, int)
        return value

    def flag(self, key: str) -> bool:
        return self.explain(key).value is True

    def items(self, key: str) -> tuple[str, ...]:
        value = self.explain(key).value
        assert isinstance(value, tuple)
        return value

    def with_editor(self, raw: Mapping[str, Any], section: str) -> Settings:
        """These settings with one editor window's own values for the keys in `section`.

        `raw` is nested or flat, as `resolve` takes it. Values of a stronger layer stay, keys
        outside the section are left to the broker, and what is not valid is left out.
        """
        order = list(Layer)
        values = dict(self.values)
        for key, given in flatten(raw).items():
            setting = SETTINGS.get(key)
            if setting is None or not key.startswith(f"{section}."):
                continue
            taken = read(setting, given)
            weaker = order.index(self.explain(key).layer) >= order.index(Layer.EDITOR)
            if weaker and not isinstance(taken, ReadProblem):
                values[key] = Resolved(taken, Layer.EDITOR)
        return Settings(values, self.problems)


def resolve(layers: Sequence[tuple[Layer, Mapping[str, Any]]]) -> Settings:
    """The settings in force from raw layers, given in any order.

    A layer is a mapping, nested (`{"completions": {"enabled": false}}`) or flat
    (`{"completions.enabled": false}`). None, and an empty section, mean unset: an editor that
    answers `workspace/configuration` with `{}` changes nothing. A value that is not valid is
    reported and the next layer decides. A key set by policy is locked.
    """
    order = list(Layer)
    values: dict[str, Resolved] = {}
    problems: list[Problem] = []
    for layer, raw in sorted(layers, key=lambda pair: order.index(pair[0])):
        for key, given in flatten(raw).items():
            setting = SETTINGS.get(key)
            if setting is None:
                problems.append(Problem(key, layer, "there is no such setting"))
                continue
            taken = read(setting, given)
            if isinstance(taken, ReadProblem):
                problems.append(Problem(key, layer, taken.problem))
            elif key not in values:
                values[key] = Resolved(taken, layer, locked=layer is Layer.POLICY)
    return Settings(values, tuple(problems))


def flatten(raw: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested sections as dotted keys; unset values are left out."""
    flat: dict[str, Any] = {}
    for name, value in raw.items():
        key = f"{prefix}{name}"
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{key}.")  # pyright: ignore[reportUnknownArgumentType]
        elif value is not None:
            flat[key] = value
    return flat


def from_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment's layer: `SIDELIGHT_COMPLETIONS_ENABLED=false`; empty means unset."""
    return {
        key: environ[setting.environment_name]
        for key, setting in SETTINGS.items()
        if environ.get(setting.environment_name)
    }


@dataclass(frozen=True, slots=True)
class ReadProblem:
    """Why a value is not valid, as the end of "… is not valid: "."""

    problem: str


def read(setting: Setting, given: Any) -> Value | ReadProblem:
    """The value of `setting` that `given` stands for; words are accepted where types have them."""
    match setting.kind:
        case Kind.TEXT:
            return _read_text(setting, given)
        case Kind.NUMBER:
            return _read_number(setting, given)
        case Kind.FLAG:
            return _read_flag(given)
        case Kind.LIST:
            return _read_list(setting, given)
        case _:
            assert_never(setting.kind)


def _read_text(setting: Setting, given: Any) -> Value | ReadProblem:
    if setting.several and isinstance(given, str) and "," in given:
        given = [part.strip() for part in given.split(",") if part.strip()]
    if setting.several and isinstance(given, (list, tuple)):
        return _read_texts(setting, cast("Sequence[Any]", given))
    if not isinstance(given, str):
        return ReadProblem("it must be text")
    if setting.choices and given not in setting.choices:
        return ReadProblem(f"it must be one of {', '.join(setting.choices)}")
    if setting.address and given and not is_safe_address(given):
        return ReadProblem("it must be an https address, or http on this machine")
    return given


def _read_texts(setting: Setting, given: Sequence[Any]) -> Value | ReadProblem:
    """One text as itself, several as a tuple; each as valid as it would have to be alone."""
    if not 0 < len(given) <= MOST_TEXTS or not all(isinstance(part, str) for part in given):
        return ReadProblem(f"it must be text, or a list of 1 to {MOST_TEXTS} texts")
    texts: tuple[str, ...] = tuple(dict.fromkeys(given))
    for part in texts:
        if setting.address and not is_safe_address(part):
            return ReadProblem("each must be an https address, or http on this machine")
    return texts[0] if len(texts) == 1 else texts


def is_safe_address(url: str) -> bool:
    """Whether a token may travel to `url`: over TLS, or without it to this machine only."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
    except ValueError:
        return False
    if not host or parts.username or parts.password:
        return False
    if parts.scheme == "https":
        return True
    return parts.scheme == "http" and (host == "localhost" or _is_loopback(host))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _read_number(setting: Setting, given: Any) -> Value | ReadProblem:
    if isinstance(given, str) and given.strip().lstrip("-").isdecimal():
        given = int(given)
    if not isinstance(given, int) or isinstance(given, bool):
        return ReadProblem("it must be a whole number")
    if setting.minimum is not None and given < setting.minimum:
        return ReadProblem(f"it must be at least {setting.minimum}")
    if setting.maximum is not None and given > setting.maximum:
        return ReadProblem(f"it must be at most {setting.maximum}")
    return given


def _read_flag(given: Any) -> Value | ReadProblem:
    if isinstance(given, bool):
        return given
    said = {"true": True, "1": True, "on": True, "false": False, "0": False, "off": False}
    if isinstance(given, str) and given.lower() in said:
        return said[given.lower()]
    return ReadProblem("it must be true or false")


def _read_list(setting: Setting, given: Any) -> Value | ReadProblem:
    parts: Sequence[Any] = ()
    if isinstance(given, str):
        parts = [part.strip() for part in given.split(",") if part.strip()]
    elif isinstance(given, (list, tuple)):
        parts = cast("Sequence[Any]", given)
    else:
        return ReadProblem("it must be a list of words")
    if setting.ports:
        # A port may be written as the number it is.
        parts = [part if isinstance(part, bool) else str(part) for part in parts]
        if not all(_is_port(part) for part in parts):
            return ReadProblem("it must be a list of ports from 1024 to 65535")
    if not all(isinstance(part, str) for part in parts):
        return ReadProblem("it must be a list of words")
    return tuple(parts)


def _is_port(part: Any) -> bool:
    return isinstance(part, str) and part.isdecimal() and FIRST_PORT <= int(part) <= LAST_PORT


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
