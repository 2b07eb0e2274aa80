"""Models as gateways describe them: LiteLLM's `/model_group/info` and `/model/info`, and `/v1/models`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..domain.models.model_facts import ModelFacts, by_name
from ..domain.spending.budget import Reading, Scope, Unit
from .untrusted import count, items, mapping, number, text

MAX_MODELS = 500
LONGEST_NAME = 120
DEAREST_TOKEN = 1.0
"""No token costs a whole unit of any currency; such a number is a mistake."""


def model_facts(document: Any) -> Mapping[str, ModelFacts]:
    """The models by the name requests ask for them; what is not valid in one of them is unknown."""
    listed = items(mapping(document).get("data"), MAX_MODELS)
    return by_name(facts for said in map(mapping, listed) if (facts := _facts(said)).name)


def group_limits(facts: ModelFacts) -> tuple[Reading, ...]:
    """What everybody who uses the model may ask of it together, a minute.

    They are soft: how much of them the others use is not known here, so only the gateway's own
    refusal can say that they are reached.
    """
    told = (
        (Unit.REQUESTS, facts.requests_per_minute),
        (Unit.TOKENS, facts.tokens_per_minute),
    )
    return tuple(
        Reading(Scope.VENDOR, unit, float(limit), None, 60.0, None, hard=False)
        for unit, limit in told
        if limit
    )


def _facts(said: Mapping[str, Any]) -> ModelFacts:
    inner = mapping(said.get("model_info")) or said
    name = said.get("model_group") or said.get("model_name") or said.get("id")
    return ModelFacts(
        text(name, LONGEST_NAME),
        count(inner.get("max_input_tokens")),
        count(inner.get("max_output_tokens")),
        _price(inner.get("input_cost_per_token")),
        _price(inner.get("cache_read_input_token_cost")),
        _price(inner.get("output_cost_per_token")),
        count(inner.get("rpm")),
        count(inner.get("tpm")),
    )


def _price(value: Any) -> float | None:
    """The price of one token. LiteLLM writes 0 for a model whose price it does not know."""
    read = number(value)
    return read if read is not None and 0 < read < DEAREST_TOKEN else None
