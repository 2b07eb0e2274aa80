"""What the engine works on: asks of the editor, requests in flight, and how they landed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sidelight_client.api import CompletionRequest, Message, Outcome, Position, Trigger, explain

from .through import Anchor, Suggestion


class Kind(Enum):
    """Where the answer will be shown; each has its own newest ask."""

    INLINE = "inline"
    MENU = "menu"


@dataclass(eq=False, slots=True)
class Ask:
    """One request of the editor.

    Attributes:
        id: the JSON-RPC id.
        at: the cursor; `line` is the text of its line when the editor asked.
        shape: makes the response's result of the texts to insert at `at`; of none, an empty one.
        reply: sends the result; None stands for superseded.
    """

    id: int | str
    kind: Kind
    uri: str
    at: Position
    line: str
    trigger: Trigger
    shape: Callable[[tuple[str, ...], Suggestion | None], Any]
    reply: Callable[[Any], None]
    timer: asyncio.Task[None] | None = None


@dataclass(eq=False, slots=True)
class Flight:
    """One request to the broker that has not ended.

    Attributes:
        sent_s: when it was sent, on the monotonic clock.
        column: characters before its cursor on the line, indentation left out.
    """

    anchor: Anchor
    request: CompletionRequest
    revision: int
    sent_s: float = 0.0
    column: int = 0
    task: asyncio.Task[None] | None = None
    linger: asyncio.Task[None] | None = None
    context_s: float = 0.0
    """How long choosing the text took."""
    budget_chars: int = 0
    """How much text might have gone along."""
    begun_s: float | None = None
    """When the first line of its answer was there; None before."""
    so_far: Suggestion | None = None
    """What may be shown of its answer while that is still coming."""
    shown_early: bool = False
    """Whether an editor got its first lines before the rest was there."""
    patience: asyncio.Task[None] | None = None
    """Waits for the rest of its answer before the first lines are shown."""


@dataclass(frozen=True, slots=True)
class Landing:
    """How one request ended; `offered` says whether the editor got a text of it."""

    uri: str
    request: CompletionRequest
    outcome: Outcome
    offered: bool
    revision: int
    """The document's revision when the request was sent."""
    facts: dict[str, str | float | None]
    """What the sentence about it needs besides the outcome."""
    context_s: float = 0.0
    budget_chars: int = 0
    ahead: bool = False
    """It asked for what follows a suggestion that was nearly typed; nobody waited for it yet."""

    def explanation(self) -> Message | None:
        """Why it brought nothing, in words; None where there is nothing to explain."""
        return explain(self.outcome, self.facts)
