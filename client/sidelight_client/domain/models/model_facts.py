"""What a gateway says of one model: how much it reads and writes, how often, and at what price."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

Number = TypeVar("Number", int, float)


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """One model by the name requests ask for it. None is what the gateway did not say.

    Attributes:
        input_tokens: the context window.
        output_tokens: the longest answer.
        input_cost: of one prompt token, in the gateway's own currency.
        cached_cost: of one prompt token that was cached.
        output_cost: of one token of the answer.
        requests_per_minute: what all who use the model may send together.
        tokens_per_minute: the same in tokens.
    """

    name: str
    input_tokens: int | None = None
    output_tokens: int | None = None
    input_cost: float | None = None
    cached_cost: float | None = None
    output_cost: float | None = None
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None

    @property
    def told(self) -> bool:
        """Whether the gateway said more than the name."""
        return self != ModelFacts(self.name)

    def saved(self, cached_tokens: int) -> float | None:
        """What the cache saved; None unless both prices are known, for a price is never guessed."""
        if self.input_cost is None or self.cached_cost is None:
            return None
        return max(self.input_cost - self.cached_cost, 0.0) * cached_tokens


def by_name(facts: Iterable[ModelFacts]) -> Mapping[str, ModelFacts]:
    """The facts by model. Where two deployments of one model differ, neither is taken at its word."""
    found: dict[str, ModelFacts] = {}
    for said in facts:
        known = found.get(said.name)
        found[said.name] = said if known is None else _agreed(known, said)
    return found


def _agreed(one: ModelFacts, other: ModelFacts) -> ModelFacts:
    return ModelFacts(
        one.name,
        _same(one.input_tokens, other.input_tokens),
        _same(one.output_tokens, other.output_tokens),
        _same(one.input_cost, other.input_cost),
        _same(one.cached_cost, other.cached_cost),
        _same(one.output_cost, other.output_cost),
        _same(one.requests_per_minute, other.requests_per_minute),
        _same(one.tokens_per_minute, other.tokens_per_minute),
    )


def _same(one: Number | None, other: Number | None) -> Number | None:
    return one if one == other else None
