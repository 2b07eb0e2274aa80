"""How many tokens a text has, estimated from what the gateway counted before, by language."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

START = 3.6
"""Bytes a token before anything was learned. On windows of real Python this is 21 % above cl100k
in the median, and an estimate that is too high never overruns a model's window."""
LEAST, MOST = 1.5, 8.0
"""Bytes a token that are believed; outside it the gateway counts something else."""
SHORTEST_PROMPT = 100
"""Tokens; below it the instruction around the text weighs more than the text."""
MEMORY = 0.9
"""What the past weighs after one more answer: about the last ten decide."""
LANGUAGES_KEPT = 64


@dataclass(frozen=True, slots=True)
class Seen:
    """Bytes sent and tokens counted in one language, the older the lighter."""

    size: float
    tokens: float


@dataclass(frozen=True, slots=True)
class TokenRates:
    """What was learned, by language; the latest learned last."""

    seen: Mapping[str, Seen] = field(default_factory=dict[str, Seen])

    def bytes_per_token(self, language: str) -> float:
        """The rate for `language`; that of all languages together where it is new."""
        known = self.seen.get(language)
        if known is None:
            size = sum(one.size for one in self.seen.values())
            tokens = sum(one.tokens for one in self.seen.values())
            return size / tokens if tokens else START
        return known.size / known.tokens

    def estimate(self, text: str, language: str) -> int:
        """How many tokens `text` has, rounded up."""
        return math.ceil(byte_count(text) / self.bytes_per_token(language))


def learn(rates: TokenRates, language: str, size: int, counted: int | None) -> TokenRates:
    """`rates` after the gateway counted `counted` tokens in a prompt of `size` bytes.

    What cannot be right is not learned: a cached prompt some gateways leave out of the count, a
    count in other units.
    """
    if counted is None or counted < SHORTEST_PROMPT or not LEAST <= size / counted <= MOST:
        return rates
    before = rates.seen.get(language, Seen(0.0, 0.0))
    seen = {name: one for name, one in rates.seen.items() if name != language}
    seen[language] = Seen(before.size * MEMORY + size, before.tokens * MEMORY + counted)
    while len(seen) > LANGUAGES_KEPT:
        del seen[next(iter(seen))]
    return TokenRates(seen)


def byte_count(text: str) -> int:
    """How long `text` is as UTF-8; half of a surrogate pair counts as what replaces it."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
