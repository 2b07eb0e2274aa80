"""Which of the eleven states the tray shows: a pure function of what was heard and the time."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from . import pace

if TYPE_CHECKING:
    from sidelight_client.api import Message

    from ..heard.view import Decision, Told, View
    from ..heard.view_service import Incident
    from ..heard.view_usage import Usage


class TrayState(StrEnum):
    """What the icon can say; of several that apply, the first."""

    DOWN = "down"
    OFFLINE = "offline"
    PAUSED = "paused"
    SIGN_IN = "sign_in"
    OUTAGE = "outage"
    LIMITED = "limited"
    DEGRADED = "degraded"
    QUOTA = "quota"
    BLOCKED = "blocked"
    REFRESHING = "refreshing"
    OK = "ok"


NAMES = {
    TrayState.DOWN: "Not running",
    TrayState.OFFLINE: "Offline",
    TrayState.PAUSED: "Paused",
    TrayState.SIGN_IN: "Sign in",
    TrayState.OUTAGE: "Outage",
    TrayState.LIMITED: "Limit reached",
    TrayState.DEGRADED: "Degraded",
    TrayState.QUOTA: "Limit near",
    TrayState.BLOCKED: "Blocked",
    TrayState.REFRESHING: "Renewing",
    TrayState.OK: "Ready",
}

BLOCK_SHOWN_S = 600.0
"""How long a block that nobody looked at stays in the icon."""

WORKING = frozenset({"ready", "busy"})
SIGNED_IN = frozenset({"fresh", "stale"})
PERSON_NEEDED = (
    "session.signed_out",
    "session.needs_person",
    "identity.no_seat",
    "identity.wrong_group",
    "identity.conditional_access",
    "identity.misconfigured",
    "gateway.key_unknown",
)
THROTTLED = ("limit.reached", "limit.vendor")
SEVERE = frozenset({"major", "critical"})

_BY_WORD = {
    "offline": TrayState.OFFLINE,
    "paused": TrayState.PAUSED,
    "signedOut": TrayState.SIGN_IN,
    "throttled": TrayState.LIMITED,
    "blocked": TrayState.BLOCKED,
}
"""What the broker's one word comes to where no fact of the snapshot explains it."""


@dataclass(frozen=True, slots=True)
class Heard:
    """All that is known: the last snapshot, and whether more can come.

    Attributes:
        view: the last snapshot; None before the first.
        connected: whether the broker is connected, so that the view is as true as it was told.
        lost_at: since when it is not; None before the first connection.
        problem: why it could not be reached; None while that is unknown.
        usage: today's usage, which is asked for while a window is open; else None.
        blocks_seen_at: when the person last looked at the panel; later blocks are news.
        at_login: whether the tray starts at login; None where that is not offered.
    """

    view: View | None = None
    connected: bool = False
    lost_at: float | None = None
    problem: Message | None = None
    usage: Usage | None = None
    blocks_seen_at: float = 0.0
    at_login: bool | None = None


def tray_state(heard: Heard, now: float) -> TrayState:
    """The state at `now`. It is `OK` only where the broker says so and every fact agrees."""
    view = heard.view
    if view is None or not heard.connected:
        return TrayState.DOWN
    codes = {told.code for told in view.conditions}
    if "network.offline" in codes:
        return TrayState.OFFLINE
    if view.paused_until is not None and now < view.paused_until:
        return TrayState.PAUSED
    if view.phase in {"signed_out", "needs_person"} or codes.intersection(PERSON_NEEDED):
        return TrayState.SIGN_IN
    if view.breaker == "open" or "gateway.unreachable" in codes or view.service.level in SEVERE:
        return TrayState.OUTAGE
    if pace.used_up(view, now) is not None or codes.intersection(THROTTLED):
        return TrayState.LIMITED
    if view.breaker == "half_open" or view.service.level == "minor" or trouble(view) is not None:
        return TrayState.DEGRADED
    if view.state not in WORKING:
        # Time alone may have ended what the word stands for; the broker's next word says so.
        return _BY_WORD.get(view.state, TrayState.DEGRADED)
    return _while_working(heard, view, codes, now)


def _while_working(heard: Heard, view: View, codes: set[str], now: float) -> TrayState:
    """The states in which nothing forbids a request."""
    if pace.nearly(view, now) is not None:
        return TrayState.QUOTA
    if unseen_block(heard, now) is not None:
        return TrayState.BLOCKED
    if view.phase == "expired" or "session.renewing" in codes:
        return TrayState.REFRESHING
    return TrayState.OK if view.phase in SIGNED_IN else TrayState.DEGRADED


def trouble(view: View) -> Told | None:
    """The worst condition that is more than a remark; the broker sends the worst first.

    One whose severity this version does not know is taken for trouble.
    """
    return next((told for told in view.conditions if told.severity != "info"), None)


def unseen_block(heard: Heard, now: float) -> Decision | None:
    """The latest block of the last ten minutes that nobody has looked at."""
    if heard.view is None:
        return None
    for decision in heard.view.decisions:
        recent = decision.at is not None and now - BLOCK_SHOWN_S < decision.at
        if decision.outcome == "blocked" and recent and (decision.at or 0) > heard.blocks_seen_at:
            return decision
    return None


def changes_at(heard: Heard, now: float) -> float | None:
    """When the state may be another one although nothing is heard; None for never.

    The tray sets one alarm for it, so that no timer runs while nothing can change.
    """
    view = heard.view
    if view is None or not heard.connected:
        return None
    moments = [view.paused_until, view.muted_until]
    moments += [one.until for one in view.languages_paused]
    moments += [limit.resets_at for limit in view.limits]
    block = unseen_block(heard, now)
    if block is not None and block.at is not None:
        moments.append(block.at + BLOCK_SHOWN_S)
    return min((moment for moment in moments if moment is not None and moment > now), default=None)


def open_incident(view: View) -> Incident | None:
    """The incident that matters most: the broker sends the worst first. Maintenance is none."""
    felt = ("critical", "major", "minor")
    return next((one for one in view.service.incidents if one.level in felt), None)
