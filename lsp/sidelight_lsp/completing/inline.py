"""`textDocument/inlineCompletion`: reads the request and shapes the ghost text's items."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sidelight_client.api import Position, Trigger

from ..acceptance.shown import Shown
from ..documents.document import TextDocument
from ..documents.documents import Documents
from ..wire.plain import find, mapping, text
from .answers import Answer, Selected, answers
from .asks import Ask, Kind
from .engine import Engine
from .through import Suggestion

INVOKED = 1
"""InlineCompletionTriggerKind.Invoked (LSP 3.18); LSP4IJ sends Automatic even on a manual call."""

ACCEPT_COMMAND = "sidelight.didAccept"


class InlineCompletion:
    """The feature of one session. It never answers with an error."""

    def __init__(
        self, engine: Engine, documents: Documents, shown: Shown, max_lines: Callable[[], int]
    ) -> None:
        self._engine = engine
        self._documents = documents
        self._shown = shown
        self._max_lines = max_lines

    def request(self, message_id: int | str, params: Any, reply: Callable[[Any], None]) -> None:
        """Handle one request; `reply` is called exactly once, now or later, or the ask cancelled."""
        params = mapping(params)
        context = mapping(params.get("context"))
        document = self._documents.get(text(mapping(params.get("textDocument")).get("uri")))
        at = document.position(params.get("position")) if document is not None else None
        if document is None or at is None:
            reply({"items": []})
            return
        invoked = context.get("triggerKind") == INVOKED
        info = context.get("selectedCompletionInfo")
        selected = _selected(document, at, info) if info is not None else None
        line = document.line(at.line)

        def shape(texts: tuple[str, ...], suggestion: Suggestion | None) -> Any:
            most = self._max_lines()
            offered = answers(line, at.character, texts, selected=selected, max_lines=most)
            self._shown.replied(document, at, line, offered, suggestion)
            if suggestion is None:
                return {"items": []}
            return {"items": [item(document, at, one, suggestion.trace_id) for one in offered]}

        self._engine.ask(
            Ask(
                id=message_id,
                kind=Kind.INLINE,
                uri=document.uri,
                at=at,
                line=line,
                trigger=Trigger.INVOKED if invoked else Trigger.AUTOMATIC,
                shape=shape,
                reply=reply,
            )
        )


def item(document: TextDocument, at: Position, offered: Answer, trace_id: str) -> dict[str, Any]:
    """The item that offers an answer at `at`."""
    return {
        "insertText": offered.text,
        "range": document.lsp_columns(at.line, offered.start, offered.end),
        "command": accept_command(trace_id),
    }


def accept_command(trace_id: str) -> dict[str, Any]:
    """The command an editor runs after inserting an item; only the trace id travels."""
    return {"title": "Accepted", "command": ACCEPT_COMMAND, "arguments": [trace_id]}


def _selected(document: TextDocument, at: Position, info: Any) -> Selected | None:
    content = text(find(info, "text"))
    start = document.position(find(info, "range", "start"))
    end = document.position(find(info, "range", "end"))
    if content is None or start is None or end is None:
        return None
    if start.line != at.line or end.line != at.line:
        return None
    return Selected(start.character, end.character, content)
