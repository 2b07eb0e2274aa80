"""The `openai` profile: OpenAI itself, and every server that follows its shapes without saying more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..domain.completion import MOST_ALTERNATIVES, CompletionRequest
from ..domain.failure import Failure, FailureKind
from ..domain.identity.grant import Grant
from ..domain.identity.secret import Secret
from ..domain.routing.fim import Mode
from ..domain.spending.budget import Reading
from ..trace import traceparent
from .classify import Dialect, classify
from .decoding import parts
from .encoding import encode
from .limits import openai_limits
from .profile import Encoded, Ended, Reply, StreamPart
from .untrusted import mapping, parsed

END_OF_STREAM = "[DONE]"


class OpenAiProfile:
    """A `Profile`. Others of OpenAI's family override what they do differently."""

    name = "openai"
    models_path = ""
    guardrails_path = ""
    alternatives = MOST_ALTERNATIVES
    default_mode = Mode.SUFFIX
    dialect = Dialect()
    """A bare 429 comes from the vendor: this profile knows of no other limit."""

    def auth_headers(self, grant: Grant | None) -> Mapping[str, Secret]:
        """RFC 6750 §2.1."""
        return bearer(grant, "authorization")

    def trace_headers(self, trace_id: str) -> Mapping[str, str]:
        return {"traceparent": traceparent(trace_id), "x-request-id": trace_id}

    def encode(self, request: CompletionRequest, model: str, mode: Mode) -> Encoded:
        return encode(request, model, mode)

    def decode(self, data: str | bytes) -> tuple[StreamPart, ...]:
        """What is no JSON, and JSON that is no answer, is a gateway that does not work."""
        if data == END_OF_STREAM:
            return (Ended(),)
        event = mapping(parsed(data))
        if _is_error(event):
            body = data.encode() if isinstance(data, str) else data
            return (self.classify(Reply(None, body=body), now=0.0),)
        said = parts(event)
        return (Failure(FailureKind.UPSTREAM_DOWN),) if said is None else said

    def classify(self, reply: Reply, now: float) -> Failure:
        return classify(reply, now, self.dialect)

    def limits_from_headers(self, headers: Mapping[str, str], now: float) -> tuple[Reading, ...]:
        return openai_limits(headers, now)

    def cost_from_headers(self, headers: Mapping[str, str]) -> float | None:
        """None: an answer of OpenAI's family tells it in its body, if at all."""
        del headers
        return None


def bearer(grant: Grant | None, header: str) -> Mapping[str, Secret]:
    """The grant as a bearer token in `header`; nothing where there is none."""
    if grant is None:
        return {}
    return {header: Secret(f"Bearer {grant.access_token.reveal()}")}


def _is_error(event: Mapping[str, Any]) -> bool:
    """Some write `error: false` or `error: null` into their answers."""
    return bool(event.get("error")) or event.get("type") == "error" or "errors" in event
