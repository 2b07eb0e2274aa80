"""`textDocument/codeAction`: what can be done about a finding; only what really works is offered."""

from __future__ import annotations

from lsprotocol import types

from .diagnostics import diagnostic
from .documents import Documents
from .notices import Notices
from .server import SidelightServer


def register(server: SidelightServer, documents: Documents, notices: Notices) -> None:
    """Serve the quick fixes of findings."""

    @server.feature(
        types.TEXT_DOCUMENT_CODE_ACTION,
        types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix]),
    )
    def actions(params: types.CodeActionParams) -> list[types.CodeAction]:
        document = documents.get(params.text_document.uri)
        only = params.context.only
        if document is None or (only and types.CodeActionKind.QuickFix not in only):
            return []
        start, end = (
            document.position({"line": place.line, "character": place.character})
            for place in (params.range.start, params.range.end)
        )
        if start is None or end is None:
            return []
        offered: list[types.CodeAction] = []
        for notice in notices.at(document.uri, start, end):
            about = [diagnostic(document, notice)]
            for title, command, argument in (
                (f"Explain: {notice.message.title}", "sidelight.explain", notice.trace_id),
                ("Copy trace id", "sidelight.copyTraceId", notice.trace_id),
            ):
                offered.append(
                    types.CodeAction(
                        title=title,
                        kind=types.CodeActionKind.QuickFix,
                        diagnostics=about,
                        command=types.Command(title=title, command=command, arguments=[argument]),
                    )
                )
        return offered
