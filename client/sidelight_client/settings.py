"""The values in force: where each can come from, and which one wins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from .setting_table import SETTINGS, Value
from .setting_values import ReadProblem, read


class Layer(StrEnum):
    """Where a value can come from, strongest first."""

    POLICY = "policy"
    ENVIRONMENT = "environment"
    EDITOR = "editor"
    FILE = "file"
    GATEWAY = "gateway"
    DEFAULT = "default"


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


_DEFAULTS = {key: Resolved(setting.default, Layer.DEFAULT) for key, setting in SETTINGS.items()}
"""Made once: some settings are asked for at each key."""


@dataclass(frozen=True)
class Settings:
    """The values in force. Ask for a declared key by the method of its kind."""

    values: Mapping[str, Resolved] = field(default_factory=dict[str, Resolved])
    problems: tuple[Problem, ...] = ()

    def explain(self, key: str) -> Resolved:
        """The value and who decided it. Raises KeyError for an undeclared key."""
        return self.values.get(key) or _DEFAULTS[key]

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
