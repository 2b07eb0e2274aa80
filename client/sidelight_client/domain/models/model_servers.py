"""The model servers people run on their own machine: their usual ports, and how each is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, assert_never

LOOK_EVERY_S = 86_400.0
"""A machine does not get a model server every minute, and somebody else may watch that port."""

_Sign = Literal["ollama", "llamacpp", "lmstudio", "vllm"]


@dataclass(frozen=True, slots=True)
class KnownServer:
    """Where a server listens if nobody changed it.

    Attributes:
        name: as its makers write it.
        port: on loopback.
        path: what it is asked with GET; it costs the server nothing.
        sign: how its answer is known.
    """

    name: str
    port: int
    path: str
    sign: _Sign

    @property
    def url(self) -> str:
        """Where its OpenAI-compatible API lies."""
        return f"http://127.0.0.1:{self.port}/v1"

    def is_it(self, server_header: str, document: Mapping[str, Any]) -> bool:
        """Whether an answer of 200 is this server's, by its `Server` header and its JSON object."""
        match self.sign:
            case "ollama":
                return isinstance(document.get("version"), str)
            case "llamacpp":
                return server_header.strip() == "llama.cpp" or self._owned_by(document, "llamacpp")
            case "lmstudio":
                return self._owned_by(document, "organization_owner", "lmstudio")
            case "vllm":
                return self._owned_by(document, "vllm")
            case _:
                assert_never(self.sign)

    def _owned_by(self, document: Mapping[str, Any], *owners: str) -> bool:
        listed: Any = document.get("data")
        return (
            isinstance(listed, list)
            and any(
                isinstance(model, dict) and model.get("owned_by") in owners  # pyright: ignore[reportUnknownMemberType]
                for model in listed[:3]  # pyright: ignore[reportUnknownVariableType]
            )
        )


KNOWN = (
    KnownServer("Ollama", 11434, "/api/version", "ollama"),
    KnownServer("llama.cpp", 8080, "/v1/models", "llamacpp"),
    KnownServer("llama.cpp", 8012, "/v1/models", "llamacpp"),
    KnownServer("LM Studio", 1234, "/v1/models", "lmstudio"),
    KnownServer("vLLM", 8000, "/v1/models", "vllm"),
)
"""In the order in which they are suggested."""


def due(looked_at: object, now: float) -> bool:
    """Whether to look again; a moment in the future is a clock that was set back."""
    if not isinstance(looked_at, int | float) or isinstance(looked_at, bool):
        return True
    return not 0 <= now - looked_at < LOOK_EVERY_S
