"""Commands about findings and requests: explain, redact, mark, ask for an exception, what was sent."""

from __future__ import annotations

import asyncio
from typing import Any

from sidelight_client.api import (
    Broker,
    Message,
    NoEndpoint,
    Position,
    RedactionMode,
    Subject,
    Trigger,
    form_address,
    say,
    sent_document,
    told,
)

from ..completing.asks import Ask, Kind
from ..completing.engine import Engine
from ..completing.through import Suggestion
from ..documents.documents import Documents
from ..window.client import Client
from ..window.sign_in import show_message
from ..wire.messages import MessageType
from ..wire.plain import find, mapping, text
from ..wire.server import RequestRefusedError, SidelightServer
from .content_findings import ContentFindings
from .fixture_marks import comment_edit, toml_edit
from .notices import Notices
from .sent_files import SentFiles
from .silences import Silences
from .why_nothing import Explaining, payload

REASONS = (
    "The value is made up for a test",
    "The value is published as an example",
    "The rule takes it for something else",
)
"""What a person can choose where the editor has nothing to type a reason into."""


class FindingCommands:
    """The commands of one session."""

    def __init__(
        self,
        server: SidelightServer,
        broker: Broker,
        client: Client,
        *,
        documents: Documents,
        engine: Engine,
        notices: Notices,
        findings: ContentFindings,
        silences: Silences,
        explaining: Explaining,
        redacting: set[str],
    ) -> None:
        """`redacting` holds the documents whose values are replaced before they leave."""
        self._server = server
        self._broker = broker
        self._client = client
        self._documents = documents
        self._engine = engine
        self._notices = notices
        self._findings = findings
        self._silences = silences
        self._explaining = explaining
        self._redacting = redacting
        self._files = SentFiles(broker.scratch)

    def register(self) -> None:
        """Serve them."""
        command = self._server.command
        command("sidelight.explain")(self._explain)
        command("sidelight.whatWasSent")(self._what_was_sent)
        command("sidelight.redact")(self._redact)
        command("sidelight.markFixture")(self._mark_fixture)
        command("sidelight.requestException")(self._request_exception)

    def close(self) -> None:
        """Leave no file behind."""
        self._files.close()

    def _explain(self, *arguments: Any) -> dict[str, Any] | None:
        """Explain a place, a request by its trace id, or the latest that brought nothing."""
        given = arguments[0] if arguments else None
        if isinstance(given, str):
            explained = self._explaining.request(given)
        elif mapping(given):
            uri = text(find(given, "uri")) or text(find(given, "textDocument", "uri")) or ""
            explained = self._explaining.place(uri, self._position(uri, given))
            if explained is None and uri:
                self._say(say("silence.not_followed"))
                return None
        else:
            explained = self._explaining.latest()
        if explained is None:
            return None
        show_message(self._server, explained.text)
        return payload(explained)

    async def _what_was_sent(self, *arguments: Any) -> dict[str, Any]:
        """The exact text of a request, and where the editor can, as a document beside the file.

        A uri alone is asked for by extensions that show the text themselves.
        """
        given = arguments[0] if arguments else None
        uri = given if isinstance(given, str) else text(find(given, "uri"))
        trace_id = text(find(given, "traceId"))
        story = self._silences.latest(uri) if uri else self._silences.last()
        trace_id = trace_id or (story.trace_id if story is not None else None)
        sent = self._broker.sent(trace_id) if trace_id else None
        if sent is None:
            known = story is not None and story.code not in ("content.stopped", "policy.place")
            nothing = say("context.forgotten" if known else "context.nothing_sent")
            return {"text": f"{nothing.title}. {nothing.text}\n", "traceId": trace_id}
        opened = find(given, "open") is True or not self._client.messages
        if opened and self._client.show_document:
            path = await asyncio.to_thread(self._files.write, sent)
            if path is not None:
                shown = {"uri": path.as_uri(), "takeFocus": True}
                self._server.request("window/showDocument", shown)
        return {"text": sent_document(sent), "traceId": trace_id}

    def _redact(self, *arguments: Any) -> dict[str, Any]:
        """Replace values of a document before anything of it leaves, and ask again at once."""
        given = arguments[0] if arguments else None
        uri = text(find(given, "uri")) or ""
        document, preview = self._documents.get(uri), self._broker.preview
        if document is None or preview is None or preview.redaction is RedactionMode.FORBID:
            message = say("redaction.forbidden" if document is not None else "silence.not_followed")
            self._say(message)
            return {"redacting": False, "code": message.code, "text": message.text}
        first = uri not in self._redacting
        self._redacting.add(uri)
        story = self._silences.latest(uri)
        line = (
            story.line if story is not None else (self._position(uri, given) or Position(0, 0)).line
        )
        at = Position(line, len(document.line(line)))
        self._engine.fetch(
            Ask(
                id="",
                kind=Kind.INLINE,
                uri=uri,
                at=at,
                line=document.line(line),
                trigger=Trigger.INVOKED,
                shape=_no_shape,
                reply=_no_reply,
            )
        )
        message = say("redaction.on")
        if first:
            self._say(message)
        return {"redacting": True, "code": message.code, "text": message.text}

    async def _mark_fixture(self, *arguments: Any) -> dict[str, Any]:
        """Mark what is found at a place as made up, by a comment or, with `how` "toml", in the file."""
        given = arguments[0] if arguments else None
        uri = text(find(given, "uri")) or ""
        document, at = self._documents.get(uri), self._position(uri, given)
        rule = text(find(given, "rule")) or self._rule(uri, at)
        edit = None
        if document is not None and at is not None and rule:
            if find(given, "how") == "toml":
                marks = self._broker.marks_file(uri)
                if marks is not None:
                    create = self._client.creates_files
                    edit = toml_edit(self._documents, marks, rule, may_create=create)
            else:
                edit = comment_edit(document, at.line)
        applied = edit is not None and await self._applied(edit)
        message = say("fixture.marked" if applied else "fixture.impossible")
        if not applied:
            self._say(message)
        return {"applied": applied, "code": message.code, "text": message.text}

    async def _applied(self, edit: dict[str, Any]) -> bool:
        params = {"edit": edit, "label": "Mark as fixture"}
        return find(await self._answer("workspace/applyEdit", params), "applied") is True

    async def _request_exception(self, *arguments: Any) -> dict[str, Any]:
        """Hand a reason to whoever owns the rule, or open their form. The value never goes along."""
        given = arguments[0] if arguments else None
        uri = text(find(given, "uri")) or ""
        at = self._position(uri, given)
        rule = text(find(given, "rule")) or self._rule(uri, at)
        if not rule:
            message = say("exception.no_rule")
            self._say(message)
            return {"sent": False, "code": message.code, "text": message.text}
        trace_id = text(find(given, "traceId")) or ""
        reason = text(find(given, "reason")) or text(arguments[-1] if arguments else None)
        if reason is None:
            reason = await self._chosen_reason(rule)
        if reason is None:
            return {"sent": False, "code": None, "text": ""}
        form = self._form(uri, at, rule)
        result = await self._broker.feedback(Subject.EXCEPTION, rule, trace_id, reason, form)
        message = told(result, Subject.EXCEPTION)
        address = ""
        if isinstance(result, NoEndpoint):
            address = form_address(result.form_url, rule, trace_id)
        if address and self._client.show_document:
            self._server.request("window/showDocument", {"uri": address, "external": True})
        else:
            show_message(self._server, f"{message.title}. {message.text} {address}".rstrip())
        return {
            "sent": message.code == "feedback.sent",
            "code": message.code,
            "text": message.text,
            "form": address or None,
        }

    async def _chosen_reason(self, rule: str) -> str | None:
        question = say("exception.asked", {"rule": rule})
        answer = await self._answer(
            "window/showMessageRequest",
            {
                "type": MessageType.INFO,
                "message": f"{question.what} {question.means}",
                "actions": [{"title": reason} for reason in REASONS],
            },
        )
        title = text(find(answer, "title"))
        return title if title in REASONS else None

    async def _answer(self, method: str, params: Any) -> Any:
        try:
            return await self._server.request(method, params)
        except RequestRefusedError:
            return None

    def _position(self, uri: str, given: Any) -> Position | None:
        document = self._documents.get(uri)
        place = find(given, "position") or find(given, "range", "start")
        return document.position(place) if document is not None else None

    def _rule(self, uri: str, at: Position | None) -> str:
        """The rule that objects to something at a place; empty where none does."""
        if at is None:
            return ""
        named = [notice.rule for notice in self._notices.at(uri, at, at)]
        named += (finding.rule.id for finding in self._findings.at(uri, at, at))
        return named[0] if named else ""

    def _form(self, uri: str, at: Position | None, rule: str) -> str:
        """The address a rule names for exceptions."""
        if at is not None:
            for notice in self._notices.at(uri, at, at):
                if notice.rule == rule:
                    return notice.appeal_url
        preview = self._broker.preview
        rules = preview.matcher.rules if preview is not None else ()
        return next((one.content.appeal_url for one in rules if one.id == rule), "")

    def _say(self, message: Message) -> None:
        show_message(self._server, f"{message.title}. {message.text}")


def _no_shape(texts: tuple[str, ...], suggestion: Suggestion | None) -> None:
    """Nobody waits: the editor's next ask finds what came."""
    del texts, suggestion


def _no_reply(result: Any) -> None:
    """See `_no_shape`."""
    del result
