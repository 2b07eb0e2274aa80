"""Findings and hints as diagnostics: pulled by clients that offer it, pushed to all others."""

from __future__ import annotations

from urllib.parse import urlsplit

from lsprotocol import types

from sidelight_client.api import ContentFinding, Message, Range

from ..documents.document import TextDocument
from ..documents.documents import Documents
from ..wire.server import SidelightServer
from . import finding_words
from .content_findings import ContentFindings, would_stop
from .context_hints import ContextHints
from .notices import Notice, Notices

SOURCE = "sidelight"


class Diagnostics:
    """Shows what one session has to say about its documents."""

    def __init__(
        self,
        server: SidelightServer,
        documents: Documents,
        notices: Notices,
        *,
        findings: ContentFindings,
        hints: ContextHints,
        pull: bool,
    ) -> None:
        self._server = server
        self._documents = documents
        self._notices = notices
        self._findings = findings
        self._hints = hints
        self._pull = pull

    def changed(self, uri: str) -> None:
        """What is shown of a document is something else now."""
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
        notices = self._notices.of(uri)
        shown = [diagnostic(document, notice) for notice in notices]
        shown += (
            finding_diagnostic(document, finding)
            for finding in self._findings.of(uri)
            if not told_by(notices, finding)
        )
        hint = self._hints.of(uri)
        return shown if hint is None else [*shown, hint_diagnostic(hint)]


def told_by(notices: tuple[Notice, ...], finding: ContentFinding) -> bool:
    """Whether a refused request showed the same finding: one place is told of once."""
    return any(
        notice.range.start < finding.range.end and finding.range.start < notice.range.end
        for notice in notices
    )


def diagnostic(document: TextDocument, notice: Notice) -> types.Diagnostic:
    """A notice as every client can show it. The sample is masked; the text never travels."""
    return types.Diagnostic(
        range=lsp_range(document, notice.range),
        severity=types.DiagnosticSeverity.Information,
        code=notice.rule,
        code_description=_link(notice.appeal_url),
        source=SOURCE,
        message=f"{notice.message.title} ({notice.masked}). {notice.message.text}",
    )


def finding_diagnostic(document: TextDocument, finding: ContentFinding) -> types.Diagnostic:
    """A finding of the preview; one that stops nothing for sure is a hint."""
    stops = would_stop(finding)
    severity = types.DiagnosticSeverity.Information if stops else types.DiagnosticSeverity.Hint
    return types.Diagnostic(
        range=lsp_range(document, finding.range),
        severity=severity,
        code=finding.rule.id,
        code_description=_link(finding.rule.content.appeal_url),
        source=SOURCE,
        message=finding_words.line(finding),
    )


def hint_diagnostic(message: Message) -> types.Diagnostic:
    """A hint about the whole document, on its first line."""
    start = types.Position(0, 0)
    return types.Diagnostic(
        range=types.Range(start, start),
        severity=types.DiagnosticSeverity.Hint,
        code=message.code,
        source=SOURCE,
        message=f"{message.title}. {message.text}",
    )


def lsp_range(document: TextDocument, place: Range) -> types.Range:
    """A place in the editor's units."""
    start, end = (document.lsp_position(p) for p in (place.start, place.end))
    return types.Range(types.Position(**start), types.Position(**end))


def _link(address: str) -> types.CodeDescription | None:
    """A link, where the address is one that a browser may be sent to."""
    try:
        linked = urlsplit(address).scheme in ("http", "https")
    except ValueError:
        return None
    return types.CodeDescription(href=address) if linked else None


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
