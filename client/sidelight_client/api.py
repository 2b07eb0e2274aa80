"""The façade the language server and the tray use; they import nothing else of this package."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from .domain.budget import Budget, Purse, Scope, Unit
from .domain.completion import (
    DEADLINE_S,
    Blocked,
    Completed,
    CompletionRequest,
    Finding,
    Limited,
    Outcome,
    Source,
    SourceKind,
    Tier,
    Timings,
    TokenUse,
    Trigger,
    Unauthorized,
    UnauthorizedReason,
    Unavailable,
    UnavailableReason,
)
from .domain.diagnosis_session import RenewalSeen, SessionSeen
from .domain.explain import explain
from .domain.health import CONDITIONS, Condition, Severity, visible
from .domain.place import Document, Position, Range
from .domain.session import Phase
from .domain.snapshot import Snapshot, State
from .domain.window import Cut, CutReason, Part, PartKind, Window, WindowLimits, take
from .domain.words import Message, say
from .ports import Clock, SignInFailed, SignInPrompt
from .settings import Settings
from .trace import new_trace_id

Subscription = Callable[[], None]
"""Call it to stop being told."""


class Broker(Protocol):
    """What a session in the broker process may ask of the broker.

    Architecture invariant: no method returns or takes a token.
    """

    @property
    def clock(self) -> Clock: ...

    @property
    def settings(self) -> Settings: ...

    async def complete(self, request: CompletionRequest) -> Outcome:
        """Answer one completion. Cancelling the task aborts it up to the gateway's socket."""
        ...

    def document(self, uri: str, language: str) -> Document:
        """The document with its repository, from what is known at once."""
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

    def pause(self, until: float | None) -> None:
        """Send nothing until `until`; None goes on at once."""
        ...

    def retry_now(self) -> None:
        """Let the next request try the gateway whatever the breaker says."""
        ...

    def accepted(self, trace_id: str) -> None:
        """A person accepted the suggestion of `trace_id`."""
        ...


__all__ = [
    "CONDITIONS",
    "DEADLINE_S",
    "Blocked",
    "Broker",
    "Budget",
    "Clock",
    "Completed",
    "CompletionRequest",
    "Condition",
    "Cut",
    "CutReason",
    "Document",
    "Finding",
    "Limited",
    "Message",
    "Outcome",
    "Part",
    "PartKind",
    "Phase",
    "Position",
    "Purse",
    "Range",
    "RenewalSeen",
    "Scope",
    "SessionSeen",
    "Settings",
    "Severity",
    "SignInFailed",
    "SignInPrompt",
    "Snapshot",
    "Source",
    "SourceKind",
    "State",
    "Subscription",
    "Tier",
    "Timings",
    "TokenUse",
    "Trigger",
    "Unauthorized",
    "UnauthorizedReason",
    "Unavailable",
    "UnavailableReason",
    "Unit",
    "Window",
    "WindowLimits",
    "explain",
    "new_trace_id",
    "say",
    "take",
    "visible",
]
