"""Decisions about a model in this process: how many threads, how much context, where it stops."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

CONTEXT_TOKENS = 512
"""What a local model is given to read. Reading is what takes long here: a cold prompt of 1,000 tokens
took SmolLM2 7 s and Qwen2.5-Coder 1.5B 21 s on one busy core."""
SUFFIX_TOKENS = 96
"""Of these, what stands after the cursor: it is read again with every keystroke."""
CHARS_PER_TOKEN = 3
"""Code has about 3.2 characters a token for both models; a low figure keeps the budget."""
COLLAPSED_SHARE = 0.25
"""Decoding at less than this share of its best counts as collapsed."""
COUNTED_TOKENS = 8
"""Shorter answers say nothing about speed."""


def threads(cores: int) -> int:
    """Half the cores. With all of them llama.cpp waits for cores that others use: on a busy machine
    with two, one thread wrote 35 tokens a second and two wrote 1.6.
    """
    return max(1, cores // 2)


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a model writes with so many threads.

    Attributes:
        threads: in use.
        best: the fastest seen with them, in tokens a second; None before the first answer.
    """

    threads: int
    best: float | None = None


def paced(pace: Pace, tokens: int, seconds: float) -> Pace:
    """The pace after one more answer; with one thread when decoding has collapsed."""
    if tokens < COUNTED_TOKENS or seconds <= 0:
        return pace
    speed = tokens / seconds
    if pace.best is None:
        return replace(pace, best=speed)
    if pace.threads > 1 and speed < COLLAPSED_SHARE * pace.best:
        return Pace(1)
    return replace(pace, best=max(pace.best, speed))


@dataclass(frozen=True, slots=True)
class Context:
    """What the model is given of what was sent."""

    prefix: str
    suffix: str


def budgeted(prefix: str, suffix: str, tokens: int = CONTEXT_TOKENS) -> Context:
    """The text nearest to the cursor that fits into `tokens`.

    The line it begins with is chosen by what stands in it, not by how far it is away: while a person
    types, the context begins at the same line, and the model has read all but the end already.
    """
    after = suffix[: min(SUFFIX_TOKENS, tokens // 4) * CHARS_PER_TOKEN]
    room = tokens * CHARS_PER_TOKEN - len(after)
    if len(prefix) <= room:
        return Context(prefix, after)
    kept = prefix[-room:]
    starts = _line_starts(kept, room // 2)
    if not starts:
        return Context(kept, after)
    start = min(starts, key=lambda at: zlib.crc32(kept[at : kept.find("\n", at)].encode()))
    return Context(kept[start:], after)


def _line_starts(text: str, end: int) -> list[int]:
    """Where lines of `text` begin that begin before `end` and have an end themselves."""
    found: list[int] = []
    at = text.find("\n") + 1
    while 0 < at < end and (next_at := text.find("\n", at) + 1):
        found.append(at)
        at = next_at
    return found


def stops(suffix: str, asked: tuple[str, ...]) -> tuple[str, ...]:
    """Where the model stops: at the line's end in the middle of a line, else at the first gap."""
    in_line = bool(suffix.partition("\n")[0].strip())
    return tuple(dict.fromkeys((*asked, "\n" if in_line else "\n\n")))


@dataclass(frozen=True, slots=True)
class Written:
    """How one answer ended.

    Attributes:
        finish: `stop` or `length`, as OpenAI's API names them.
        prompt_tokens: of the prompt; `cached_tokens` of them had been read before.
        output_tokens: written.
        write_s: seconds it wrote for; reading the prompt does not count.
    """

    finish: str = "stop"
    prompt_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    write_s: float = 0.0


class Engine(Protocol):
    """A loaded model. Every call blocks, and all of them come from one thread at a time."""

    def write(
        self, prompt: str, max_tokens: int, stop: tuple[str, ...], heard: Callable[[str], bool]
    ) -> Written:
        """Go on after `prompt`; `heard` gets each piece and answers whether to go on.

        `heard` is also called with nothing, while the prompt is read. Raises EngineError.
        """
        ...

    def close(self) -> None: ...


class EngineError(Exception):
    """The model could not be loaded, or would not answer; the text holds nothing of the prompt."""


Load = Callable[[int], Engine]
"""Loads the model with so many threads. Raises EngineError."""
