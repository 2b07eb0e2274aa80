"""The `openai` profile: OpenAI itself, and every server that follows its shapes without saying more."""

from __future__ import annotations

from collections.abc import Mapping

from ..domain.budget import Reading
from ..domain.completion import CompletionRequest
from ..domain.failure import Failure, FailureKind
from ..domain.secret import Secret
from ..domain.session import Grant
from ..trace import traceparent
from .classify import classify
from .decoding import parts
from .encoding import encode
from .limits import openai_limits
from .profile import Encoded, Ended, Mode, Reply, StreamPart
from .untrusted import mapping, parsed

END_OF_STREAM = "[DONE]"


class OpenAiProfile:
    """A `Profile`. Others of OpenAI's family override what they do differently."""

    name = "openai"
    default_mode = Mode.SUFFIX
    unnamed_limit = FailureKind.LIMIT_VENDOR
    """A bare 429 comes from the vendor: this profile knows of no other limit."""

    def auth_headers(self, grant: Grant | None) -> Mapping[str, Secret]:
        """RFC 6750 §2.1."""
        if grant is None:
            return {}
        return {"authorization": Secret(f"Bearer {grant.access_token.reveal()}")}

    def trace_headers(self, trace_id: str) -> Mapping[str, str]:
        return {"traceparent": traceparent(trace_id), "x-request-id": trace_id}

    def encode(self, request: CompletionRequest, model: str, mode: Mode) -> Encoded:
        return encode(request, model, mode)

    def decode(self, data: str | bytes) -> tuple[StreamPart, ...]:
        """What is no JSON, and JSON that is no answer, is a gateway that does not work."""
        if data == END_OF_STREAM:
            return (Ended(),)
        event = mapping(parsed(data))
        if "error" in event:
            body = data.encode() if isinstance(data, str) else data
            return (self.classify(Reply(None, body=body), now=0.0),)
        if not isinstance(event.get("choices"), list):
            return (Failure(FailureKind.UPSTREAM_DOWN),)
        return parts(event)

    def classify(self, reply: Reply, now: float) -> Failure:
        return classify(reply, now, self.unnamed_limit)

    def limits_from_headers(self, headers: Mapping[str, str], now: float) -> tuple[Reading, ...]:
        return openai_limits(headers, now)
