"""The no-op language server: pygls keeps the documents and answers every question with nothing.

What stands between it and `echo.py` is what the usual library costs, what stands between Sidelight
and it is what a suggestion costs. It is started as a script of its own.
"""

from __future__ import annotations

from lsprotocol import types
from pygls.lsp.server import LanguageServer

server = LanguageServer(
    "no-op", "1", text_document_sync_kind=types.TextDocumentSyncKind.Incremental
)


@server.feature(types.TEXT_DOCUMENT_INLINE_COMPLETION)
def complete(_: types.InlineCompletionParams) -> types.InlineCompletionList:
    """No suggestion."""
    return types.InlineCompletionList(items=[])


@server.feature(types.TEXT_DOCUMENT_HOVER)
def hover(_: types.HoverParams) -> None:
    """Nothing to show; the benchmarks ask it where they wait for all changes to be taken."""


if __name__ == "__main__":
    server.start_io()
