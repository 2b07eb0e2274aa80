"""Reads the protocol's own model (metaModel.json, LSP 3.18) and checks values against its types."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeGuard

from .sidelight_messages import OWN

Type = Mapping[str, Any]

CHECKOUT = Path(__file__).resolve().parents[2]
VARIABLE = "SIDELIGHT_LSP_METAMODEL"

_INTEGER = range(-(2**31), 2**31)
_UINTEGER = range(2**31)


def model_file() -> Path:
    """Where the model is looked for; it is Microsoft's, and no part of this repository."""
    given = os.environ.get(VARIABLE)
    return Path(given) if given else CHECKOUT.parent / "shared" / "lsp" / "metaModel.json"


WHY_MISSING = (
    "the protocol's model (metaModel.json of github.com/microsoft/vscode-languageserver-node) is "
    f"not part of this repository; give its path in {VARIABLE}"
)


class Model:
    """The types and messages of the protocol, with messages of our own added."""

    def __init__(self, raw: Mapping[str, Any], own: Mapping[str, Any]) -> None:
        self._structures: dict[str, Any] = {s["name"]: s for s in raw["structures"]}
        self._enumerations: dict[str, Any] = {e["name"]: e for e in raw["enumerations"]}
        self._aliases: dict[str, Any] = {a["name"]: a for a in raw["typeAliases"]}
        messages = (*raw["requests"], *own["requests"])
        self.requests: dict[str, Any] = {m["method"]: m for m in messages}
        messages = (*raw["notifications"], *own["notifications"])
        self.notifications: dict[str, Any] = {m["method"]: m for m in messages}

    def problems(self, kind: Type, value: Any, at: str) -> list[str]:
        """What is wrong with `value` as a `kind`, each as "place: sentence"; empty when nothing is.

        Args:
            kind: a type in the model's own notation.
            value: decoded JSON.
            at: the name of the place, for the sentences.
        """
        match kind["kind"]:
            case "base":
                return [] if _is_base(kind["name"], value) else [_not(at, kind["name"], value)]
            case "reference":
                return self._reference(kind["name"], value, at)
            case "array":
                if not _is_list(value):
                    return [_not(at, "array", value)]
                return [
                    p
                    for i, v in enumerate(value)
                    for p in self.problems(kind["element"], v, f"{at}[{i}]")
                ]
            case "map":
                if not _is_object(value):
                    return [_not(at, "map", value)]
                found = [p for k in value for p in self.problems(kind["key"], k, f"{at} key")]
                return found + [
                    p
                    for k, v in value.items()
                    for p in self.problems(kind["value"], v, f"{at}.{k}")
                ]
            case "or":
                tried = [self.problems(option, value, at) for option in kind["items"]]
                # The alternative that fits furthest in tells most about what was meant.
                return min(tried, key=lambda p: (bool(p), -max(map(_depth, p), default=0), len(p)))
            case "and":
                properties = [p for item in kind["items"] for p in self._properties(item["name"])]
                return self._object(properties, value, at)
            case "tuple":
                if not _is_list(value) or len(value) != len(kind["items"]):
                    return [_not(at, f"tuple of {len(kind['items'])}", value)]
                pairs = zip(kind["items"], value, strict=True)
                return [
                    p for i, (t, v) in enumerate(pairs) for p in self.problems(t, v, f"{at}[{i}]")
                ]
            case "literal":
                return self._object(kind["value"]["properties"], value, at)
            case "stringLiteral":
                wanted = kind["value"]
                return [] if value == wanted else [_not(at, f'"{wanted}"', value)]
            case other:
                raise ValueError(f"the model has a kind of type nobody knows: {other}")

    def _reference(self, name: str, value: Any, at: str) -> list[str]:
        if name == "LSPAny":
            return []
        if name == "LSPObject":
            return [] if _is_object(value) else [_not(at, "object", value)]
        if name in self._aliases:
            return self.problems(self._aliases[name]["type"], value, at)
        if name in self._enumerations:
            return self._member(self._enumerations[name], value, at)
        return self._object(list(self._properties(name)), value, at)

    def _member(self, enumeration: Mapping[str, Any], value: Any, at: str) -> list[str]:
        wrong = self.problems(enumeration["type"], value, at)
        known = any(value == member["value"] for member in enumeration["values"])
        if wrong or known or enumeration.get("supportsCustomValues"):
            return wrong
        return [f"{at}: {value!r} is no {enumeration['name']}"]

    def _properties(self, name: str) -> Iterator[Mapping[str, Any]]:
        structure = self._structures[name]
        for base in (*structure.get("extends", ()), *structure.get("mixins", ())):
            yield from self._properties(base["name"])
        yield from structure["properties"]

    def _object(self, properties: list[Mapping[str, Any]], value: Any, at: str) -> list[str]:
        if not _is_object(value):
            return [_not(at, "object", value)]
        # A structure may narrow a property it inherits: the last declaration counts.
        known = {prop["name"]: prop for prop in properties}
        found = [f"{at}.{key}: unknown key" for key in value if key not in known]
        for name, prop in known.items():
            if name in value:
                found += self.problems(prop["type"], value[name], f"{at}.{name}")
            elif not prop.get("optional"):
                found.append(f"{at}.{name}: missing")
        return found


@cache
def load(path: Path) -> Model:
    """The model in `path`, with our own messages. Raises OSError when it is not there."""
    return Model(json.loads(path.read_text(encoding="utf-8")), OWN)


def _is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def _is_list(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def _is_base(name: str, value: Any) -> bool:
    number = isinstance(value, int) and not isinstance(value, bool)
    match name:
        case "string" | "URI" | "DocumentUri" | "RegExp":
            return isinstance(value, str)
        case "integer":
            return number and value in _INTEGER
        case "uinteger":
            return number and value in _UINTEGER
        case "decimal":
            return number or isinstance(value, float)
        case "boolean":
            return isinstance(value, bool)
        case "null":
            return value is None
        case other:
            raise ValueError(f"the model has a base type nobody knows: {other}")


def _not(at: str, wanted: str, value: Any) -> str:
    """The value itself may be a whole document, so only its type is told."""
    got = "null" if value is None else type(value).__name__
    return f"{at}: {got} is no {wanted}"


def _depth(problem: str) -> int:
    place = problem.split(":", 1)[0]
    return place.count(".") + place.count("[")
