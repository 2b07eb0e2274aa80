"""What one event of an answer says, in each shape there is: text, book-keeping, its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..domain.completion import MOST_ALTERNATIVES, Source, SourceKind, TokenUse
from .profile import Ended, Piece, StreamPart, Told
from .untrusted import amount, count, items, mapping, member, text

LONGEST_LABEL = 120

_ANTHROPIC = frozenset(
    (
        "message",
        "message_start",
        "message_delta",
        "message_stop",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "ping",
    )
)


def parts(event: Mapping[str, Any]) -> tuple[StreamPart, ...] | None:
    """The parts of a chunk or of a whole answer; None for what has no answer's shape."""
    if isinstance(event.get("choices"), list):
        return _openai(event)
    if event.get("type") in _ANTHROPIC:
        return _anthropic(event)
    if isinstance(event.get("content"), str) and isinstance(event.get("stop"), bool):
        return _llamacpp(event)
    if isinstance(event.get("done"), bool):
        return _ollama(event)
    return None


def _openai(event: Mapping[str, Any]) -> tuple[StreamPart, ...]:
    """Completions and chat; in Mistral's stream the completions are chat-shaped."""
    told = Told(_openai_tokens(event), _source(event), _model(event))
    found: list[StreamPart] = [told]
    for place, choice in enumerate(map(mapping, items(event.get("choices"), MOST_ALTERNATIVES))):
        index = count(choice.get("index"))
        said = choice.get("text")
        for shape in ("delta", "message"):
            if said is None:
                said = mapping(choice.get(shape)).get("content")
        if isinstance(said, str) and said:
            found.append(Piece(said, place if index is None else index))
        if choice.get("finish_reason") is not None:
            found.append(Ended())
    return tuple(found)


def _openai_tokens(event: Mapping[str, Any]) -> TokenUse | None:
    """With `usage.cost` of OpenRouter and of LiteLLM's streams."""
    usage = mapping(event.get("usage"))
    if not usage:
        return None
    details = mapping(usage.get("prompt_tokens_details"))
    return TokenUse(
        count(usage.get("prompt_tokens")),
        count(details.get("cached_tokens")),
        count(usage.get("completion_tokens")),
        amount(usage.get("cost")),
    )


def _anthropic(event: Mapping[str, Any]) -> tuple[StreamPart, ...]:
    """The Messages API, streamed and whole."""
    message = mapping(event.get("message")) or event
    tokens = _anthropic_tokens(mapping(message.get("usage")))
    found: list[StreamPart] = [Told(tokens, None, _model(message))]
    if event.get("type") == "message":
        blocks = items(event.get("content"), 100)
        pieces = [mapping(block).get("text") for block in blocks]
    else:
        pieces = [mapping(event.get("delta")).get("text")]
    found += [Piece(piece) for piece in pieces if isinstance(piece, str) and piece]
    if event.get("type") in ("message", "message_stop"):
        found.append(Ended())
    return tuple(found)


def _anthropic_tokens(usage: Mapping[str, Any]) -> TokenUse | None:
    """`input_tokens` leaves out what came from the cache or went into it."""
    if not usage:
        return None
    fresh, cached = count(usage.get("input_tokens")), count(usage.get("cache_read_input_tokens"))
    written = count(usage.get("cache_creation_input_tokens")) or 0
    prompt = None if fresh is None else fresh + (cached or 0) + written
    return TokenUse(prompt, cached, count(usage.get("output_tokens")))


def _llamacpp(event: Mapping[str, Any]) -> tuple[StreamPart, ...]:
    """`/infill` and `/completion`: bare objects, the last of which says `stop`."""
    found: list[StreamPart] = []
    if event["content"]:
        found.append(Piece(event["content"]))
    if event["stop"]:
        timings = mapping(event.get("timings"))
        tokens = TokenUse(
            count(event.get("tokens_evaluated")),
            count(timings.get("cache_n")),
            count(event.get("tokens_predicted")),
        )
        found += [Told(tokens, None, _model(event)), Ended()]
    return tuple(found)


def _ollama(event: Mapping[str, Any]) -> tuple[StreamPart, ...]:
    """`/api/generate` and `/api/chat`."""
    said = event.get("response") or mapping(event.get("message")).get("content")
    found: list[StreamPart] = [Piece(said)] if isinstance(said, str) and said else []
    if event["done"]:
        tokens = TokenUse(
            count(event.get("prompt_eval_count")), None, count(event.get("eval_count"))
        )
        found += [Told(tokens, None, _model(event)), Ended()]
    return tuple(found)


def _model(event: Mapping[str, Any]) -> str:
    return text(event.get("model"), LONGEST_LABEL)


def _source(event: Mapping[str, Any]) -> Source | None:
    said = mapping(mapping(event.get("sidelight")).get("source"))
    kind, label = member(SourceKind, said.get("kind")), text(said.get("label"), LONGEST_LABEL)
    return Source(kind, label) if kind is not None and label else None
