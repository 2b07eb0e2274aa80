"""Conditions: what is wrong, what of it is a consequence, and what a person should see of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    """How much a condition matters to the person."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class ConditionKind:
    """A condition as it is declared: once, in `CONDITIONS`."""

    code: str
    severity: Severity
    depends_on: tuple[str, ...] = ()
    """Codes of the root causes that silence it."""
    time_to_visible_s: float = 0.0
    """How long it must last before it is shown: what mends itself is never mentioned."""


IDENTITY_REASONS = (
    "identity.no_seat",
    "identity.wrong_group",
    "identity.conditional_access",
    "identity.misconfigured",
)
"""Why signing in again, as such, does not help; `domain.identity.identity_reasons` tells them apart."""

CONDITIONS = {
    kind.code: kind
    for kind in (
        ConditionKind("network.offline", Severity.WARNING, time_to_visible_s=5.0),
        ConditionKind(
            "identity.unreachable",
            Severity.WARNING,
            depends_on=("network.offline",),
            time_to_visible_s=10.0,
        ),
        ConditionKind("session.signed_out", Severity.INFO),
        ConditionKind("session.needs_person", Severity.ERROR, depends_on=IDENTITY_REASONS),
        *(ConditionKind(code, Severity.ERROR) for code in IDENTITY_REASONS),
        ConditionKind(
            "session.renewing",
            Severity.INFO,
            depends_on=(
                "network.offline",
                "identity.unreachable",
                "session.needs_person",
                *IDENTITY_REASONS,
            ),
            time_to_visible_s=2.0,
        ),
        ConditionKind("vault.locked", Severity.INFO, time_to_visible_s=5.0),
        ConditionKind("vault.memory", Severity.INFO),
        ConditionKind(
            "gateway.unreachable",
            Severity.ERROR,
            depends_on=("network.offline",),
            time_to_visible_s=2.0,
        ),
        ConditionKind(
            "gateway.zone_down",
            Severity.INFO,
            depends_on=("gateway.unreachable", "network.offline"),
            time_to_visible_s=2.0,
        ),
        ConditionKind("gateway.slow", Severity.WARNING, depends_on=("gateway.unreachable",)),
        ConditionKind(
            "gateway.unreadable",
            Severity.WARNING,
            depends_on=("gateway.unreachable",),
            time_to_visible_s=2.0,
        ),
        ConditionKind("gateway.scanner_down", Severity.WARNING),
        ConditionKind("gateway.key_unknown", Severity.ERROR),
        ConditionKind("gateway.model_denied", Severity.ERROR),
        ConditionKind(
            "policy.unread",
            Severity.WARNING,
            depends_on=("gateway.unreachable", "network.offline"),
            time_to_visible_s=2.0,
        ),
        ConditionKind(
            "policy.unusable",
            Severity.WARNING,
            depends_on=("gateway.unreachable", "network.offline"),
        ),
        ConditionKind("policy.file_unusable", Severity.WARNING),
        ConditionKind("answer.warned", Severity.INFO),
        ConditionKind("exchange.degraded", Severity.INFO),
        ConditionKind("limit.reached", Severity.WARNING),
        ConditionKind("budget.spent", Severity.WARNING),
        ConditionKind("limit.vendor", Severity.WARNING),
        ConditionKind("completions.paused", Severity.INFO),
        ConditionKind("settings.invalid", Severity.WARNING),
        ConditionKind("storage.unwritable", Severity.WARNING),
        ConditionKind("ledger.damaged", Severity.INFO),
        ConditionKind("gateway.settings", Severity.WARNING),
        ConditionKind("broker.environment_differs", Severity.INFO),
    )
}
"""Every condition Sidelight can report. Each has its sentence in `domain.words` and its line in the docs."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that holds, since when, with the facts its sentence needs."""

    code: str
    since: float
    retry_at: float | None = None
    facts: dict[str, str | int | float] = field(default_factory=dict[str, str | int | float])

    @property
    def kind(self) -> ConditionKind:
        return CONDITIONS[self.code]


def visible(conditions: Iterable[Condition], now: float) -> tuple[Condition, ...]:
    """What to show at `now`: root causes that have lasted, worst first, and no consequences.

    A consequence stays silent as soon as its cause holds, even while the cause itself is too
    young to be shown: otherwise the person would see the wrong one first.
    """
    held = list(conditions)
    codes = {condition.code for condition in held}
    order = (Severity.ERROR, Severity.WARNING, Severity.INFO)
    shown = [
        condition
        for condition in held
        if not codes.intersection(condition.kind.depends_on)
        and now - condition.since >= condition.kind.time_to_visible_s
    ]
    return tuple(sorted(shown, key=lambda c: (order.index(c.kind.severity), c.since, c.code)))


def next_change(conditions: Iterable[Condition], now: float) -> float | None:
    """The next moment at which `visible` will answer differently by time alone."""
    moments = (c.since + c.kind.time_to_visible_s for c in conditions)
    return min((moment for moment in moments if moment > now), default=None)


def hold(
    conditions: tuple[Condition, ...],
    code: str,
    now: float,
    retry_at: float | None = None,
    **facts: str | float,
) -> tuple[Condition, ...]:
    """The conditions with `code` holding; one that already held keeps its `since`."""
    before = next((c for c in conditions if c.code == code), None)
    condition = Condition(code, before.since if before else now, retry_at, dict(facts))
    return (*(c for c in conditions if c.code != code), condition)


def release(conditions: tuple[Condition, ...], *codes: str) -> tuple[Condition, ...]:
    """The conditions without `codes`."""
    return tuple(c for c in conditions if c.code not in codes)
