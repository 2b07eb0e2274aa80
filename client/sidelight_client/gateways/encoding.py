"""A completion request as JSON in OpenAI's shapes, and where the person's text lies in it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, assert_never

from ..domain.completion import CompletionRequest
from ..domain.routing.fim import Mode, template_of
from ..domain.window import PartKind
from .layout import chat_text, context_spans, context_text
from .profile import Encoded, Span

_INSTRUCTION = (
    "You complete source code at the cursor. <below> holds the lines that follow further down. "
    "Reply with only the text that belongs between <before> and <after>: at most {lines} lines, "
    "no explanation, no code fence, no repetition."
)


def encode(request: CompletionRequest, model: str, mode: Mode) -> Encoded:
    """The request for `model`; an empty name leaves the choice to the gateway.

    Context comes first and the cursor last, and equal windows give equal bytes: that is what
    prompt caches live on.
    """
    match mode:
        case Mode.SUFFIX | Mode.INFILL:
            return _completion(request, model, request.window.suffix)
        case Mode.TEMPLATE:
            return _template(request, model)
        case Mode.PREFIX:
            return _completion(request, model, "")
        case Mode.CHAT:
            return _chat(request, model)
        case _:
            assert_never(mode)


def _completion(request: CompletionRequest, model: str, suffix: str) -> Encoded:
    context, prefix = context_text(request.window), request.window.prefix
    spans = (
        *context_spans(request.window, 0),
        Span("prefix", len(context), len(prefix), PartKind.PREFIX.value),
        Span("suffix", 0, len(suffix), PartKind.SUFFIX.value),
    )
    body = {"prompt": context + prefix} | ({"suffix": suffix} if suffix else {})
    return Encoded("/completions", _fields(request, model, body), spans)


def _template(request: CompletionRequest, model: str) -> Encoded:
    """The texts among the model family's own tokens; without them where a text holds one itself."""
    template = template_of(model)
    context, prefix, suffix = (
        context_text(request.window),
        request.window.prefix,
        request.window.suffix,
    )
    told = f"{context}{prefix}{suffix}"
    if template is None or any(token in told for token in template.tokens):
        return _completion(request, model, "")
    # Where the texts begin is what stands before them once the other one is filled in.
    prompt = template.filled(context + prefix, suffix)
    suffix_first = template.text.index("{suffix}") < template.text.index("{prefix}")
    head = template.text.index("{suffix}" if suffix_first else "{prefix}")
    tail = len(template.text) - template.text.rindex("}") - 1
    last = len(prompt) - tail
    before = last - len(prefix) if suffix_first else head + len(context)
    after = head if suffix_first else last - len(suffix)
    spans = (
        *context_spans(request.window, before - len(context)),
        Span("prefix", before, len(prefix), PartKind.PREFIX.value),
        Span("prefix", after, len(suffix), PartKind.SUFFIX.value),
    )
    fields = _fields(request, model, {"prompt": prompt}, template.stop)
    return Encoded("/completions", fields, spans)


def unstreamed(encoded: Encoded) -> Encoded:
    """The same question, to be answered in one piece."""
    fields = {name: value for name, value in encoded.fields.items() if name != "stream_options"}
    return replace(encoded, fields=fields | {"stream": False})


def _chat(request: CompletionRequest, model: str) -> Encoded:
    text, spans = chat_text(request.window)
    messages = [
        {"role": "system", "content": _INSTRUCTION.format(lines=request.max_lines)},
        {"role": "user", "content": text},
    ]
    return Encoded("/chat/completions", _fields(request, model, {"messages": messages}), spans)


VARIED = 0.4
"""The temperature for alternatives: at 0 all of them are the same, and far above it few are right."""

_MOST_STOPS = 4
"""OpenAI takes no more."""


def _fields(
    request: CompletionRequest, model: str, said: dict[str, Any], stop: tuple[str, ...] = ()
) -> dict[str, Any]:
    body = {"model": model} | said if model else said
    several = request.alternatives > 1
    body |= {
        "max_tokens": request.max_tokens,
        "temperature": VARIED if several else 0,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if several:
        body["n"] = request.alternatives
    if request.max_lines == 1:
        stop = ("\n", *stop)
    if stop:
        body["stop"] = list(stop[:_MOST_STOPS])
    return body
