"""`textDocument/codeAction`: what can be done about a finding; only what really works is offered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sidelight_client.api import (
    NOT_REDACTABLE,
    Broker,
    ContentFinding,
    Range,
    RedactionMode,
    RuleSource,
)

from ..documents.document import TextDocument
from ..documents.documents import Documents
from ..window.client import Client
from ..wire.plain import find, sequence
from ..wire.server import InvalidParamsError, SidelightServer, document_uri
from .content_findings import ContentFindings, would_stop
from .diagnostics import diagnostic, finding_diagnostic, told_by
from .finding_words import standing
from .fixture_marks import comment_edit, toml_edit
from .notices import Notice, Notices

QUICK_FIX = "quickfix"


@dataclass(frozen=True, slots=True)
class _About:
    """What actions are offered about.

    Attributes:
        stops: whether a request is refused because of it.
        stated: whether somebody stated the rule, so that an exception can be asked for.
    """

    document: TextDocument
    shown: dict[str, Any]
    range: Range
    title: str
    rule: str
    trace_id: str
    stops: bool
    stated: bool

    @property
    def argument(self) -> dict[str, Any]:
        """What a command needs to find it again. It holds no text."""
        return {
            "uri": self.document.uri,
            "position": self.document.lsp_position(self.range.start),
            "rule": self.rule,
            "traceId": self.trace_id or None,
        }


def register(
    server: SidelightServer,
    broker: Broker,
    client: Client,
    *,
    documents: Documents,
    notices: Notices,
    findings: ContentFindings,
) -> None:
    """Serve the quick fixes of findings."""

    @server.feature("textDocument/codeAction", codeActionProvider={"codeActionKinds": [QUICK_FIX]})
    def actions(params: Any) -> list[dict[str, Any]]:
        document = documents.get(document_uri(params))
        only = sequence(find(params, "context", "only"))
        if document is None or (only and QUICK_FIX not in only):
            return []
        start, end = (document.position(find(params, "range", side)) for side in ("start", "end"))
        if start is None or end is None:
            raise InvalidParamsError
        told = notices.at(document.uri, start, end)
        found = findings.at(document.uri, start, end)
        about = [_about_notice(document, notice) for notice in told]
        about += (_about_finding(document, one) for one in found if not told_by(told, one))
        return [
            action
            for one in about
            for action in (
                *_commands(broker, one),
                *_marks(broker, client, documents, one),
            )
        ]


def _about_notice(document: TextDocument, notice: Notice) -> _About:
    return _About(
        document,
        diagnostic(document, notice),
        notice.range,
        notice.message.title,
        notice.rule,
        notice.trace_id,
        stops=True,
        stated=notice.rule != NOT_REDACTABLE,
    )


def _about_finding(document: TextDocument, finding: ContentFinding) -> _About:
    return _About(
        document,
        finding_diagnostic(document, finding),
        finding.range,
        standing(finding).title,
        finding.rule.id,
        "",
        stops=would_stop(finding),
        stated=finding.rule.source is not RuleSource.GUESS,
    )


def _commands(broker: Broker, about: _About) -> Iterator[dict[str, Any]]:
    yield _command(about, f"Explain: {about.title}", "sidelight.explain", about.trace_id)
    preview = broker.preview
    if about.stops and preview is not None and preview.redaction is RedactionMode.ALLOW:
        yield _command(about, "Redact and retry", "sidelight.redact", "")
    if about.stated:
        yield _command(about, "Request exception…", "sidelight.requestException", "")
    if about.trace_id:
        yield _command(about, "Copy trace id", "sidelight.copyTraceId", about.trace_id)
        if broker.sent(about.trace_id) is not None:
            yield _command(about, "What was sent?", "sidelight.whatWasSent", "", show=True)


def _command(
    about: _About, title: str, command: str, argument: str, *, show: bool = False
) -> dict[str, Any]:
    given: Any = argument or {**about.argument, **({"open": True} if show else {})}
    called = {"title": title, "command": command, "arguments": [given]}
    return {**_titled(about, title), "command": called}


def _marks(
    broker: Broker, client: Client, documents: Documents, about: _About
) -> Iterator[dict[str, Any]]:
    """Two ways to say that a value is made up; which one is the person's choice."""
    comment = comment_edit(about.document, about.range.end.line)
    if comment is not None:
        yield {**_titled(about, "Mark as fixture (comment on this line)"), "edit": comment}
    marks = broker.marks_file(about.document.uri)
    if marks is None:
        return
    edit = toml_edit(documents, marks, about.rule, may_create=client.creates_files)
    if edit is not None:
        yield {**_titled(about, f"Mark as fixture (in {marks.path.name})"), "edit": edit}


def _titled(about: _About, title: str) -> dict[str, Any]:
    """What every action says."""
    return {"title": title, "kind": QUICK_FIX, "diagnostics": [about.shown]}
