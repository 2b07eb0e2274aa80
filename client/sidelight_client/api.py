"""The façade the language server and the tray use; they import nothing else of this package."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from .domain.answers.brackets import CLOSING_TAIL, PAIRS, QUOTES, SEPARATORS, scan_brackets
from .domain.answers.filters import FilterReason
from .domain.completion import (
    DEADLINE_S,
    MOST_ALTERNATIVES,
    Blocked,
    Completed,
    CompletionRequest,
    Finding,
    Limited,
    Outcome,
    Source,
    SourceKind,
    Tier,
    TierReason,
    Timings,
    TokenUse,
    Trigger,
    Unauthorized,
    UnauthorizedReason,
    Unavailable,
    UnavailableReason,
)
from .domain.content.marks import MARK_COMMENT, ContentPlace, Mark, MarksFile, as_toml
from .domain.content.preview import ContentPreview
from .domain.content.rule import RuleSource
from .domain.content.scan_state import ContentFinding, ScanLimits, ScanState
from .domain.content.verdict import Answer, RealReason
from .domain.explaining.explain import NOT_REDACTABLE, explain
from .domain.explaining.explained import Explained
from .domain.explaining.sent_text import SentText
from .domain.explaining.sent_words import sent_document
from .domain.explaining.window_words import file_name, ledger_message, mostly_cut, slow_stage
from .domain.feedback import (
    Failed,
    Feedback,
    FeedbackResult,
    NoEndpoint,
    Sent,
    Subject,
    feedback,
    form_address,
    told,
)
from .domain.file_uri import path_of
from .domain.health import CONDITIONS, Condition, Severity, visible
from .domain.identity.diagnosis_session import RenewalSeen, SessionSeen
from .domain.identity.session import Phase
from .domain.identity.sign_in_reasons import sign_in_failure
from .domain.pauses import LanguagePause, is_language
from .domain.place import Document, Position, Range
from .domain.policy.organisation import RedactionMode
from .domain.provenance import (
    CHECK_AFTER_S,
    Provenance,
    Way,
    around,
    joined,
    look_again,
    provenance,
)
from .domain.routing.tier_router import RequestKind, Route, Task, route
from .domain.service.episodes import ShownNotice
from .domain.service.incidents import Incident, Level, Service, Stage, Update
from .domain.service.uptime import Day, PastIncident, Uptime
from .domain.snapshot import Snapshot, State
from .domain.spending.budget import Budget, Purse, Scope, Unit
from .domain.spending.governor import UNLIMITED, Pace, lasts_until, pace, price
from .domain.spending.usage_view import HourBar, UsageView
from .domain.spending.value import Moment, Place, freshness, place_of, value
from .domain.window import (
    Cut,
    CutReason,
    Part,
    PartKind,
    Why,
    Window,
    WindowLimits,
    end_of,
    take,
)
from .domain.window.budget import WindowPace, limits_for, paced
from .domain.window.chunks import CHUNK_LINES, Chunk, chunk_of, rows_around
from .domain.window.context import Neighbour, assemble, head_rows, kept_out, select
from .domain.window.imports import defined, definition_end, imported, is_module, wanted
from .domain.window.ledger import Entry, WindowLedger, ledger_of
from .domain.window.similarity import fingerprint
from .domain.window.tokens_estimate import TokenRates, byte_count, learn
from .domain.words.catalogue import Message, say
from .ports import Clock, SignInFailed, SignInPrompt
from .settings import Settings
from .trace import new_trace_id

Subscription = Callable[[], None]
"""Call it to stop being told."""


class Attention(Protocol):
    """How a person is reached beside the editor: what they see, and who can show them something."""

    def mute(self, until: float | None) -> None:
        """Show no notifications until `until`; None shows them again."""
        ...

    def panel_opened(self) -> Subscription:
        """Tell that the person looks at a panel, until the returned function is called.

        Meanwhile no notification is shown: the panel says the same.
        """
        ...

    def shows_notices(self, show: Callable[[ShownNotice], None]) -> Subscription:
        """Offer to show notifications where this system leaves them to the tray.

        The one who offered last is asked.
        """
        ...


class Broker(Protocol):
    """What a session in the broker process may ask of the broker.

    Architecture invariant: no method returns or takes a token.
    """

    @property
    def clock(self) -> Clock: ...

    @property
    def settings(self) -> Settings: ...

    async def complete(
        self, request: CompletionRequest, so_far: Callable[[str], None] | None = None
    ) -> Outcome:
        """Answer one completion. Cancelling the task aborts it up to the gateway's socket.

        Args:
            request: what to complete.
            so_far: called on the broker's loop while the answer is still coming, each time one more
                line of it is complete, with what may be shown of it by then. More only adds to it,
                or shows that its end has to go; what it came to is the outcome.
        """
        ...

    def document(self, uri: str, language: str) -> Document:
        """The document with its repository, from what is known at once."""
        ...

    def may_leave(self, uri: str, language: str) -> bool:
        """Whether text of the document may be sent to this gateway, also as context of another.

        From what is known at once, like `document`.
        """
        ...

    def snapshot(self) -> Snapshot: ...

    def diagnosis(self) -> SessionSeen:
        """What only this process knows of the session, for `sidelight doctor`."""
        ...

    def subscribe(self, changed: Callable[[Snapshot], None]) -> Subscription:
        """Call `changed` after every change, on the broker's loop, until unsubscribed."""
        ...

    def editor_connected(self, name: str) -> Subscription:
        """Show an editor in the snapshot until the returned function is called."""
        ...

    def completions_expected(self) -> None:
        """A file was opened or a window has the focus: have a connection to the gateway ready.

        It returns at once and may be called as often as that happens.
        """
        ...

    def workspace_opened(self, folder: Path) -> Subscription:
        """Tell that an editor works in `folder`, until the returned function is called.

        The embedded gateway completes from it; a gateway elsewhere never hears of it.
        """
        ...

    async def sign_in(
        self, show: Callable[[SignInPrompt], None], *, device: bool = False
    ) -> SignInFailed | None:
        """Sign a person in; None when it worked. Concurrent callers share one sign-in."""
        ...

    async def sign_out(self) -> None: ...

    def asks_person(self, ask: Callable[[Message, str], None]) -> Subscription:
        """Call `ask` with a sentence and a trace id when only a person can renew the session.

        Only the newest listener is asked, once per dead session across all processes, and only
        when a request was turned away because of it: nobody is asked for what nobody misses.
        """
        ...

    @property
    def preview(self) -> ContentPreview | None:
        """The content rules in force; another object whenever they change, None before they are read."""
        ...

    def content_place(self, uri: str) -> ContentPlace:
        """What a document's path and its workspace's marks say about values in it.

        Equal while nothing about it changed; a change is told like any other (`subscribe`).
        """
        ...

    def marks_file(self, uri: str) -> MarksFile | None:
        """Where a mark for values of a document would be written; None for what is no file."""
        ...

    @property
    def scratch(self) -> Path | None:
        """A folder only this person can read, for files that are gone with their session."""
        ...

    def sent(self, trace_id: str) -> SentText | None:
        """What was sent for a request; kept in memory for the latest ones only."""
        ...

    def weighed(self, request: CompletionRequest) -> Outcome | None:
        """Why `request` would bring nothing if it were made now; None when nothing stands in its way.

        Nothing is sent and nobody is asked anything.
        """
        ...

    def explains(self, explain: Callable[[str, Position | None], Explained | None]) -> Subscription:
        """Ask `explain` when somebody wants to know about a document, until unsubscribed."""
        ...

    def explanation(self, uri: str, at: Position | None) -> Explained | None:
        """Why there was nothing at a place, from the session that has the document open."""
        ...

    def pause(self, until: float | None, language: str = "") -> None:
        """Send nothing until `until`, or nothing in one language; None ends that pause at once."""
        ...

    @property
    def attention(self) -> Attention:
        """How the person is reached beside the editor."""
        ...

    def retry_now(self) -> None:
        """Let the next request try the gateway whatever the breaker says."""
        ...

    async def usage(self) -> UsageView:
        """What this person used today; where it cannot be read, the view says so."""
        ...

    async def feedback(
        self, subject: Subject, rule: str, trace_id: str, reason: str, form_url: str = ""
    ) -> FeedbackResult:
        """Send a person's own words to whoever owns a rule or a limit, once.

        Words in which a content rule finds something are not sent. A soft limit's reason goes this
        way as well, and nothing depends on its being given.

        Args:
            subject: what it is about.
            rule: its id; may be empty for a limit.
            trace_id: of the request it is about; may be empty.
            reason: the person's words.
            form_url: the rule's own form, for where the gateway takes no messages.
        """
        ...

    def accepted(self, trace_id: str) -> None:
        """A person accepted the suggestion of `trace_id`."""
        ...

    def note_provenance(self, known: Provenance) -> None:
        """Keep where a suggestion went and how much of it is left, in place of what was known."""
        ...


__all__ = [
    "CHECK_AFTER_S",
    "CHUNK_LINES",
    "CLOSING_TAIL",
    "CONDITIONS",
    "DEADLINE_S",
    "MARK_COMMENT",
    "MOST_ALTERNATIVES",
    "NOT_REDACTABLE",
    "PAIRS",
    "QUOTES",
    "SEPARATORS",
    "UNLIMITED",
    "Answer",
    "Attention",
    "Blocked",
    "Broker",
    "Budget",
    "Chunk",
    "Clock",
    "Completed",
    "CompletionRequest",
    "Condition",
    "ContentFinding",
    "ContentPlace",
    "ContentPreview",
    "Cut",
    "CutReason",
    "Day",
    "Document",
    "Entry",
    "Explained",
    "Failed",
    "Feedback",
    "FeedbackResult",
    "FilterReason",
    "Finding",
    "HourBar",
    "Incident",
    "LanguagePause",
    "Level",
    "Limited",
    "Mark",
    "MarksFile",
    "Message",
    "Moment",
    "Neighbour",
    "NoEndpoint",
    "Outcome",
    "Pace",
    "Part",
    "PartKind",
    "PastIncident",
    "Phase",
    "Place",
    "Position",
    "Provenance",
    "Purse",
    "Range",
    "RealReason",
    "RedactionMode",
    "RenewalSeen",
    "RequestKind",
    "Route",
    "RuleSource",
    "ScanLimits",
    "ScanState",
    "Scope",
    "Sent",
    "SentText",
    "Service",
    "SessionSeen",
    "Settings",
    "Severity",
    "ShownNotice",
    "SignInFailed",
    "SignInPrompt",
    "Snapshot",
    "Source",
    "SourceKind",
    "Stage",
    "State",
    "Subject",
    "Subscription",
    "Task",
    "Tier",
    "TierReason",
    "Timings",
    "TokenRates",
    "TokenUse",
    "Trigger",
    "Unauthorized",
    "UnauthorizedReason",
    "Unavailable",
    "UnavailableReason",
    "Unit",
    "Update",
    "Uptime",
    "UsageView",
    "Way",
    "Why",
    "Window",
    "WindowLedger",
    "WindowLimits",
    "WindowPace",
    "around",
    "as_toml",
    "assemble",
    "byte_count",
    "chunk_of",
    "defined",
    "definition_end",
    "end_of",
    "explain",
    "feedback",
    "file_name",
    "fingerprint",
    "form_address",
    "freshness",
    "head_rows",
    "imported",
    "is_language",
    "is_module",
    "joined",
    "kept_out",
    "lasts_until",
    "learn",
    "ledger_message",
    "ledger_of",
    "limits_for",
    "look_again",
    "mostly_cut",
    "new_trace_id",
    "pace",
    "paced",
    "path_of",
    "place_of",
    "price",
    "provenance",
    "route",
    "rows_around",
    "say",
    "scan_brackets",
    "select",
    "sent_document",
    "sign_in_failure",
    "slow_stage",
    "take",
    "told",
    "value",
    "visible",
    "wanted",
]
