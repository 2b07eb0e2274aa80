"""`sidelight.explain`: why there is nothing here, what was sent for it, and what was slow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sidelight_client.api import (
    Broker,
    CompletionRequest,
    Explained,
    Message,
    Position,
    Settings,
    Tier,
    Trigger,
    WindowLimits,
    explain,
    ledger_message,
    mostly_cut,
    new_trace_id,
    say,
    slow_stage,
    take,
)

from ..deciding.policy import Because
from ..documents.document import TextDocument
from ..documents.documents import Documents
from .content_findings import ContentFindings
from .finding_words import reality, standing
from .notices import Notices
from .silences import Quiet, Silences, Silent, Story


class Explaining:
    """Answers for the documents of one session."""

    def __init__(
        self,
        broker: Broker,
        documents: Documents,
        silences: Silences,
        *,
        notices: Notices,
        findings: ContentFindings,
        settings: Callable[[], Settings],
    ) -> None:
        self._broker = broker
        self._documents = documents
        self._silences = silences
        self._notices = notices
        self._findings = findings
        self._settings = settings

    def place(self, uri: str, at: Position | None) -> Explained | None:
        """The answer for a place of a document; None for one that is not open here.

        A finding under the cursor comes first, then the latest that happened in its line, then in
        the document, then what stands in the way now.
        """
        document = self._documents.get(uri)
        if document is None:
            return None
        line = at.line if at is not None else None
        found = self._finding(document, at)
        silent = self._silences.why(uri, line)
        story = self._silences.latest(uri, line)
        if silent is None and story is None and line is not None:
            # A line nothing was asked in: what happened elsewhere would be no answer to it.
            now = self.now(document, at or Position(0, 0))
            return found or now
        told = self._latest(silent, story)
        if told is None:
            told = self.now(document, at or Position(0, 0))
        if found is None:
            return told
        return Explained(found.message, found.trace_id, (*found.more, *told.more))

    def request(self, trace_id: str) -> Explained | None:
        """The answer for one request, while it is known."""
        story = self._silences.story(trace_id)
        if story is not None:
            return self._told(story)
        found = self._notices.explanation(trace_id)
        return Explained(found[0], trace_id) if found is not None else None

    def latest(self) -> Explained | None:
        """The latest request that brought nothing."""
        found = self._notices.latest
        if found is None:
            return None
        return self.request(found[1]) or Explained(*found)

    def now(self, document: TextDocument, at: Position) -> Explained:
        """What would become of a request made now; nothing is sent to find out."""
        settings = self._settings()
        if not settings.flag("completions.enabled"):
            return Explained(say("trigger.switched_off"))
        if document.language in settings.items("completions.languages_off"):
            return Explained(say("trigger.language_off"))
        limits = WindowLimits(
            settings.number("context.prefix_chars"), settings.number("context.suffix_chars")
        )
        request = CompletionRequest(
            new_trace_id(),
            self._broker.document(document.uri, document.language),
            take(document.lines, at, document.uri, limits),
            trigger=Trigger.INVOKED,
        )
        outcome = self._broker.weighed(request)
        message = None if outcome is None else explain(outcome, self._facts(document))
        return Explained(message or say("silence.never_asked"))

    def _facts(self, document: TextDocument) -> dict[str, str | float | None]:
        return {
            "name": self._broker.snapshot().gateway.name,
            "language": document.language,
            "deadline_ms": self._settings().number(f"tiers.{Tier.FAST}.deadline_ms"),
        }

    def _finding(self, document: TextDocument, at: Position | None) -> Explained | None:
        if at is None:
            return None
        for notice in self._notices.at(document.uri, at, at):
            return Explained(notice.message, notice.trace_id, line=at.line)
        for finding in self._findings.at(document.uri, at, at):
            return Explained(standing(finding), more=(reality(finding),), line=at.line)
        return None

    def _latest(self, silent: Silent | None, story: Story | None) -> Explained | None:
        if silent is not None and (story is None or silent.at >= story.at):
            return self._quiet(silent, story)
        return self._told(story) if story is not None else None

    def _quiet(self, silent: Silent, story: Story | None) -> Explained:
        why = silent.why
        more = () if story is None else _more(story)
        trace_id = story.trace_id if story is not None else ""
        if isinstance(why, Because):
            message = say(f"trigger.{why.value}")
        elif isinstance(why, Quiet):
            message = say(f"silence.{why.value}")
        else:
            told = self._silences.story(why)
            if told is not None:
                return self._told(told, nothing=True)
            message, trace_id, more = say("silence.broke"), why, ()
        return Explained(message, trace_id, more, silent.at, silent.line)

    @staticmethod
    def _told(story: Story, *, nothing: bool = False) -> Explained:
        message = story.message
        if message is None and (nothing or not story.offered):
            message = say("silence.empty" if not story.offered else "silence.typed_on")
        if message is None:
            timings = story.timings
            took_ms = (timings.total_s if timings is not None else 0.0) * 1000
            facts = {"source": story.source, "tier": story.tier.value, "took_ms": f"{took_ms:.0f}"}
            message = say("silence.shown", facts)
        return Explained(message, story.trace_id, _more(story), story.at, story.line)


def _more(story: Story) -> tuple[Message, ...]:
    found = [ledger_message(story.ledger, story.budget_tokens, story.tier)]
    cut = mostly_cut(story.ledger, story.tier)
    if cut is not None:
        found.append(cut)
    if story.timings is not None:
        slow = slow_stage(story.timings, story.context_s, story.target_ms, story.tier)
        if slow is not None:
            found.append(slow[1])
    return tuple(found)


def payload(explained: Explained) -> dict[str, Any]:
    """The answer as a client gets it: `text` is all of it, in paragraphs."""
    message = explained.message
    return {
        "code": message.code,
        "title": message.title,
        "what": message.what,
        "means": message.means,
        "do": message.do,
        "traceId": explained.trace_id or None,
        "more": [_said(one) for one in explained.more],
        "at": explained.at,
        "line": explained.line,
        "text": explained.text,
    }


def _said(message: Message) -> dict[str, str]:
    return {"code": message.code, "title": message.title, "text": message.text}
