"""Which moments are worth a notification: trouble once when it begins, once when it is over, few an hour.

Whatever is held back is never told later in a bundle: the icon and the status show it all the time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from ..health import visible
from ..routing.breaker import BreakerState
from ..snapshot import Snapshot
from .incidents import Level

LASTS_S = 2.0
"""How long trouble must last: what mends itself at once is not mentioned."""
GAP_S = 60.0
AFTER_WAKE_S = 60.0
"""After a wake the network, the session and the gateway come back one by one."""
HOUR_S = 3_600.0
MOST_AN_HOUR = 4
MUTE_S = 3_600.0
LONGEST_WAIT_S = 3_600.0

_PERSON = (
    "session.needs_person",
    "identity.no_seat",
    "identity.wrong_group",
    "identity.conditional_access",
    "identity.misconfigured",
    "gateway.key_unknown",
)
_LIMITS = ("limit.reached", "limit.vendor")
_SEVERE = (Level.MAJOR, Level.CRITICAL)
_MIDNIGHT = 24 * 60


class Topic(StrEnum):
    """What an episode is about; a notification of one replaces the one before."""

    SIGN_IN = "sign_in"
    OUTAGE = "outage"
    LIMITED = "limited"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that is wrong now, by the code of its sentence."""

    topic: Topic
    code: str
    facts: Mapping[str, str | float | None] = field(default_factory=dict[str, "str | float | None"])


@dataclass(frozen=True, slots=True)
class Notice:
    """A notification to show; `over` says that the episode has ended."""

    topic: Topic
    code: str
    facts: Mapping[str, str | float | None]
    over: bool = False


@dataclass(frozen=True, slots=True)
class ShownNotice:
    """A notification in words, for a tray to show.

    Attributes:
        topic: names the episode; a later one with the same topic takes its place.
        warning: whether something is wrong, rather than over.
    """

    topic: str
    title: str
    text: str
    warning: bool = True


@dataclass(frozen=True, slots=True)
class _Running:
    trouble: Trouble
    since: float
    told: bool = False
    settled: bool = False
    """Told, or seen otherwise: nothing more is said of its beginning."""


@dataclass(frozen=True, slots=True)
class Episodes:
    """What was noticed so far. Moments are wall-clock seconds since the epoch."""

    running: Mapping[Topic, _Running] = field(default_factory=dict[Topic, _Running])
    sent: tuple[float, ...] = ()
    silent_until: float = 0.0


_OVER = {Topic.SIGN_IN: "notice.signed_in", Topic.OUTAGE: "notice.outage_over"}
"""What is said at the end; a limit ends at the moment that was told with it."""


def woke(episodes: Episodes, now: float) -> Episodes:
    """The machine woke: nothing is said for a minute."""
    return replace(episodes, silent_until=now + AFTER_WAKE_S)


def step(
    episodes: Episodes, troubles: tuple[Trouble, ...] | None, now: float, *, quiet: bool
) -> tuple[Episodes, tuple[Notice, ...], float | None]:
    """What is to be told now, and when to look again although nothing happens.

    Args:
        episodes: what was noticed before.
        troubles: what is wrong now; None while that cannot be known, such as offline.
        now: the moment.
        quiet: whether the person is not to be disturbed, asked for silence, or sees the panel anyway.
    """
    # A clock that was set back must not hold everything for ever.
    sent = tuple(at for at in episodes.sent if now - HOUR_S < at <= now)
    silent_until = min(episodes.silent_until, now + AFTER_WAKE_S)
    if troubles is None:
        return replace(episodes, sent=sent, silent_until=silent_until), (), None
    current = {trouble.topic: trouble for trouble in troubles}
    notices: list[Notice] = []
    for topic, before in episodes.running.items():
        if topic not in current and before.told and topic in _OVER and not quiet:
            notices.append(Notice(topic, _OVER[topic], before.trouble.facts, over=True))
            sent = (*sent, now)
    running = {
        topic: episodes.running.get(topic) or _Running(trouble, now)
        for topic, trouble in current.items()
    }
    due: float | None = None
    for topic, trouble in current.items():
        one = running[topic]
        if not one.settled:
            may_at = max(one.since + LASTS_S, silent_until, max(sent, default=0.0) + GAP_S)
            if quiet:
                one = replace(one, settled=True)
            elif now < may_at:
                due = may_at if due is None else min(due, may_at)
            elif _has_room(sent, running, topic):
                notices.append(Notice(topic, trouble.code, trouble.facts))
                sent = (*sent, now)
                one = replace(one, trouble=trouble, told=True, settled=True)
            else:
                one = replace(one, settled=True)
        running[topic] = one
    after = replace(episodes, running=running, sent=sent, silent_until=silent_until)
    return after, tuple(notices), due


def _has_room(sent: tuple[float, ...], running: Mapping[Topic, _Running], topic: Topic) -> bool:
    """Whether the beginning may be told, so that every told episode can also be told to be over."""
    promised = sum(one.told and known in _OVER for known, one in running.items())
    return len(sent) + promised + (2 if topic in _OVER else 1) <= MOST_AN_HOUR


def troubles_of(snapshot: Snapshot, now: float) -> tuple[Trouble, ...] | None:
    """What of a snapshot is worth an episode; None while nothing can be known about the gateway."""
    conditions = {one.code: one for one in visible(snapshot.conditions, now)}
    paused = snapshot.paused_until is not None and now < snapshot.paused_until
    if paused or "network.offline" in conditions:
        return None
    found: list[Trouble] = []
    person = next((conditions[code] for code in _PERSON if code in conditions), None)
    if person is not None:
        found.append(Trouble(Topic.SIGN_IN, person.code, person.facts))
    silent = conditions.get("gateway.unreachable")
    name = {"name": snapshot.gateway.name or None}
    if snapshot.gateway.breaker is BreakerState.OPEN or silent is not None:
        found.append(Trouble(Topic.OUTAGE, "notice.outage_here", name))
    elif snapshot.service.level in _SEVERE:
        found.append(Trouble(Topic.OUTAGE, "notice.outage", name))
    limit = next((conditions[code] for code in _LIMITS if code in conditions), None)
    if limit is not None:
        facts = {**limit.facts, "retry_at": limit.retry_at}
        found.append(Trouble(Topic.LIMITED, limit.code, facts))
    return tuple(found)


def in_quiet_hours(text: str, minute: int) -> bool:
    """Whether `minute` of the day lies in hours such as "22:00-07:00"; no for what is none."""
    begin, _, end = text.replace(" ", "").partition("-")
    first, last = _minute(begin), _minute(end)
    if first is None or last is None or first == last:
        return False
    return first <= minute < last if first < last else minute >= first or minute < last


def _minute(text: str) -> int | None:
    hour, _, minute = text.partition(":")
    if not (hour.isascii() and hour.isdigit() and minute.isascii() and minute.isdigit()):
        return None
    if len(hour) > 2 or len(minute) != 2 or int(minute) >= 60:  # noqa: PLR2004 - a time of day
        return None
    total = int(hour) * 60 + int(minute)
    return total if total < _MIDNIGHT else None
