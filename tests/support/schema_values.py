"""Values a JSON Schema allows, for as much of the language as the contract's schemas use."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

_EXTRA = st.none() | st.booleans() | st.integers() | st.text(max_size=5)


def values(schema: Any) -> st.SearchStrategy[Any]:
    """Every kind of value `schema` allows, with fields nobody has heard of among them."""
    if schema is True:
        return _EXTRA
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "anyOf" in schema and "type" not in schema:
        return st.one_of([values(option) for option in schema["anyOf"]])
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return st.one_of([_of_kind(kind, schema) for kind in kinds])


def _of_kind(kind: str, schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    match kind:
        case "null":
            return st.none()
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(schema.get("minimum"), schema.get("maximum", 10**6))
        case "number":
            low = schema.get("minimum", schema.get("exclusiveMinimum", 0))
            return st.floats(
                low,
                schema.get("maximum", 1e9),
                exclude_min="exclusiveMinimum" in schema,
                allow_nan=False,
            )
        case "string":
            return _texts(schema)
        case "array":
            return st.lists(values(schema["items"]), max_size=min(schema.get("maxItems", 3), 3))
        case _:
            return _objects(schema)


def _texts(schema: dict[str, Any]) -> st.SearchStrategy[str]:
    if "pattern" in schema:
        return st.from_regex(schema["pattern"], fullmatch=True).map(str.strip).filter(bool)
    if schema.get("format") == "date-time":
        return st.datetimes().map(lambda at: at.isoformat() + "Z")
    printable = st.characters(categories=("L", "N", "P"))
    return st.text(printable, min_size=schema.get("minLength", 0), max_size=12)


def _objects(schema: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    required = schema.get("required", [])
    properties = schema.get("properties", {})
    known = st.fixed_dictionaries(
        {name: values(properties[name]) for name in required},
        optional={name: values(s) for name, s in properties.items() if name not in required},
    )
    if schema.get("additionalProperties") is False:
        return known
    extra = st.dictionaries(st.sampled_from(["x_new", "later"]), _EXTRA, max_size=1)
    return st.builds(lambda one, two: one | two, extra, known)
