"""Why the state is what it is: what happened, what it means and what to do, in the catalogue's words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, assert_never

from ..heard.view import Told, View
from ..heard.view_service import Incident
from . import pace, phrases
from .state import (
    PERSON_NEEDED,
    SEVERE,
    THROTTLED,
    Heard,
    TrayState,
    open_incident,
    trouble,
    unseen_block,
)

if TYPE_CHECKING:
    from sidelight_client.api import Message

Say = Callable[[str, Mapping[str, "str | float | None"]], "Message"]
"""Says a sentence of the catalogue by its code."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why the state is what it is, in sentences."""

    title: str
    what: str
    means: str = ""
    do: str = ""
    since: float | None = None

    @property
    def text(self) -> str:
        return " ".join(part for part in (self.what, self.means) if part)


def cause(heard: Heard, state: TrayState, now: float, say: Say) -> Cause | None:
    """Why the state is not "ready": what happened, what it means, what to do; None for OK."""
    view = heard.view
    if view is None or state is TrayState.DOWN:
        return _why_down(heard, now, say)
    match state:
        case TrayState.OK:
            return None
        case TrayState.OFFLINE:
            return _first(view, ("network.offline",)) or _said(say, "network.offline")
        case TrayState.PAUSED:
            return _said(say, "completions.paused", until=phrases.clock(view.paused_until, now))
        case TrayState.SIGN_IN:
            return _first(view, PERSON_NEEDED[1:]) or _said(say, "session.signed_out")
        case TrayState.OUTAGE:
            return _why_outage(view, now, say)
        case TrayState.LIMITED:
            return _why_limited(view, now, say)
        case TrayState.DEGRADED:
            return _why_degraded(view, say)
        case TrayState.QUOTA:
            return _why_quota(view, now, say)
        case TrayState.BLOCKED:
            block = unseen_block(heard, now)
            at = phrases.clock(block.at if block else None, now)
            return _said(say, "tray.blocked", until=at)
        case TrayState.REFRESHING:
            return _first(view, ("session.renewing",)) or _said(say, "session.renewing")
        case _:
            assert_never(state)


def _said(say: Say, code: str, **facts: str | float | None) -> Cause:
    message = say(code, facts)
    return Cause(message.title, message.what, message.means, message.do)


def _first(view: View, codes: tuple[str, ...]) -> Cause | None:
    found = next((told for told in view.conditions if told.code in codes), None)
    return None if found is None else _of(found)


def _of(told: Told) -> Cause:
    return Cause(told.title or told.code, told.text, "", told.do, told.since)


def _why_down(heard: Heard, now: float, say: Say) -> Cause:
    if heard.problem is not None:
        said = heard.problem
        return Cause(said.title, said.what, said.means, said.do, heard.lost_at)
    if heard.lost_at is None:
        return _said(say, "tray.starting")
    gone = _said(say, "tray.broker_gone", lost_at=phrases.clock(heard.lost_at, now))
    return replace(gone, since=heard.lost_at)


def _why_limited(view: View, now: float, say: Say) -> Cause:
    known = _first(view, THROTTLED)
    spent = pace.used_up(view, now)
    if known is not None or spent is None:
        return known or _said(say, "limit.reached")
    return _said(say, "limit.reached", **_facts(spent, now))


def _why_outage(view: View, now: float, say: Say) -> Cause:
    incident = open_incident(view)
    if incident is not None:
        return _of_incident(incident, view, say)
    known = _first(view, ("gateway.unreachable",))
    if known is None and view.breaker == "open":
        return _said(say, "tray.breaker_open", retry_at=phrases.clock(view.retry_at, now))
    return known or _said(say, "tray.outage")


def _why_degraded(view: View, say: Say) -> Cause:
    incident = open_incident(view)
    if incident is not None:
        return _of_incident(incident, view, say)
    told = trouble(view)
    if told is not None:
        return _of(told)
    if view.service.level == "minor":
        return _said(say, "tray.service_slow")
    if view.breaker == "half_open":
        return _said(say, "tray.breaker_probing")
    if view.state == "slow":
        return _said(say, "gateway.slow")
    return _said(say, "tray.unread")


def _why_quota(view: View, now: float, say: Say) -> Cause:
    close = pace.nearly(view, now)
    if close is None:
        return _said(say, "tray.unread")
    facts = _facts(close, now)
    if close.share is not None and close.share >= pace.NEARLY_SHARE:
        return _said(say, "tray.nearly_used", **facts)
    return _said(say, "tray.runs_out", until=phrases.clock(close.runs_out_at, now), **facts)


def _of_incident(incident: Incident, view: View, say: Say) -> Cause:
    severe = incident.level in SEVERE
    if incident.stage == "seen_here":
        code = "incident.down_here" if severe else "incident.slow_here"
        cause = _said(say, code, name=view.gateway or "the gateway")
    else:
        cause = _said(say, "tray.outage" if severe else "tray.service_slow")
    title = incident.title or cause.title
    return replace(cause, title=title, since=incident.started_at)


def _facts(one: pace.Pace, now: float) -> dict[str, str | float | None]:
    limit = one.limit
    return {
        "scope": limit.scope,
        "unit": limit.unit,
        "limit": phrases.count(limit.limit),
        "used": phrases.count(limit.used),
        "resets_at": phrases.clock(limit.resets_at, now),
    }
