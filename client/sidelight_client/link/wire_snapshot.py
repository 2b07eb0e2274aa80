"""The snapshot as JSON: what `sidelight status --json` prints and `watch` pushes; a public format.

Moments are seconds since the epoch, durations milliseconds in names that end in `_ms`, and null
means unknown. A field may be added; none changes its meaning. There is no token in a snapshot.
"""

from __future__ import annotations

from typing import Any

from ..domain.health import CONDITIONS, Condition, visible
from ..domain.identity.session import Phase
from ..domain.pauses import LanguagePause
from ..domain.routing.breaker import BreakerState
from ..domain.snapshot import (
    CountsView,
    DecisionView,
    EditorView,
    EndpointView,
    GatewayView,
    SessionView,
    Snapshot,
)
from ..domain.spending.budget import Budget, Purse, Scope, Unit
from ..domain.words.catalogue import say
from .frames import (
    Json,
    flag,
    integer,
    malformed,
    member,
    milliseconds,
    number,
    optional_flag,
    optional_integer,
    optional_number,
    optional_seconds,
    seconds,
    section,
    sections,
    text,
    texts,
)
from .wire_facts import (
    data_use_from_json,
    data_use_to_json,
    place_from_json,
    place_to_json,
    trim_from_json,
    trim_to_json,
)
from .wire_incidents import (
    service_from_json,
    service_to_json,
    uptime_from_json,
    uptime_to_json,
)

ALWAYS = ("seq", "as_of", "state")
"""The keys every delta carries."""


def snapshot_to_json(snapshot: Snapshot, now: float) -> Json:
    """The snapshot as it stands at `now`, with what a script would otherwise have to compute.

    `state` is the one word, `conditions` are the visible ones in the words a person reads, and a
    limit whose window has ended is empty again. `held` are all conditions, for another Sidelight.
    """
    session, gateway = snapshot.session, snapshot.gateway
    return {
        "seq": snapshot.seq,
        "as_of": snapshot.as_of,
        "version": snapshot.version,
        "state": snapshot.state(now).value,
        "session": {
            "phase": session.phase.value,
            "account": session.account,
            "expires_at": session.expires_at,
            "renews_at": session.renews_at,
            "renewed_at": session.renewed_at,
            "renewed_why": session.renewed_why,
            "vault": session.vault,
        },
        "gateway": {
            "name": gateway.name,
            "url": gateway.url,
            "profile": gateway.profile,
            "embedded": gateway.embedded,
            "breaker": gateway.breaker.value,
            "retry_at": gateway.retry_at,
            "p50_ms": milliseconds(gateway.p50_s),
            "p95_ms": milliseconds(gateway.p95_s),
            "in_flight": gateway.in_flight,
            "endpoints": [_endpoint_to_json(endpoint) for endpoint in gateway.endpoints],
            "takes_messages": gateway.takes_messages,
            "hears_of_limits": gateway.hears_of_limits,
        },
        "limits": [_limit_to_json(purse) for purse in snapshot.budget.at(now).purses],
        "conditions": [_told(condition) for condition in visible(snapshot.conditions, now)],
        "held": [
            {
                "code": condition.code,
                "since": condition.since,
                "retry_at": condition.retry_at,
                "facts": dict(condition.facts),
            }
            for condition in snapshot.conditions
        ],
        "editors": [
            {"id": editor.id, "name": editor.name, "since": editor.since}
            for editor in snapshot.editors
        ],
        "decisions": [_decision_to_json(decision) for decision in snapshot.decisions],
        "counts": {
            "requests": snapshot.counts.requests,
            "completed": snapshot.counts.completed,
            "accepted": snapshot.counts.accepted,
            "resent": snapshot.counts.resent,
            "canaries": snapshot.counts.canaries,
        },
        "paused_until": snapshot.paused_until,
        "languages_off": list(snapshot.languages_off),
        "languages_paused": [
            {"language": one.language, "until": one.until} for one in snapshot.languages_paused
        ],
        "muted_until": snapshot.muted_until,
        "service": service_to_json(snapshot.service),
        "uptime": uptime_to_json(snapshot.uptime),
        "data_use": data_use_to_json(snapshot.data_use),
    }


def snapshot_from_json(data: Json) -> Snapshot:
    """The snapshot `data` tells of; what is computed in it is computed anew. Raises WireError."""
    counts = section(data, "counts")
    held = sections(data, "held", _condition)
    return Snapshot(
        seq=integer(data, "seq"),
        as_of=number(data, "as_of"),
        version=text(data, "version"),
        session=_session(section(data, "session")),
        gateway=_gateway(section(data, "gateway")),
        budget=Budget(sections(data, "limits", _purse)),
        conditions=tuple(condition for condition in held if condition is not None),
        editors=sections(data, "editors", _editor),
        decisions=sections(data, "decisions", _decision),
        counts=CountsView(
            integer(counts, "requests"),
            integer(counts, "completed"),
            integer(counts, "accepted"),
            # An older broker does not count these.
            optional_integer(counts, "resent") or 0,
            optional_integer(counts, "canaries") or 0,
        ),
        paused_until=optional_number(data, "paused_until"),
        languages_off=texts(data, "languages_off"),
        # An older broker tells neither.
        languages_paused=sections(data, "languages_paused", _language_pause)
        if "languages_paused" in data
        else (),
        muted_until=optional_number(data, "muted_until"),
        service=service_from_json(data),
        uptime=uptime_from_json(data),
        data_use=data_use_from_json(data),
    )


def delta(before: Json, after: Json, keys: frozenset[str]) -> Json:
    """The top-level values of `after` that differ from `before`; all keys when `keys` is empty.

    Empty when nothing a watcher asked for has changed.
    """
    changed = {
        key: value
        for key, value in after.items()
        if key not in ALWAYS and (not keys or key in keys) and before.get(key) != value
    }
    if changed or before.get("state") != after["state"]:
        changed |= {key: after[key] for key in ALWAYS}
    return changed


def _told(condition: Condition) -> Json:
    message = say(condition.code, {**condition.facts, "retry_at": condition.retry_at})
    return {
        "code": condition.code,
        "severity": condition.kind.severity.value,
        "since": condition.since,
        "retry_at": condition.retry_at,
        "title": message.title,
        "text": " ".join(part for part in (message.what, message.means) if part),
        "do": message.do,
    }


def _condition(data: Json) -> Condition | None:
    """None for a condition this version does not know: a newer broker may well know more."""
    code = text(data, "code")
    since, retry_at = number(data, "since"), optional_number(data, "retry_at")
    facts: dict[str, Any] = section(data, "facts")
    for value in facts.values():
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise malformed("facts must be texts and numbers")
    return Condition(code, since, retry_at, facts) if code in CONDITIONS else None


def _limit_to_json(purse: Purse) -> Json:
    return {
        "scope": purse.scope.value,
        "unit": purse.unit.value,
        "limit": purse.limit,
        "used": purse.used,
        "remaining": None if purse.used is None else max(purse.limit - purse.used, 0),
        "window_ms": milliseconds(purse.window_s),
        "resets_at": purse.resets_at,
        "hard": purse.hard,
        "source": purse.source,
        "as_of": purse.as_of,
    }


def _purse(data: Json) -> Purse:
    return Purse(
        scope=member(data, "scope", Scope),
        unit=member(data, "unit", Unit),
        limit=number(data, "limit"),
        window_s=seconds(data, "window_ms"),
        hard=flag(data, "hard"),
        used=optional_number(data, "used"),
        resets_at=optional_number(data, "resets_at"),
        source=text(data, "source"),
        as_of=optional_number(data, "as_of"),
    )


def _language_pause(data: Json) -> LanguagePause:
    return LanguagePause(text(data, "language"), number(data, "until"))


def _session(data: Json) -> SessionView:
    return SessionView(
        phase=member(data, "phase", Phase),
        account=text(data, "account", ""),
        expires_at=optional_number(data, "expires_at"),
        renews_at=optional_number(data, "renews_at"),
        renewed_at=optional_number(data, "renewed_at"),
        renewed_why=text(data, "renewed_why", ""),
        vault=text(data, "vault", ""),
    )


def _gateway(data: Json) -> GatewayView:
    return GatewayView(
        name=text(data, "name", ""),
        url=text(data, "url", ""),
        profile=text(data, "profile", ""),
        embedded=flag(data, "embedded", default=False),
        breaker=member(data, "breaker", BreakerState),
        retry_at=optional_number(data, "retry_at"),
        p50_s=optional_seconds(data, "p50_ms"),
        p95_s=optional_seconds(data, "p95_ms"),
        in_flight=integer(data, "in_flight"),
        endpoints=sections(data, "endpoints", _endpoint) if "endpoints" in data else (),
        takes_messages=optional_flag(data, "takes_messages"),
        hears_of_limits=optional_flag(data, "hears_of_limits"),
    )


def _endpoint_to_json(endpoint: EndpointView) -> Json:
    return {
        "url": endpoint.url,
        "breaker": endpoint.breaker.value,
        "retry_at": endpoint.retry_at,
        "tiers": list(endpoint.tiers),
    }


def _endpoint(data: Json) -> EndpointView:
    return EndpointView(
        text(data, "url"),
        member(data, "breaker", BreakerState),
        optional_number(data, "retry_at"),
        texts(data, "tiers"),
    )


def _editor(data: Json) -> EditorView:
    return EditorView(integer(data, "id"), text(data, "name"), number(data, "since"))


def _decision_to_json(decision: DecisionView) -> Json:
    return {
        "trace_id": decision.trace_id,
        "at": decision.at,
        "outcome": decision.outcome,
        "reason": decision.reason,
        "tier": decision.tier,
        "language": decision.language,
        "total_ms": milliseconds(decision.total_s),
        "prompt_tokens": decision.prompt_tokens,
        "cached_tokens": decision.cached_tokens,
        "output_tokens": decision.output_tokens,
        "source": decision.source,
        "notes": list(decision.notes),
        "trim": trim_to_json(decision.trim),
        "place": place_to_json(decision.place),
        "form_url": decision.form_url,
    }


def _decision(data: Json) -> DecisionView:
    return DecisionView(
        trace_id=text(data, "trace_id"),
        at=number(data, "at"),
        outcome=text(data, "outcome"),
        reason=text(data, "reason", ""),
        tier=text(data, "tier", ""),
        language=text(data, "language", ""),
        total_s=seconds(data, "total_ms"),
        prompt_tokens=optional_integer(data, "prompt_tokens"),
        cached_tokens=optional_integer(data, "cached_tokens"),
        output_tokens=optional_integer(data, "output_tokens"),
        source=text(data, "source", ""),
        notes=texts(data, "notes") if "notes" in data else (),
        trim=trim_from_json(data),
        place=place_from_json(data),
        form_url=text(data, "form_url", ""),
    )
