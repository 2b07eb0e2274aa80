"""How `sidelight status` looks: lines for a person, and the few words a status bar has room for."""

from __future__ import annotations

import time
from typing import Any

from ..domain.health import visible
from ..domain.identity.session import Phase
from ..domain.routing.breaker import BreakerState
from ..domain.service.incidents import Incident
from ..domain.snapshot import EndpointView, Snapshot, State
from ..domain.spending.budget import Purse, Scope, Unit
from ..domain.spending.governor import lasts_until
from ..domain.words.catalogue import say

_SENTENCES = {
    State.READY: "Ready",
    State.BUSY: "Working",
    State.SLOW: "Slow",
    State.DEGRADED: "Degraded",
    State.BLOCKED: "Blocked",
    State.THROTTLED: "Limit reached",
    State.OFFLINE: "Offline",
    State.SIGNED_OUT: "Not signed in",
    State.PAUSED: "Paused",
}


def lines(snapshot: Snapshot, now: float) -> list[str]:
    """The snapshot as a person reads it: state, session, gateway, limits, outages, what is wrong."""
    told = [_SENTENCES[snapshot.state(now)]]
    session = snapshot.session
    if session.phase not in (Phase.SIGNED_OUT, Phase.NEEDS_PERSON) and session.account:
        told.append(f"  session   {session.account}, {_valid(session.expires_at, now)}")
    gateway = snapshot.gateway
    if gateway.name or gateway.url:
        where = "on this machine" if gateway.embedded else gateway.url
        told.append(f"  gateway   {gateway.name or 'unnamed'}, {where}{_times(snapshot)}")
    if len(gateway.endpoints) > 1:
        told += [f"  endpoint  {_endpoint(endpoint, now)}" for endpoint in gateway.endpoints]
    told += [f"  requests  {_purse(purse, now)}" for purse in snapshot.budget.at(now).purses]
    told += [f"  incident  {_incident(incident)}" for incident in snapshot.service.incidents]
    told += [f"  editor    {editor.name}" for editor in snapshot.editors]
    told += [
        f"  paused    {one.language}, until {_clock(one.until)}"
        for one in snapshot.languages_paused
        if now < one.until
    ]
    for condition in visible(snapshot.conditions, now):
        message = say(condition.code, {**condition.facts, "retry_at": condition.retry_at})
        told.append(f"  {message.title}: {message.text}")
    return told


def for_a_bar(snapshot: Snapshot, now: float) -> dict[str, Any]:
    """The fields a status bar shows by itself: `text` in a few words, `tooltip` and `class`."""
    state = snapshot.state(now)
    own = next((p for p in snapshot.budget.at(now).purses if _is_own(p)), None)
    used = f" {own.used:g}/{own.limit:g}" if own is not None else ""
    return {
        "text": f"{_SENTENCES[state]}{used}",
        "tooltip": "\n".join(lines(snapshot, now)),
        "class": state.value,
    }


def _is_own(purse: Purse) -> bool:
    return purse.scope is Scope.USER and purse.unit is Unit.REQUESTS and purse.used is not None


def _valid(expires_at: float | None, now: float) -> str:
    if expires_at is None:
        return "no end known"
    left = int(expires_at - now)
    if left <= 0:
        return "being renewed"
    return f"valid {left // 3600} h {left % 3600 // 60} m"


def _times(snapshot: Snapshot) -> str:
    p50, p95 = snapshot.gateway.p50_s, snapshot.gateway.p95_s
    if p50 is None or p95 is None:
        return ""
    return f", answers in {p50 * 1000:.0f} ms (p95 {p95 * 1000:.0f} ms)"


def _endpoint(endpoint: EndpointView, now: float) -> str:
    if endpoint.breaker is BreakerState.CLOSED:
        return f"{endpoint.url}, in use"
    tiers = f" for {', '.join(endpoint.tiers)}" if endpoint.tiers else ""
    if endpoint.retry_at is not None and endpoint.retry_at > now:
        return f"{endpoint.url}, left alone until {_clock(endpoint.retry_at)}{tiers}"
    return f"{endpoint.url}, being tried again{tiers}"


def _purse(purse: Purse, now: float) -> str:
    used = "–" if purse.used is None else f"{purse.used:g}"
    text = f"{used} of {purse.limit:g} {purse.unit.value} ({purse.scope.value}"
    text += ")" if purse.hard else ", soft)"
    if purse.resets_at is None or purse.resets_at <= now:
        return text
    end = lasts_until(purse, now)
    if end is not None and end < purse.resets_at:
        text += ", used up" if end <= now else f", lasts until {_clock(end)}"
    return f"{text}, resets {_clock(purse.resets_at)}"


def _incident(incident: Incident) -> str:
    told = [incident.level.value, incident.stage.value.replace("_", " ")]
    if incident.started_at is not None:
        told.append(f"since {_clock(incident.started_at)}")
    if incident.seen_here and "seen here" not in told:
        told.append("seen here")
    return f"{incident.title} ({', '.join(told)})"


def _clock(moment: float) -> str:
    return time.strftime("%H:%M", time.localtime(moment))
