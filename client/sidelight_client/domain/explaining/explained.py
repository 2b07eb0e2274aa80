"""An answer to "why is there nothing here?", as an editor's session gives it to whoever asks."""

from __future__ import annotations

from dataclasses import dataclass

from ..words.catalogue import Message


@dataclass(frozen=True, slots=True)
class Explained:
    """What is to be said about one place of a document. It never holds text of the document.

    Attributes:
        message: the reason.
        trace_id: of the request it is about; empty where none was made.
        more: what else is worth knowing: what was sent, what was slow.
        at: when it happened, in seconds since the epoch; None for what is so now.
        line: the line it happened in; None where it is about the whole document.
    """

    message: Message
    trace_id: str = ""
    more: tuple[Message, ...] = ()
    at: float | None = None
    line: int | None = None

    @property
    def text(self) -> str:
        """The whole, as paragraphs."""
        first = f"{self.message.title}. {self.message.text}"
        return "\n\n".join((first, *(one.text for one in self.more)))
