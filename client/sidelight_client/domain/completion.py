"""One completion: the question, and the closed union of the ways it can end."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from .answers.filters import FilterReason
from .place import Document, Range
from .spending.budget import Scope
from .window import Window


class Tier(StrEnum):
    """Which class of model answers, and so how long the person is willing to wait."""

    FAST = "fast"
    STANDARD = "standard"
    HEAVY = "heavy"


class TierReason(StrEnum):
    """Why a tier answers, in words that follow "because"."""

    TYPING = "typing"
    ASKED = "asked"
    CHOSEN = "chosen"
    FILES = "files"
    SIZE = "size"
    REWRITE = "rewrite"
    ESCALATED = "escalated"
    """A lower tier's answer did not hold."""


MOST_ALTERNATIVES = 3
"""So many texts a person looks through; each one more is paid for and hardly ever seen."""

DEADLINE_S = {Tier.FAST: 0.3, Tier.STANDARD: 8.0, Tier.HEAVY: 90.0}
"""Seconds to the first answer, by tier; `tiers.*.deadline_ms` may change them."""


class Trigger(StrEnum):
    """Whether the person asked or only typed."""

    AUTOMATIC = "automatic"
    INVOKED = "invoked"


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """Everything the broker needs to answer one completion."""

    trace_id: str
    """32 lower-case hex digits, as in W3C `traceparent`; the same id joins logs, gateway and PR."""
    document: Document
    window: Window
    tier: Tier = Tier.FAST
    trigger: Trigger = Trigger.AUTOMATIC
    max_tokens: int = 64
    max_lines: int = 4
    client: str = ""
    """The editor's name and version, for the list of connected editors."""
    tier_reasons: tuple[TierReason, ...] = ()
    """Why this tier; see `router`."""
    redact: bool = False
    """The person chose to have values replaced before this is sent."""
    alternatives: int = 1
    """How many texts are asked for, all in one request: more than one only where a person asked.
    A gateway that gives one at a time gives one."""
    file: str = field(default="", repr=False)
    """The whole document, where values may be replaced: no placeholder may stand in it. It never
    leaves this process."""


class SourceKind(StrEnum):
    """What produced a suggestion."""

    WORKSPACE = "workspace"
    MODEL = "model"
    CACHE = "cache"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a suggestion comes from, as the person sees it ("workspace match: db/utils.py:41")."""

    kind: SourceKind
    label: str


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds spent in each stage of one request."""

    queue_s: float = 0.0
    gateway_s: float = 0.0
    first_s: float | None = None
    """From sending to the first text; None when nothing came."""
    total_s: float = 0.0


Number = TypeVar("Number", int, float)


def _sum(one: Number | None, other: Number | None) -> Number | None:
    if one is None or other is None:
        return other if one is None else one
    return one + other


@dataclass(frozen=True, slots=True)
class TokenUse:
    """Tokens as the gateway counted them; None where it did not say."""

    prompt: int | None = None
    cached: int | None = None
    output: int | None = None
    cost: float | None = None
    """What the answer cost, in the gateway's own currency."""

    def plus(self, other: TokenUse) -> TokenUse:
        """What two answers used together, as far as it was told."""
        return TokenUse(
            _sum(self.prompt, other.prompt),
            _sum(self.cached, other.cached),
            _sum(self.output, other.output),
            _sum(self.cost, other.cost),
        )


@dataclass(frozen=True, slots=True)
class Finding:
    """Text a rule objects to, at its place in the person's document. Never the matched text."""

    rule: str
    uri: str
    range: Range
    masked: str
    """A sample with the same shape and no digit or letter of the original beyond the last two."""


class UnavailableReason(StrEnum):
    """Why no answer could be had although nothing forbids one."""

    OFFLINE = "offline"
    GATEWAY_DOWN = "gateway_down"
    BREAKER_OPEN = "breaker_open"
    DEADLINE = "deadline"
    PAUSED = "paused"
    SWITCHED_OFF = "switched_off"
    LANGUAGE_OFF = "language_off"
    LANGUAGE_PAUSED = "language_paused"
    CONTEXT_TOO_LARGE = "context_too_large"
    SCANNER_DOWN = "scanner_down"
    RULES_NOT_READY = "rules_not_ready"
    """What may leave is not known yet, and the organisation wants it looked at before anything does."""
    REFUSED = "refused"
    """The gateway answered with something this version cannot read; the status is in `status`."""


class UnauthorizedReason(StrEnum):
    """Why the session cannot be used for this request."""

    SIGNED_OUT = "signed_out"
    RENEWING = "renewing"
    NEEDS_PERSON = "needs_person"
    KEY_UNKNOWN = "key_unknown"
    MODEL_DENIED = "model_denied"


@dataclass(frozen=True, slots=True)
class ReviewLabel:
    """A rule that wants a person to review what a suggestion becomes; `why` is in its own words."""

    rule: str
    why: str = ""
    owner: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Completed:
    """Text to offer; `texts` may be empty when the model had nothing to add."""

    trace_id: str
    texts: tuple[str, ...]
    source: Source
    tier: Tier
    timings: Timings
    tokens: TokenUse = TokenUse()
    model: str = ""
    notes: tuple[str, ...] = ()
    """The gateway's reservations about its answer: `policy.warned`, `degraded`."""
    filtered: FilterReason | None = None
    """Why less is offered than the model wrote, or nothing; None when it is all of it."""
    tier_reasons: tuple[TierReason, ...] = ()
    """Why `tier` answered."""
    review: ReviewLabel | None = None
    """The rule of the place under which it may be used; None where there is no such rule."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """A rule forbids it: by the content sent, or by where the file is."""

    trace_id: str
    rule: str
    title: str
    why: str
    findings: tuple[Finding, ...] = ()
    owner: str = ""
    appeal_url: str = ""
    by_gateway: bool = True
    """False when a local rule stopped it before anything was sent."""
    local_only: bool = False
    """The rule allows a model on this machine, which the gateway is not."""


@dataclass(frozen=True, slots=True)
class Limited:
    """A budget is used up. `None` where the gateway did not say."""

    trace_id: str
    scope: Scope
    unit: str
    limit: int | float | None
    used: int | float | None
    resets_at: float | None


@dataclass(frozen=True, slots=True)
class Unavailable:
    """No answer for now; `retry_at` is when the next try makes sense."""

    trace_id: str
    reason: UnavailableReason
    retry_at: float | None = None
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Unauthorized:
    """The session or its rights do not allow the request."""

    trace_id: str
    reason: UnauthorizedReason
    detail: str = ""


Outcome = Completed | Blocked | Limited | Unavailable | Unauthorized
"""Every way a completion can end; finish a `match` over it with `assert_never`."""
