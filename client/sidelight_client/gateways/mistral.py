"""The `mistral` profile: Mistral's own API, with an endpoint for filling in."""

from __future__ import annotations

from ..domain.completion import CompletionRequest
from ..domain.failure import FailureKind
from ..domain.routing.fim import Mode
from .classify import Dialect
from .encoding import encode
from .openai import OpenAiProfile
from .profile import Encoded


class MistralProfile(OpenAiProfile):
    """`/v1/fim/completions` takes a completion's fields; its stream is shaped like a chat's."""

    name = "mistral"
    alternatives = 1
    default_mode = Mode.INFILL
    dialect = Dialect(
        names={
            "invalid_model": FailureKind.AUTH_MODEL_DENIED,
            "service_tier_capacity_exceeded": FailureKind.LIMIT_VENDOR,
        },
    )

    def encode(self, request: CompletionRequest, model: str, mode: Mode) -> Encoded:
        encoded = encode(request, model, mode)
        # It refuses fields it does not know; usage comes with the last chunk unasked.
        fields = {name: said for name, said in encoded.fields.items() if name != "stream_options"}
        infill = mode in (Mode.INFILL, Mode.SUFFIX, Mode.PREFIX)
        path = "/fim/completions" if infill else encoded.path
        return Encoded(path, fields, encoded.spans)
