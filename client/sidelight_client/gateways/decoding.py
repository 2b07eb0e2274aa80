"""What one event of an answer in OpenAI's shape says: text, book-keeping, its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..domain.completion import Source, SourceKind, TokenUse
from .profile import Ended, Piece, StreamPart, Told
from .untrusted import count, items, mapping, member, text

LONGEST_LABEL = 120


def parts(event: Mapping[str, Any]) -> tuple[StreamPart, ...]:
    """The parts of a chunk or of a whole answer, of the completions or the chat kind."""
    told = Told(_tokens(event), _source(event), text(event.get("model"), LONGEST_LABEL))
    found: list[StreamPart] = [told]
    for choice in map(mapping, items(event.get("choices"), 1)):
        said = choice.get("text")
        for shape in ("delta", "message"):
            if said is None:
                said = mapping(choice.get(shape)).get("content")
        if isinstance(said, str) and said:
            found.append(Piece(said))
        if choice.get("finish_reason") is not None:
            found.append(Ended())
    return tuple(found)


def _tokens(event: Mapping[str, Any]) -> TokenUse | None:
    usage = mapping(event.get("usage"))
    if not usage:
        return None
    details = mapping(usage.get("prompt_tokens_details"))
    return TokenUse(
        count(usage.get("prompt_tokens")),
        count(details.get("cached_tokens")),
        count(usage.get("completion_tokens")),
    )


def _source(event: Mapping[str, Any]) -> Source | None:
    said = mapping(mapping(event.get("sidelight")).get("source"))
    kind, label = member(SourceKind, said.get("kind")), text(said.get("label"), LONGEST_LABEL)
    return Source(kind, label) if kind is not None and label else None
