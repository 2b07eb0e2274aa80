"""`textDocument/hover`: the full account of a finding over the characters it is about."""

from __future__ import annotations

from typing import Any

from sidelight_client.api import ContentFinding

from ..documents.documents import Documents
from ..wire.plain import find
from ..wire.server import InvalidParamsError, SidelightServer, document_uri
from . import finding_words
from .content_findings import ContentFindings
from .diagnostics import lsp_range, told_by
from .notices import Notice, Notices


def register(
    server: SidelightServer, documents: Documents, notices: Notices, findings: ContentFindings
) -> None:
    """Serve hovers over findings; everywhere else there is nothing of ours to show."""

    @server.feature("textDocument/hover", hoverProvider=True)
    def hover(params: Any) -> dict[str, Any] | None:
        document = documents.get(document_uri(params))
        if document is None:
            return None
        at = document.position(find(params, "position"))
        if at is None:
            raise InvalidParamsError
        told = notices.at(document.uri, at, at)
        found = findings.at(document.uri, at, at)
        paragraphs = [explanation(notice, found) for notice in told]
        paragraphs += (finding_words.whole(one) for one in found if not told_by(told, one))
        if not paragraphs:
            return None
        # Plain text: a rule's words come from the gateway and must not become links or markup.
        text = "\n\n".join(paragraphs)
        first = told[0].range if told else found[0].range
        return {
            "contents": {"kind": "plaintext", "value": text},
            "range": lsp_range(document, first),
        }


def explanation(notice: Notice, found: list[ContentFinding]) -> str:
    """What the diagnostic does not say of a refused finding, as plain paragraphs."""
    lines = [f"{notice.masked} · rule {notice.rule} · trace id {notice.trace_id}"]
    lines += (
        f"Is it real? {one.real.value.capitalize()}: {finding_words.reality(one).text}"
        for one in found
        if told_by((notice,), one)
    )
    if notice.appeal_url:
        lines.append(notice.appeal_url)
    return "\n".join(lines)
