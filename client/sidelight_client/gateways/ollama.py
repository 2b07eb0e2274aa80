"""The `ollama` profile: a model server on somebody's own machine, spoken to through OpenAI's paths."""

from __future__ import annotations

from ..domain.failure import FailureKind
from .classify import Dialect
from .openai import OpenAiProfile
from .profile import StreamPart
from .untrusted import mapping, parsed


class OllamaProfile(OpenAiProfile):
    """`suffix` of `/v1/completions` works where the model can fill in, and is refused where not."""

    name = "ollama"
    alternatives = 1
    dialect = Dialect(unnamed_limit=FailureKind.UPSTREAM_DOWN)
    """It has no limits; a 429 or a 503 is a queue that is full."""

    def decode(self, data: str | bytes) -> tuple[StreamPart, ...]:
        """Its native API answers one JSON object a line."""
        lines = data.splitlines()
        many = len(lines) > 1 and all(mapping(parsed(line)) for line in lines[:2])
        if not many:
            return super().decode(data)
        return tuple(
            part
            for line in lines
            if line.strip()
            for part in super(OllamaProfile, self).decode(line)
        )
