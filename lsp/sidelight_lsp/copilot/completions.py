"""`getCompletions` of the Copilot dialect: the suggestions as whole lines, as copilot.lua wants them.

It shows an item only if its range begins at column 0; the text then begins with the line so far.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sidelight_client.api import Position, Range, Trigger

from ..acceptance.shown import Shown
from ..completing.answers import Answer, answers
from ..completing.asks import Ask, Kind
from ..completing.engine import Engine
from ..completing.through import Suggestion
from ..documents.document import TextDocument
from ..documents.documents import Documents
from ..wire.plain import find, text

Reply = Callable[[Any], None]

NO_COMPLETIONS: dict[str, Any] = {"completions": []}


class CopilotCompletions:
    """The feature of one session. It never answers with an error, and never with null."""

    def __init__(
        self, engine: Engine, documents: Documents, shown: Shown, max_lines: Callable[[], int]
    ) -> None:
        self._engine = engine
        self._documents = documents
        self._shown = shown
        self._max_lines = max_lines
        self._offered: tuple[str, set[int]] = ("", set())

    def took_all(self, trace_id: str, length: int | None) -> bool:
        """Whether so many UTF-16 units are all of a suggestion; a word or a line of it is not.

        Only the latest answer can be taken, so only that is remembered.
        """
        latest, lengths = self._offered
        return length is None or latest != trace_id or length in lengths

    def automatic(self, message_id: int | str, params: Any, reply: Reply) -> None:
        """`getCompletions`: the person types."""
        self._request(message_id, params, reply, Trigger.AUTOMATIC)

    def cycling(self, message_id: int | str, params: Any, reply: Reply) -> None:
        """`getCompletionsCycling`: the person asked for another one."""
        self._request(message_id, params, reply, Trigger.INVOKED)

    def _request(self, message_id: int | str, params: Any, reply: Reply, trigger: Trigger) -> None:
        # Newer clients repeat the place outside `doc`; older ones have it only there.
        doc = find(params, "doc")
        document = self._documents.get(text(find(doc, "uri")))
        at = document.position(find(doc, "position")) if document is not None else None
        if document is None or at is None:
            reply(NO_COMPLETIONS)
            return
        line, version = document.line(at.line), find(doc, "version")

        def shape(texts: tuple[str, ...], suggestion: Suggestion | None) -> Any:
            offered = answers(line, at.character, texts, max_lines=self._max_lines())
            self._shown.replied(document, at, line, offered, suggestion)
            if suggestion is None:
                return NO_COMPLETIONS
            completions = [
                completion(document, at, line, one, trace_id=suggestion.trace_id)
                | {"docVersion": version}
                for one in offered
            ]
            self._offered = suggestion.trace_id, {utf_16_units(c["text"]) for c in completions}
            return {"completions": completions}

        self._engine.ask(
            Ask(
                id=message_id,
                kind=Kind.INLINE,
                uri=document.uri,
                at=at,
                line=line,
                trigger=trigger,
                shape=shape,
                reply=lambda result: reply(NO_COMPLETIONS if result is None else result),
            )
        )


def completion(
    document: TextDocument, at: Position, line: str, offered: Answer, *, trace_id: str
) -> dict[str, Any]:
    """One suggestion as a replacement of the line up to where the suggestion ends."""
    place = Range(Position(at.line, 0), Position(at.line, offered.end))
    return {
        "uuid": trace_id,
        "text": line[: offered.start] + offered.text,
        "displayText": offered.text[at.character - offered.start :],
        "range": document.lsp_range(place),
        "position": document.lsp_position(at),
    }


def utf_16_units(content: str) -> int:
    """How long a text is as the dialect counts."""
    return len(content.encode("utf-16-le", "surrogatepass")) // 2
