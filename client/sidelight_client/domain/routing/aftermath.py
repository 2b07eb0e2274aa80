"""What one exchange with the gateway teaches about the gateway: breaker, budget and conditions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import assert_never

from ..failure import Failure, FailureKind
from ..health import Condition, hold, release
from ..spending.budget import Budget, Reading, Scope, Unit, exhaust, observe
from . import breaker as circuit
from .breaker import Breaker, BreakerState

_NOT_ANSWERING = ("network.offline", "gateway.unreachable")
_OF_ONE_ANSWER = (
    "gateway.slow",
    "gateway.unreadable",
    "gateway.scanner_down",
    "gateway.key_unknown",
    "gateway.model_denied",
    "limit.vendor",
)
_NOTES = {"policy.warned": "answer.warned", "degraded": "exchange.degraded"}
"""The condition each of a gateway's reservations is told as."""
_LIMITS = {
    FailureKind.LIMIT_USER: Scope.USER,
    FailureKind.LIMIT_TEAM: Scope.TEAM,
    FailureKind.LIMIT_ORG: Scope.ORG,
}
DEFAULT_PAUSE_S = 60.0
"""How long a limit is respected when the gateway does not say until when it holds."""


@dataclass(frozen=True, slots=True)
class Lessons:
    """The broker's facts about the gateway, before and after an exchange."""

    breaker: Breaker
    budget: Budget
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Exchange:
    """One exchange as it went, without its text.

    Attributes:
        failure: None when the answer was complete.
        took_s: from sending to the end.
        name: the gateway's, for sentences.
        trace_id: for sentences a person may have to pass on.
        readings: limits the answer told of.
        notes: the gateway's reservations about an answer: `policy.warned`, `degraded`.
        elsewhere: another address of the gateway can be asked instead, so it is not down.
    """

    failure: Failure | None
    took_s: float
    name: str
    trace_id: str
    readings: tuple[Reading, ...] = ()
    notes: tuple[str, ...] = ()
    elsewhere: bool = False


def learn(before: Lessons, seen: Exchange, now: float) -> Lessons:
    """The facts after `seen`."""
    if seen.failure is None:
        return Lessons(
            circuit.succeeded(before.breaker, seen.took_s, now),
            observe(before.budget, seen.readings, now),
            _noted(release(before.conditions, *_NOT_ANSWERING, *_OF_ONE_ANSWER), seen, now),
        )
    return _learn_from(before, seen, seen.failure, now)


def forget_silence(conditions: tuple[Condition, ...]) -> tuple[Condition, ...]:
    """The conditions without "does not answer": it answered, or whether it does is open again."""
    return release(conditions, *_NOT_ANSWERING)


def _learn_from(before: Lessons, seen: Exchange, failure: Failure, now: float) -> Lessons:
    kind = failure.kind
    budget = observe(before.budget, seen.readings, now)
    alive = circuit.succeeded(before.breaker, seen.took_s, now)
    answered = replace(before, budget=budget, breaker=alive)
    answered = replace(answered, conditions=forget_silence(before.conditions))
    retry_at = None if failure.retry_delay_s is None else now + failure.retry_delay_s
    match kind:
        case FailureKind.OFFLINE:
            return _unreachable(before, "network.offline", failure, seen, now)
        case FailureKind.UPSTREAM_DOWN:
            return _unreachable(before, "gateway.unreachable", failure, seen, now)
        case FailureKind.UPSTREAM_TIMEOUT:
            return _too_late(before, seen, now)
        case FailureKind.LIMIT_USER | FailureKind.LIMIT_TEAM | FailureKind.LIMIT_ORG:
            spent = _exhausted(budget, failure, _LIMITS[kind], Unit.REQUESTS, now)
            return replace(answered, budget=spent)
        case FailureKind.BUDGET_EXCEEDED:
            said = failure.facts.get("scope")
            scope = Scope(said) if said in set(Scope) else Scope.USER
            spent = _exhausted(budget, failure, scope, Unit.COST, now)
            return replace(answered, budget=spent)
        case FailureKind.LIMIT_VENDOR:
            pause = failure.retry_delay_s or DEFAULT_PAUSE_S
            held = hold(answered.conditions, "limit.vendor", now, now + pause)
            return replace(answered, conditions=held)
        case FailureKind.AUTH_INVALID:
            return _hold(answered, "gateway.key_unknown", now)
        case FailureKind.AUTH_MODEL_DENIED:
            model = str(failure.facts.get("model", ""))
            return _hold(answered, "gateway.model_denied", now, model=model)
        case FailureKind.POLICY_UNAVAILABLE:
            return _hold(answered, "gateway.scanner_down", now, trace_id=seen.trace_id)
        case FailureKind.CAPABILITY_MISSING if failure.unprocessed:
            return answered
        case FailureKind.UNKNOWN | FailureKind.CAPABILITY_MISSING:
            status = failure.status or 0
            held = hold(
                answered.conditions,
                "gateway.unreadable",
                now,
                retry_at,
                status=status,
                trace_id=seen.trace_id,
            )
            return replace(answered, conditions=held)
        case (
            FailureKind.AUTH_EXPIRED
            | FailureKind.POLICY_BLOCKED
            | FailureKind.REPO_PROHIBITED
            | FailureKind.CONTEXT_EXCEEDED
        ):
            return answered
        case _:
            assert_never(kind)


def _noted(conditions: tuple[Condition, ...], seen: Exchange, now: float) -> tuple[Condition, ...]:
    """The conditions with what the gateway remarked on this answer, and without older remarks."""
    held = release(conditions, *(code for note, code in _NOTES.items() if note not in seen.notes))
    for note in seen.notes:
        if note in _NOTES:
            held = hold(held, _NOTES[note], now)
    return held


def _exhausted(budget: Budget, failure: Failure, scope: Scope, unit: Unit, now: float) -> Budget:
    """The budget without what `failure` says is used up, in the unit it names.

    How many requests may run at once is no purse: the next request may pass in a moment.
    """
    said, limit = failure.facts.get("unit"), failure.facts.get("limit")
    if said not in (None, "") and said not in set(Unit):
        return budget
    known = float(limit) if isinstance(limit, (int, float)) else None
    return exhaust(
        budget,
        scope,
        now,
        _resets_at(failure, now),
        known,
        unit=Unit(said) if said in set(Unit) else unit,
    )


def _unreachable(
    before: Lessons, code: str, failure: Failure, seen: Exchange, now: float
) -> Lessons:
    after = circuit.failed(before.breaker, now, failure.retry_delay_s)
    held = before.conditions
    if not seen.elsewhere:
        held = hold(held, code, now, after.retry_at, name=seen.name)
    return Lessons(after, before.budget, held)


def _too_late(before: Lessons, seen: Exchange, now: float) -> Lessons:
    after = circuit.late(before.breaker, now)
    held = hold(before.conditions, "gateway.slow", now)
    if after.state(now) is not BreakerState.CLOSED and not seen.elsewhere:
        held = hold(held, "gateway.unreachable", now, after.retry_at, name=seen.name)
    return Lessons(after, before.budget, held)


def _hold(before: Lessons, code: str, now: float, **facts: str) -> Lessons:
    return replace(before, conditions=hold(before.conditions, code, now, None, **facts))


def _resets_at(failure: Failure, now: float) -> float:
    said = failure.facts.get("resets_at")
    if isinstance(said, (int, float)) and said > now:
        return float(said)
    return now + (failure.retry_delay_s or DEFAULT_PAUSE_S)
