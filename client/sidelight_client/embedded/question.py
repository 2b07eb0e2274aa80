"""One completion request as its JSON says it, checked field by field before anything is done with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, TypeGuard, TypeVar

from ..domain.completion import MOST_ALTERNATIVES
from .tokens import estimated_tokens

MAX_OUTPUT_TOKENS = 1_024
_MAX_STOPS = 16
_DEFAULT_OUTPUT_TOKENS = 64

T = TypeVar("T")


class QuestionError(ValueError):
    """The body is not a request; the text is a sentence about the first thing that is wrong."""


@dataclass(frozen=True, slots=True)
class Question:
    """A checked request. For a chat, `prompt` is the last user message and `others` the rest."""

    chat: bool
    model: str
    prompt: str
    suffix: str
    others: tuple[str, ...]
    max_tokens: int
    stop: tuple[str, ...]
    stream: bool
    include_usage: bool
    body: Mapping[str, Any]
    """The body as it came, for a model server that understands more of it."""
    alternatives: int = 1
    """OpenAI's `n`."""

    @property
    def prompt_tokens(self) -> int:
        return sum(map(estimated_tokens, (self.prompt, self.suffix, *self.others)))


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`. Raises QuestionError; no constant JSON does not have is accepted."""
    try:
        value = json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise QuestionError("the body is not valid JSON") from None
    if not is_object(value):
        raise QuestionError("the body must be a JSON object")
    return value


def is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    """Whether a value read from JSON is an object; its names are text then."""
    return isinstance(value, dict)


def is_list(value: Any) -> TypeGuard[list[Any]]:
    """Whether a value read from JSON is a list."""
    return isinstance(value, list)


def read_question(body: bytes, *, chat: bool) -> Question:
    """The request in `body`. Raises QuestionError."""
    given = read_object(body)
    options: dict[str, Any] = _of_type(given, "stream_options", dict, {})
    prompt, others = _messages(given) if chat else (_of_type(given, "prompt", str, ""), ())
    return Question(
        chat=chat,
        model=_of_type(given, "model", str, ""),
        prompt=prompt,
        suffix="" if chat else _of_type(given, "suffix", str, ""),
        others=others,
        max_tokens=_max_tokens(given),
        stop=_stop(given),
        stream=_of_type(given, "stream", bool, False),
        include_usage=options.get("include_usage") is True,
        body=given,
        alternatives=_alternatives(given),
    )


def _of_type(given: Mapping[str, Any], name: str, kind: type[T], default: T) -> T:
    value = given.get(name)
    if value is None:
        return default
    if not isinstance(value, kind):
        raise QuestionError(f"{name} must be of type {kind.__name__}")
    return value


def _max_tokens(given: Mapping[str, Any]) -> int:
    value = given.get("max_tokens", given.get("max_completion_tokens"))
    if value is None:
        return _DEFAULT_OUTPUT_TOKENS
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise QuestionError("max_tokens must be a whole number of at least 1")
    return min(value, MAX_OUTPUT_TOKENS)


def _alternatives(given: Mapping[str, Any]) -> int:
    value = _of_type(given, "n", int, 1)
    if isinstance(value, bool) or not 1 <= value <= MOST_ALTERNATIVES:
        raise QuestionError(f"n must be a whole number from 1 to {MOST_ALTERNATIVES}")
    if value > 1 and given.get("stream"):
        raise QuestionError("n must be 1 where the answer is streamed")
    return value


def _stop(given: Mapping[str, Any]) -> tuple[str, ...]:
    value = given.get("stop")
    if value is None:
        return ()
    marks: Any = [value] if isinstance(value, str) else value
    usable = is_list(marks) and all(isinstance(mark, str) for mark in marks)
    if not usable or len(marks) > _MAX_STOPS:
        raise QuestionError(f"stop must be text or a list of at most {_MAX_STOPS} texts")
    return tuple(marks)


def _messages(given: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """The last user message, and the other messages' texts."""
    messages = given.get("messages")
    if not is_list(messages) or not messages:
        raise QuestionError("messages must be a list with at least one message")
    texts: list[tuple[str, str]] = []
    for message in messages:
        if not is_object(message):
            raise QuestionError("each message must be an object")
        texts.append((_of_type(message, "role", str, ""), _content(message.get("content"))))
    last = max((i for i, (role, _) in enumerate(texts) if role == "user"), default=None)
    if last is None:
        raise QuestionError("there is no message of the role user")
    return texts[last][1], tuple(text for i, (_, text) in enumerate(texts) if i != last)


def _content(content: Any) -> str:
    """A message's text: a string, or parts of type text."""
    if content is None or isinstance(content, str):
        return content or ""
    if is_list(content):
        return "".join(_part(part) for part in content)
    raise QuestionError("a message's content must be text")


def _part(part: Any) -> str:
    if is_object(part) and isinstance(part.get("text"), str):
        return str(part["text"])
    raise QuestionError("a message's content must be text")


def _no_constant(_: str) -> NoReturn:
    raise ValueError
