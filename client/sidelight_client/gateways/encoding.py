"""A completion request as JSON in OpenAI's shapes, and where the person's text lies in it."""

from __future__ import annotations

import json
from typing import Any, assert_never

from ..domain.completion import CompletionRequest
from ..domain.window import PartKind, Window
from .profile import Encoded, Mode, Span

_INSTRUCTION = (
    "You complete source code at the cursor. Reply with only the text that belongs between "
    "<before> and <after>: at most {lines} lines, no explanation, no code fence, no repetition."
)


def encode(request: CompletionRequest, model: str, mode: Mode) -> Encoded:
    """The request for `model`; an empty name leaves the choice to the gateway.

    Context comes first and the cursor last, and equal windows give equal bytes: that is what
    prompt caches live on.
    """
    match mode:
        case Mode.SUFFIX | Mode.INFILL:
            return _completion(request, model, request.window.suffix)
        case Mode.PREFIX:
            return _completion(request, model, "")
        case Mode.CHAT:
            return _chat(request, model)
        case _:
            assert_never(mode)


def _completion(request: CompletionRequest, model: str, suffix: str) -> Encoded:
    context, prefix = _context(request.window), request.window.prefix
    spans = (
        Span("prefix", len(context), len(prefix), PartKind.PREFIX.value),
        Span("suffix", 0, len(suffix), PartKind.SUFFIX.value),
    )
    body = {"prompt": context + prefix} | ({"suffix": suffix} if suffix else {})
    return Encoded("/completions", _json(request, model, body), spans)


def _chat(request: CompletionRequest, model: str) -> Encoded:
    context, prefix, suffix = _context(request.window), request.window.prefix, request.window.suffix
    head = f"{context}<before>"
    middle = "</before><after>"
    text = f"{head}{prefix}{middle}{suffix}</after>"
    after = len(head) + len(prefix) + len(middle)
    spans = (
        Span("prefix", len(head), len(prefix), PartKind.PREFIX.value),
        Span("prefix", after, len(suffix), PartKind.SUFFIX.value),
    )
    messages = [
        {"role": "system", "content": _INSTRUCTION.format(lines=request.max_lines)},
        {"role": "user", "content": text},
    ]
    return Encoded("/chat/completions", _json(request, model, {"messages": messages}), spans)


def _context(window: Window) -> str:
    """Everything but the text around the cursor, in the window's own order."""
    around = (PartKind.PREFIX, PartKind.SUFFIX)
    return "".join(part.text for part in window.parts if part.kind not in around)


def _json(request: CompletionRequest, model: str, said: dict[str, Any]) -> bytes:
    body = {"model": model} | said if model else said
    body |= {
        "max_tokens": request.max_tokens,
        "temperature": 0,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if request.max_lines == 1:
        body["stop"] = ["\n"]
    # Unpaired surrogates of a broken file stay ASCII escapes; as UTF-8 they could not be written.
    return json.dumps(body, separators=(",", ":")).encode("ascii")
