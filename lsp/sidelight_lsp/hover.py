"""`textDocument/hover`: the whole explanation over the characters it is about."""

from __future__ import annotations

from lsprotocol import types

from .diagnostics import lsp_range
from .documents import Documents
from .notices import Notice, Notices
from .server import SidelightServer


def register(server: SidelightServer, documents: Documents, notices: Notices) -> None:
    """Serve hovers over findings; everywhere else there is nothing of ours to show."""

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    def hover(params: types.HoverParams) -> types.Hover | None:
        document = documents.get(params.text_document.uri)
        if document is None:
            return None
        place = {"line": params.position.line, "character": params.position.character}
        at = document.position(place)
        found = notices.at(document.uri, at, at) if at is not None else ()
        if not found:
            return None
        # Plain text: a rule's words come from the gateway and must not become links or markup.
        text = "\n\n".join(explanation(notice) for notice in found)
        contents = types.MarkupContent(kind=types.MarkupKind.PlainText, value=text)
        return types.Hover(contents=contents, range=lsp_range(document, found[0]))


def explanation(notice: Notice) -> str:
    """A finding's whole explanation, as plain paragraphs."""
    message = notice.message
    lines = [
        f"{message.title} ({notice.masked})",
        message.text,
        f"Rule {notice.rule} · trace id {notice.trace_id}",
    ]
    if notice.appeal_url:
        lines.append(notice.appeal_url)
    return "\n".join(lines)
