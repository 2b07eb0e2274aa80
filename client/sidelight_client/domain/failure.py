"""What a gateway's refusal or silence means: the closed list of kinds, and one failure's facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class FailureKind(StrEnum):
    """The taxonomy every gateway's answers are read into; `unknown` keeps its status."""

    AUTH_EXPIRED = "auth.expired"
    AUTH_INVALID = "auth.invalid"
    AUTH_MODEL_DENIED = "auth.model_denied"
    POLICY_BLOCKED = "policy.blocked"
    POLICY_UNAVAILABLE = "policy.unavailable"
    CONTEXT_EXCEEDED = "context.exceeded"
    LIMIT_USER = "limit.user"
    LIMIT_TEAM = "limit.team"
    LIMIT_ORG = "limit.org"
    LIMIT_VENDOR = "limit.vendor"
    BUDGET_EXCEEDED = "budget.exceeded"
    UPSTREAM_TIMEOUT = "upstream.timeout"
    UPSTREAM_DOWN = "upstream.down"
    CAPABILITY_MISSING = "capability.missing"
    REPO_PROHIBITED = "repo.prohibited"
    OFFLINE = "offline"
    """The request never left this machine: no route, no name, connection refused."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class RuleHit:
    """One match of a content rule, as offsets into the sent text of one part kind.

    It never holds the matched text.
    """

    rule: str
    part: str
    """`prefix` or `suffix`: which of the sent texts the offsets count in."""
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed request. No raw gateway message is kept: it may name keys, models or matched text."""

    kind: FailureKind
    status: int | None = None
    retry_delay_s: float | None = None
    hits: tuple[RuleHit, ...] = ()
    facts: Mapping[str, str | int | float] = field(default_factory=dict[str, str | int | float])
    """Facts for the sentence: `limit`, `used`, `unit`, `scope`, `resets_at`, `got`, `model`, `rule`,
    `title`, `why`, `contact`, `appeal_url`, and `claims`, which the next token must carry."""
    unprocessed: bool = False
    """Known not to have reached a model, so that it may be asked again at once: it was never sent, a
    proxy answered 502 or 503 before anything else, or it was refused for the way it was asked in
    and there is another one."""
