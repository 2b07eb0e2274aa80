"""What is kept of a language server session: every message, who sent it, and when."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .lsp_frames import Message


class Direction(StrEnum):
    """Who sent a message, in the words of the protocol's own model."""

    TO_SERVER = "clientToServer"
    TO_CLIENT = "serverToClient"


@dataclass(frozen=True, slots=True)
class Recorded:
    """One message as it went over the wire; `at_s` counts from the start of the session."""

    direction: Direction
    message: Message
    at_s: float
