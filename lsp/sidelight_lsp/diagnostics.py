"""Notices as diagnostics: pulled by clients that offer it, pushed to all others."""

from __future__ import annotations

from urllib.parse import urlsplit

from lsprotocol import types

from .document import TextDocument
from .documents import Documents
from .notices import Notice, Notices
from .server import SidelightServer

SOURCE = "sidelight"


class Diagnostics:
    """Shows the notices of one session."""

    def __init__(
        self, server: SidelightServer, documents: Documents, notices: Notices, *, pull: bool
    ) -> None:
        self._server = server
        self._documents = documents
        self._notices = notices
        self._pull = pull

    def changed(self, uri: str) -> None:
        """The notices of a document are others now."""
        if self._pull:
            self._server.workspace_diagnostic_refresh(None)
            return
        document = self._documents.get(uri)
        self._server.text_document_publish_diagnostics(
            types.PublishDiagnosticsParams(
                uri=uri,
                version=document.version if document is not None else None,
                diagnostics=self.of(uri),
            )
        )

    def of(self, uri: str) -> list[types.Diagnostic]:
        """The diagnostics of a document; none for one that is not open."""
        document = self._documents.get(uri)
        if document is None:
            return []
        return [diagnostic(document, notice) for notice in self._notices.of(uri)]


def diagnostic(document: TextDocument, notice: Notice) -> types.Diagnostic:
    """A notice as every client can show it. The sample is masked; the text never travels."""
    linked = urlsplit(notice.appeal_url).scheme in ("http", "https")
    return types.Diagnostic(
        range=lsp_range(document, notice),
        severity=types.DiagnosticSeverity.Information,
        code=notice.rule,
        code_description=types.CodeDescription(href=notice.appeal_url) if linked else None,
        source=SOURCE,
        message=f"{notice.message.title} ({notice.masked}). {notice.message.text}",
    )


def lsp_range(document: TextDocument, notice: Notice) -> types.Range:
    """The notice's place in the editor's units."""
    start, end = (document.lsp_position(p) for p in (notice.range.start, notice.range.end))
    return types.Range(types.Position(**start), types.Position(**end))


def register(server: SidelightServer, diagnostics: Diagnostics) -> None:
    """Serve `textDocument/diagnostic`."""

    @server.feature(
        types.TEXT_DOCUMENT_DIAGNOSTIC,
        types.DiagnosticOptions(
            inter_file_dependencies=False, workspace_diagnostics=False, identifier=SOURCE
        ),
    )
    def pulled(params: types.DocumentDiagnosticParams) -> types.RelatedFullDocumentDiagnosticReport:
        return types.RelatedFullDocumentDiagnosticReport(
            items=diagnostics.of(params.text_document.uri)
        )
