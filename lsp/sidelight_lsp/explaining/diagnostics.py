"""Findings and hints as diagnostics: pulled by clients that offer it, pushed to all others."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from sidelight_client.api import ContentFinding, Message, Range

from ..documents.document import TextDocument
from ..documents.documents import Documents
from ..wire.messages import DiagnosticSeverity
from ..wire.server import SidelightServer, document_uri
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
            self._server.request("workspace/diagnostic/refresh", None)
            return
        document = self._documents.get(uri)
        version = {} if document is None else {"version": document.version}
        self._server.notify(
            "textDocument/publishDiagnostics",
            {"uri": uri, **version, "diagnostics": self.of(uri)},
        )

    def of(self, uri: str) -> list[dict[str, Any]]:
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


def diagnostic(document: TextDocument, notice: Notice) -> dict[str, Any]:
    """A notice as every client can show it. The sample is masked; the text never travels."""
    return {
        "range": lsp_range(document, notice.range),
        "severity": DiagnosticSeverity.INFORMATION,
        "code": notice.rule,
        **_link(notice.appeal_url),
        "source": SOURCE,
        "message": f"{notice.message.title} ({notice.masked}). {notice.message.text}",
    }


def finding_diagnostic(document: TextDocument, finding: ContentFinding) -> dict[str, Any]:
    """A finding of the preview; one that stops nothing for sure is a hint."""
    stops = would_stop(finding)
    return {
        "range": lsp_range(document, finding.range),
        "severity": DiagnosticSeverity.INFORMATION if stops else DiagnosticSeverity.HINT,
        "code": finding.rule.id,
        **_link(finding.rule.content.appeal_url),
        "source": SOURCE,
        "message": finding_words.line(finding),
    }


def hint_diagnostic(message: Message) -> dict[str, Any]:
    """A hint about the whole document, on its first line."""
    start = {"line": 0, "character": 0}
    return {
        "range": {"start": start, "end": start},
        "severity": DiagnosticSeverity.HINT,
        "code": message.code,
        "source": SOURCE,
        "message": f"{message.title}. {message.text}",
    }


def lsp_range(document: TextDocument, place: Range) -> dict[str, Any]:
    """A place in the editor's units."""
    return {"start": document.lsp_position(place.start), "end": document.lsp_position(place.end)}


def _link(address: str) -> dict[str, Any]:
    """The link of a diagnostic, where the address is one that a browser may be sent to."""
    try:
        linked = urlsplit(address).scheme in ("http", "https")
    except ValueError:
        return {}
    return {"codeDescription": {"href": address}} if linked else {}


def register(server: SidelightServer, diagnostics: Diagnostics) -> None:
    """Serve `textDocument/diagnostic`."""

    @server.feature(
        "textDocument/diagnostic",
        diagnosticProvider={
            "interFileDependencies": False,
            "workspaceDiagnostics": False,
            "identifier": SOURCE,
        },
    )
    def pulled(params: Any) -> dict[str, Any]:
        return {"kind": "full", "items": diagnostics.of(document_uri(params))}
