"""The `llamacpp` profile: llama.cpp's server, which fills in at its own endpoint."""

from __future__ import annotations

from typing import Any

from ..domain.completion import CompletionRequest
from ..domain.failure import FailureKind
from ..domain.routing.fim import Mode
from ..domain.window import PartKind
from .classify import Dialect
from .encoding import encode
from .openai import OpenAiProfile
from .profile import Encoded, Span

LONGEST_WAIT_MS = 8_000


class LlamaCppProfile(OpenAiProfile):
    """Its `/v1/completions` drops `suffix` without a word, so it is never sent there."""

    name = "llamacpp"
    alternatives = 1
    default_mode = Mode.INFILL
    dialect = Dialect(unnamed_limit=FailureKind.UPSTREAM_DOWN)
    """It has no limits; a server with every slot taken is busy."""

    def encode(self, request: CompletionRequest, model: str, mode: Mode) -> Encoded:
        if mode is not Mode.INFILL:
            return encode(request, model, Mode.PREFIX if mode is Mode.SUFFIX else mode)
        window = request.window
        around = (PartKind.PREFIX, PartKind.SUFFIX)
        body: dict[str, Any] = {
            "input_prefix": window.prefix,
            "input_suffix": window.suffix,
            "input_extra": [
                {"filename": part.uri.rpartition("/")[2], "text": part.text}
                for part in window.parts
                if part.kind not in around
            ],
            "prompt": "",
            "n_predict": request.max_tokens,
            "temperature": 0,
            "t_max_predict_ms": LONGEST_WAIT_MS,
            "cache_prompt": True,
            "stream": True,
        }
        if request.max_lines == 1:
            body["stop"] = ["\n"]
        spans = (
            Span("prefix", 0, len(window.prefix), PartKind.PREFIX.value),
            Span("suffix", 0, len(window.suffix), PartKind.SUFFIX.value),
        )
        return Encoded("/infill", body, spans, at_root=True)
