"""What the broker knows, and the snapshot computed from it."""

from __future__ import annotations

from dataclasses import dataclass, field

from .domain.breaker import Breaker, BreakerState
from .domain.budget import Budget
from .domain.completion import Completed, CompletionRequest, Outcome
from .domain.health import Condition, hold
from .domain.latency import Latencies
from .domain.policy import Policy
from .domain.snapshot import (
    CountsView,
    DecisionView,
    EditorView,
    GatewayView,
    SessionView,
    Snapshot,
)
from .ports import GatewayInfo
from .settings import SETTINGS, Layer, Settings

DECISIONS_KEPT = 20


@dataclass(slots=True)
class BrokerFacts:
    """The facts; nothing here is derived from anything else here.

    Attributes:
        info: what discovery found; None before it did.
        conditions: of the gateway; those of the session are the keeper's.
        sends: how often the gateway was asked, by trace id, for the requests that are under way.
    """

    version: str
    info: GatewayInfo | None = None
    breaker: Breaker = field(default_factory=Breaker)
    budget: Budget = field(default_factory=Budget)
    policy: Policy = field(default_factory=Policy)
    conditions: tuple[Condition, ...] = ()
    latencies: Latencies = field(default_factory=Latencies)
    in_flight: int = 0
    paused_until: float | None = None
    editors: tuple[EditorView, ...] = ()
    decisions: tuple[DecisionView, ...] = ()
    counts: CountsView = field(default_factory=CountsView)
    sends: dict[str, int] = field(default_factory=dict[str, int])
    seq: int = 0


def gateway_name(facts: BrokerFacts, settings: Settings) -> str:
    """What the gateway is called in sentences: its own name, or its address before it said one."""
    return facts.info.name if facts.info is not None else settings.text("gateway")


def snapshot_of(
    facts: BrokerFacts,
    settings: Settings,
    session: SessionView,
    session_conditions: tuple[Condition, ...],
    now: float,
) -> Snapshot:
    """Everything a status may show, true at `now`."""
    state = facts.breaker.state(now)
    info = facts.info
    return Snapshot(
        seq=facts.seq,
        as_of=now,
        version=facts.version,
        session=session,
        gateway=GatewayView(
            name=info.name if info else "",
            url=info.url if info else settings.text("gateway"),
            profile=info.profile if info else "",
            embedded=info.embedded if info else False,
            breaker=state,
            retry_at=facts.breaker.retry_at if state is BreakerState.OPEN else None,
            p50_s=facts.latencies.percentile(0.5),
            p95_s=facts.latencies.percentile(0.95),
            in_flight=facts.in_flight,
        ),
        budget=facts.budget.at(now),
        conditions=_conditions(facts, settings, session_conditions, now),
        editors=facts.editors,
        decisions=facts.decisions,
        counts=facts.counts,
        paused_until=_still(facts.paused_until, now),
        languages_off=settings.items("completions.languages_off"),
    )


def _still(until: float | None, now: float) -> float | None:
    return until if until is not None and now < until else None


def _conditions(
    facts: BrokerFacts, settings: Settings, session: tuple[Condition, ...], now: float
) -> tuple[Condition, ...]:
    # The vault and the ledger lie in one folder: what keeps both from writing is told once.
    codes = {condition.code for condition in session}
    held = tuple(c for c in facts.conditions if c.code not in codes) + session
    for problem in settings.problems[:1]:
        source = {Layer.ENVIRONMENT: _variable(problem.key)}.get(
            problem.layer, f"the {problem.layer.value} layer"
        )
        held = hold(
            held, "settings.invalid", now, key=problem.key, source=source, problem=problem.problem
        )
    if _still(facts.paused_until, now) is not None and facts.paused_until is not None:
        held = hold(held, "completions.paused", now, until=facts.paused_until)
    spent = facts.budget.exhausted(now)
    if spent is not None:
        held = hold(
            held,
            "limit.reached",
            now,
            spent.resets_at,
            scope=spent.scope.value,
            unit=spent.unit.value,
            limit=spent.limit,
            **({} if spent.resets_at is None else {"resets_at": spent.resets_at}),
        )
    return held


def _variable(key: str) -> str:
    return SETTINGS[key].environment_name if key in SETTINGS else key


def next_change_at(facts: BrokerFacts, now: float) -> float | None:
    """The next moment at which the snapshot changes by time alone; None while nothing waits."""
    moments = [facts.paused_until, facts.breaker.retry_at]
    moments += [purse.resets_at for purse in facts.budget.purses if purse.empty]
    moments += [c.since + c.kind.time_to_visible_s for c in facts.conditions]
    return min((m for m in moments if m is not None and m > now), default=None)


def decision_of(
    request: CompletionRequest,
    outcome: Outcome | None,
    took_s: float,
    at: float,
    *,
    sends: int = 0,
    endpoint: str = "",
) -> DecisionView:
    """One request as the recent decisions and the ledger show it: numbers and ids, never content.

    Args:
        request: what was asked.
        outcome: how it ended; None when nobody waited for the end, because the text had changed.
        took_s: seconds it took.
        at: when it ended.
        sends: how often the gateway was asked.
        endpoint: the gateway's address.
    """
    done = outcome if isinstance(outcome, Completed) else None
    return DecisionView(
        trace_id=request.trace_id,
        at=at,
        outcome="abandoned" if outcome is None else type(outcome).__name__.lower(),
        reason=_reason(outcome),
        tier=request.tier.value,
        language=request.document.language,
        total_s=took_s,
        prompt_tokens=done.tokens.prompt if done else None,
        cached_tokens=done.tokens.cached if done else None,
        output_tokens=done.tokens.output if done else None,
        source=done.source.label if done else "",
        sends=sends,
        endpoint=endpoint,
        model=done.model if done else "",
        editor=request.client,
        gateway_s=done.timings.gateway_s if done else None,
        first_s=done.timings.first_s if done else None,
        cost=done.tokens.cost if done else None,
    )


def _reason(outcome: Outcome | None) -> str:
    for name in ("reason", "rule", "scope"):
        value = getattr(outcome, name, None)
        if value is not None:
            return str(value)
    return ""
