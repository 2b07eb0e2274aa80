"""What the broker knows, and the snapshot computed from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ..domain.completion import Blocked, Completed, CompletionRequest, Outcome, Tier
from ..domain.content.preview import ContentPreview
from ..domain.content.sources import RuleChoice
from ..domain.feedback import form_address
from ..domain.health import Condition, hold
from ..domain.pauses import Pauses
from ..domain.place import file_line
from ..domain.policy.organisation import Policy
from ..domain.routing.breaker import BreakerState
from ..domain.routing.endpoints import Endpoints
from ..domain.routing.latency import Latencies
from ..domain.routing.retry_budget import RetryBudget
from ..domain.snapshot import (
    CountsView,
    DecisionView,
    EditorView,
    EndpointView,
    GatewayView,
    SessionView,
    Snapshot,
)
from ..domain.spending.budget import Budget, Purse, Unit
from ..domain.spending.usage_limits import endpoint_of
from ..domain.window import PartKind
from ..domain.window.trims import trim_of
from ..ports import GatewayInfo
from ..setting_table import SETTINGS
from ..settings import Layer, Settings

DECISIONS_KEPT = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """How often the gateway was asked for one request, and where last."""

    sends: int = 0
    endpoint: str = ""


@dataclass(slots=True)
class BrokerFacts:
    """The facts; nothing here is derived from anything else here.

    Attributes:
        info: what discovery found; None before it did.
        endpoints: the gateway's addresses; one that is empty stands for whichever it has.
        conditions: of the gateway; those of the session are the keeper's.
        asked: by trace id, for the requests that are under way.
        listed: the rules the gateway lists by itself; None where it does not.
        policy: the gateway's rules.
        organisation: those of the organisation's policy file on this machine.
        rules_pending: whether the gateway may have rules that nobody asked for yet.
        rules_read: whether it ever told its rules, or that it has none.
        preview: the content rules in force; None before there are any.
        fits: how many characters a tier's model is known to take at most, after it refused more.
    """

    version: str
    info: GatewayInfo | None = None
    endpoints: Endpoints = field(default_factory=lambda: Endpoints(("",)))
    retries: RetryBudget = field(default_factory=RetryBudget)
    budget: Budget = field(default_factory=Budget)
    policy: Policy = field(default_factory=Policy)
    organisation: Policy = field(default_factory=Policy)
    rules_pending: bool = False
    rules_read: bool = False
    conditions: tuple[Condition, ...] = ()
    latencies: Latencies = field(default_factory=Latencies)
    in_flight: int = 0
    pauses: Pauses = field(default_factory=Pauses)
    editors: tuple[EditorView, ...] = ()
    decisions: tuple[DecisionView, ...] = ()
    counts: CountsView = field(default_factory=CountsView)
    asked: dict[str, Asked] = field(default_factory=dict[str, Asked])
    fits: dict[Tier, int] = field(default_factory=dict[Tier, int])
    listed: RuleChoice | None = None
    preview: ContentPreview | None = None
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
    state, retry_at = facts.endpoints.summary(now)
    info, pauses = facts.info, facts.pauses.at(now)
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
            retry_at=retry_at,
            p50_s=facts.latencies.percentile(0.5),
            p95_s=facts.latencies.percentile(0.95),
            in_flight=facts.in_flight,
            takes_messages=info.takes_messages if info else None,
            hears_of_limits=info.takes_messages or bool(info.limits_form) if info else None,
            endpoints=tuple(
                EndpointView(t.url, t.state, t.retry_at, tuple(tier.value for tier in t.tiers))
                for t in facts.endpoints.troubles(now)
                if t.url
            ),
        ),
        budget=facts.budget.at(now),
        conditions=_conditions(facts, settings, session_conditions, now),
        editors=facts.editors,
        decisions=facts.decisions,
        counts=facts.counts,
        paused_until=pauses.everything_until,
        languages_off=settings.items("completions.languages_off"),
        languages_paused=pauses.languages,
        muted_until=pauses.muted_until,
        data_use=facts.organisation.data_use or facts.policy.data_use,
    )


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
    paused_until = facts.pauses.at(now).everything_until
    if paused_until is not None:
        held = hold(held, "completions.paused", now, until=paused_until)
    spent = facts.budget.exhausted(now)
    if spent is not None:
        held = _hold_limit(held, spent, now)
    return _hold_zones(held, facts.endpoints, now)


def _hold_limit(held: tuple[Condition, ...], spent: Purse, now: float) -> tuple[Condition, ...]:
    """The limit that is used up; money has its own sentence. What nobody told has no number."""
    told: dict[str, str | float] = {"scope": spent.scope.value, "unit": spent.unit.value}
    if spent.limit:
        told |= {"limit": spent.limit, "used": spent.limit if spent.used is None else spent.used}
    if spent.resets_at is not None:
        told["resets_at"] = spent.resets_at
    code = "budget.spent" if spent.unit is Unit.COST else "limit.reached"
    return hold(held, code, now, spent.resets_at, **told)


def _hold_zones(
    held: tuple[Condition, ...], endpoints: Endpoints, now: float
) -> tuple[Condition, ...]:
    """The zones that are not asked while another one answers in their stead."""
    troubles = endpoints.troubles(now)
    down = [trouble for trouble in troubles if trouble.state is not BreakerState.CLOSED]
    using = next((t.url for t in troubles if t.state is BreakerState.CLOSED), None)
    if not down or using is None:
        return held
    since = min((t.since for t in down if t.since is not None), default=now)
    return hold(
        held,
        "gateway.zone_down",
        since,
        min((t.retry_at for t in down if t.retry_at is not None), default=None),
        zone=", ".join(_place(trouble.url) for trouble in down),
        using=_place(using),
    )


def _place(url: str) -> str:
    """The host and port, as a person knows an address."""
    return endpoint_of(url).partition("://")[2] or url


def _variable(key: str) -> str:
    return SETTINGS[key].environment_name if key in SETTINGS else key


def next_change_at(facts: BrokerFacts, now: float) -> float | None:
    """The next moment at which the snapshot changes by time alone; None while nothing waits."""
    moments = [*facts.pauses.moments(), facts.endpoints.next_change_at(now)]
    moments += [purse.resets_at for purse in facts.budget.purses if purse.empty]
    held = _hold_zones(facts.conditions, facts.endpoints, now)
    moments += [c.since + c.kind.time_to_visible_s for c in held]
    return min((m for m in moments if m is not None and m > now), default=None)


def decision_of(
    request: CompletionRequest,
    outcome: Outcome | None,
    took_s: float,
    at: float,
    *,
    asked: Asked,
) -> DecisionView:
    """One request as the recent decisions and the ledger show it: numbers and ids, never content.

    Args:
        request: what was asked.
        outcome: how it ended; None when nobody waited for the end, because the text had changed.
        took_s: seconds it took.
        at: when it ended.
        asked: how often the gateway was asked, and where.
    """
    done = outcome if isinstance(outcome, Completed) else None
    return DecisionView(
        trace_id=request.trace_id,
        at=at,
        outcome="abandoned" if outcome is None else type(outcome).__name__.lower(),
        reason=_reason(outcome),
        tier=(done.tier if done else request.tier).value,
        language=request.document.language,
        total_s=took_s,
        prompt_tokens=done.tokens.prompt if done else None,
        cached_tokens=done.tokens.cached if done else None,
        output_tokens=done.tokens.output if done else None,
        source=done.source.label if done else "",
        sends=asked.sends,
        endpoint=asked.endpoint,
        model=done.model if done else "",
        editor=request.client,
        gateway_s=done.timings.gateway_s if done else None,
        first_s=done.timings.first_s if done else None,
        cost=done.tokens.cost if done else None,
        notes=done.notes if done else (),
        trim=trim_of(
            request.window, request.document.language, done.tokens.prompt if done else None
        ),
    )


def with_place(
    decision: DecisionView,
    request: CompletionRequest,
    outcome: Outcome | None,
    path_of: Callable[[str], str],
) -> DecisionView:
    """The decision as its person sees it on this machine: with the line it is about, and the form.

    `path_of` tells the path of the document with a uri, inside its repository.
    """
    blocked = outcome if isinstance(outcome, Blocked) else None
    uri, line = request.document.uri, _cursor_line(request)
    if blocked is not None and blocked.findings:
        uri, line = blocked.findings[0].uri, blocked.findings[0].range.start.line
    form = blocked.appeal_url if blocked is not None else ""
    return replace(
        decision,
        place=None if line is None else file_line(path_of(uri), line),
        form_url=form_address(form, decision.reason, decision.trace_id),
    )


def _cursor_line(request: CompletionRequest) -> int | None:
    after = (p for p in request.window.parts if p.kind is PartKind.SUFFIX)
    return next((part.range.start.line for part in after), None)


def _reason(outcome: Outcome | None) -> str:
    if isinstance(outcome, Completed) and outcome.review is not None:
        return outcome.review.rule
    for name in ("reason", "rule", "scope"):
        value = getattr(outcome, name, None)
        if value is not None:
            return str(value)
    return ""
