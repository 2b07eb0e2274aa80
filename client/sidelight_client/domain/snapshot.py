"""Everything a status bar, a tray or a script may show, as one immutable value with an age."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from .health import Condition, Severity, visible
from .identity.session import Phase
from .pauses import LanguagePause
from .place import FileLine
from .policy.data_use import DataUse
from .routing.breaker import BreakerState
from .service.incidents import Service
from .service.uptime import Uptime
from .spending.budget import Budget
from .window.trims import Trim


class State(StrEnum):
    """The one word for the whole; the vocabulary of `$/sidelight/status`."""

    READY = "ready"
    BUSY = "busy"
    SLOW = "slow"
    DEGRADED = "degraded"
    BLOCKED = "blocked"
    THROTTLED = "throttled"
    OFFLINE = "offline"
    SIGNED_OUT = "signedOut"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class SessionView:
    """The session as others may see it: no token, ever."""

    phase: Phase
    account: str = ""
    expires_at: float | None = None
    renews_at: float | None = None
    renewed_at: float | None = None
    renewed_why: str = ""
    vault: str = ""
    """`keyring`, `memory` or `file`."""


@dataclass(frozen=True, slots=True)
class EndpointView:
    """One address of the gateway.

    Attributes:
        breaker: the worst of its tiers.
        retry_at: when it is tried again; None while it is asked as usual.
        tiers: those in which it is not asked as usual.
    """

    url: str
    breaker: BreakerState = BreakerState.CLOSED
    retry_at: float | None = None
    tiers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GatewayView:
    """The gateway as this person experiences it. `None` means unknown, never zero.

    `breaker` and `retry_at` are those of the tier that is worst off, at its best address.
    """

    name: str = ""
    url: str = ""
    profile: str = ""
    embedded: bool = False
    breaker: BreakerState = BreakerState.CLOSED
    retry_at: float | None = None
    p50_s: float | None = None
    p95_s: float | None = None
    in_flight: int = 0
    endpoints: tuple[EndpointView, ...] = ()
    """Every address of the gateway, in the order in which they are preferred."""
    takes_messages: bool | None = None
    """Whether it announces an address for a person's messages (`domain.feedback`)."""
    hears_of_limits: bool | None = None
    """Whether somebody takes what a person says about a limit: the gateway, or a form it names."""


@dataclass(frozen=True, slots=True)
class EditorView:
    """One connected editor window."""

    id: int
    name: str
    since: float


@dataclass(frozen=True, slots=True)
class DecisionView:
    """How one request ended: facts for the list of recent decisions and the usage ledger.

    Attributes:
        sends: how often the gateway was asked; 0 when nothing was sent, 2 after a renewal.
        endpoint: the address that was asked last.
        notes: the gateway's reservations about its answer: `policy.warned`, `degraded`.
        editor: its name and version.
        cost: in the gateway's own currency; None where it did not say.
        trim: what was left out for want of room; None where nothing was.
        place: the line it was about: of the finding where a rule found something, else of the cursor.
        form_url: where a person may ask for an exception from the rule; empty where nobody said.

    Architecture invariant: there is no content in it. `place` is in the broker's memory only: it is
    told on this machine, to this person, and neither the ledger nor another machine gets it.
    """

    trace_id: str
    at: float
    outcome: str
    reason: str
    tier: str
    language: str
    total_s: float
    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    output_tokens: int | None = None
    source: str = ""
    sends: int = 0
    endpoint: str = ""
    model: str = ""
    editor: str = ""
    gateway_s: float | None = None
    first_s: float | None = None
    cost: float | None = None
    notes: tuple[str, ...] = ()
    trim: Trim | None = None
    place: FileLine | None = None
    form_url: str = ""


@dataclass(frozen=True, slots=True)
class CountsView:
    """What this broker has done since it started.

    Attributes:
        requests: how often the gateway was asked for text, repetitions and trials included.
        resent: how many of those were a request's second or third try.
        canaries: how many were trials that found out what a model can do.
    """

    requests: int = 0
    completed: int = 0
    accepted: int = 0
    resent: int = 0
    canaries: int = 0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The whole, true at `as_of`; `seq` grows by one with every change."""

    seq: int
    as_of: float
    version: str
    session: SessionView
    gateway: GatewayView
    budget: Budget = Budget()
    conditions: tuple[Condition, ...] = ()
    editors: tuple[EditorView, ...] = ()
    decisions: tuple[DecisionView, ...] = ()
    """The most recent first; at most twenty."""
    counts: CountsView = CountsView()
    paused_until: float | None = None
    languages_off: tuple[str, ...] = ()
    languages_paused: tuple[LanguagePause, ...] = ()
    muted_until: float | None = None
    """Until when no notification is shown because a person wished so."""
    service: Service = Service()
    """How the gateway is by its status page and by what is seen here, with every incident."""
    uptime: Uptime | None = None
    """The last thirty days; None where nothing is kept."""
    data_use: DataUse | None = None
    """What becomes of the code that is sent; None where the policy does not say."""

    def without_places(self) -> Snapshot:
        """The same for another machine, where names of files of this one have no business."""
        return replace(self, decisions=tuple(replace(one, place=None) for one in self.decisions))

    def state(self, now: float) -> State:
        """The one word, computed from the facts; the first that applies.

        While throttled, offline or signed out it cannot read "ready".
        """
        codes = {condition.code for condition in self.conditions}
        if self.paused_until is not None and now < self.paused_until:
            return State.PAUSED
        if self.session.phase in (Phase.SIGNED_OUT, Phase.NEEDS_PERSON):
            live = self.session.expires_at is not None and now < self.session.expires_at
            if self.session.phase is Phase.SIGNED_OUT or not live:
                return State.SIGNED_OUT
        if "network.offline" in codes:
            return State.OFFLINE
        if self.budget.exhausted(now) is not None or "limit.reached" in codes:
            return State.THROTTLED
        return self._working_state(now)

    def _working_state(self, now: float) -> State:
        """The states in which nothing forbids a request."""
        if self.gateway.breaker is not BreakerState.CLOSED:
            return State.DEGRADED
        seen = visible(self.conditions, now)
        if any(c.kind.severity is Severity.ERROR for c in seen):
            return State.DEGRADED
        if any(c.code == "gateway.slow" for c in seen):
            return State.SLOW
        if any(c.kind.severity is Severity.WARNING for c in seen):
            return State.DEGRADED
        if self.session.phase is Phase.EXPIRED or self.gateway.in_flight:
            return State.BUSY
        return State.READY
