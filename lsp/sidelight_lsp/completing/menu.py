"""`textDocument/completion`: the same suggestions as menu entries, for clients without ghost text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sidelight_client.api import Position, Range

from ..acceptance.shown import Shown
from ..documents.document import Edit, TextDocument
from ..documents.documents import Documents
from ..wire.plain import find, text, whole
from .answers import Answer, answers
from .asks import Ask, Kind
from .engine import Engine
from .inline import accept_command
from .menu_trigger import menu_trigger
from .through import Suggestion

TRIGGER_CHARACTERS = (".", "(", "[", "=")
MAX_LABEL = 80
_PLAIN_TEXT = 1
_KIND_TEXT = 1
_ITEM_SORTS_FIRST = "!"


class MenuCompletion:
    """The feature of one session; offered only where an editor draws no ghost text, or when asked for.

    Attributes:
        client: the editor's name, by which it is known when it asks by itself.
    """

    def __init__(
        self,
        engine: Engine,
        documents: Documents,
        shown: Shown,
        max_lines: Callable[[], int],
        now_s: Callable[[], float],
    ) -> None:
        """`now_s` is the monotonic clock."""
        self.client = ""
        self._engine = engine
        self._documents = documents
        self._shown = shown
        self._max_lines = max_lines
        self._now_s = now_s
        self._edited_s: dict[str, float] = {}
        documents.listen(self._edited)

    def request(self, message_id: int | str, params: Any, reply: Callable[[Any], None]) -> None:
        """Handle one request; `reply` is called exactly once, now or later, or the ask cancelled."""
        document = self._documents.get(text(find(params, "textDocument", "uri")))
        at = document.position(find(params, "position")) if document is not None else None
        if document is None or at is None:
            reply({"isIncomplete": True, "items": []})
            return
        line = document.line(at.line)

        def shape(texts: tuple[str, ...], suggestion: Suggestion | None) -> Any:
            offered = answers(line, at.character, texts, max_lines=self._max_lines())
            self._shown.replied(document, at, line, offered, suggestion)
            items = [
                item(document, at, line, one, suggestion=suggestion)
                for one in offered
                if suggestion is not None
            ]
            # Incomplete, so that editors ask again instead of filtering what is already stale.
            return {"isIncomplete": True, "items": items}

        kind = whole(find(params, "context", "triggerKind"))
        rested_s = self._now_s() - self._edited_s.get(document.uri, 0.0)
        self._engine.ask(
            Ask(
                id=message_id,
                kind=Kind.MENU,
                uri=document.uri,
                at=at,
                line=line,
                trigger=menu_trigger(kind, self.client, rested_s),
                shape=shape,
                reply=reply,
            )
        )

    def _edited(self, document: TextDocument, edit: Edit | None) -> None:
        if edit is not None or self._documents.get(document.uri) is document:
            self._edited_s[document.uri] = self._now_s()
        else:
            self._edited_s.pop(document.uri, None)


def item(
    document: TextDocument,
    at: Position,
    line: str,
    offered: Answer,
    *,
    suggestion: Suggestion,
) -> dict[str, Any]:
    """One menu entry that continues the word before the cursor.

    Editors filter entries by the typed word, so filter text and label begin with it.
    """
    word = typed_word(line[: at.character])
    first = (word + offered.text).split("\n", 1)[0]
    place = Range(Position(at.line, offered.start - len(word)), Position(at.line, offered.end))
    label = first.strip() or offered.text.strip().split("\n", 1)[0]
    return {
        "label": label if len(label) <= MAX_LABEL else label[: MAX_LABEL - 1] + "…",
        "kind": _KIND_TEXT,
        "detail": suggestion.source.label,
        "filterText": first or word or label,
        "sortText": _ITEM_SORTS_FIRST,
        "insertTextFormat": _PLAIN_TEXT,
        "textEdit": {"range": document.lsp_range(place), "newText": word + offered.text},
        "command": accept_command(suggestion.trace_id),
    }


def typed_word(before: str) -> str:
    """The word that ends at the cursor, as editors' menus see it."""
    start = len(before)
    while start and (before[start - 1].isalnum() or before[start - 1] == "_"):
        start -= 1
    return before[start:]
