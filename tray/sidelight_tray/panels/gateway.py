"""The cards about the gateway and the session: answer times, sign-in, editors, and what is switched off."""

from __future__ import annotations

from urllib.parse import urlsplit

from ..face import phrases
from ..face.acts import Tone
from ..heard.view import View
from ..heard.view_service import Day
from ..heard.view_usage import Usage, Used
from .content import Card, Days, Item, Lane, Lanes, Row, Span

_RECENT = 6
_OFF_SHOWN = 3


TARGETS_S = {"fast": 0.3, "standard": 8.0, "heavy": 90.0}
"""How long an answer of each tier may take by default: the client's own deadlines."""


def health_items(view: View) -> tuple[Item, ...]:
    """Thirty days of availability against what was promised; nothing where nothing is kept."""
    uptime = view.uptime
    if uptime is None or not uptime.days:
        return ()
    tones = tuple(_day_tone(day) for day in uptime.days)
    bad = sum(tone in {Tone.WARN, Tone.BAD} for tone in tones)
    share = phrases.percent(uptime.availability, 2)
    spoken = f"Gateway, last {len(tones)} days: {share} available, trouble on {bad} of them"
    used = f"{_minutes(uptime.used_s)} of {_minutes(uptime.budget_s)} error budget used"
    longest = f"longest: {phrases.lasting(uptime.longest_s)}" if uptime.longest_s else "no outage"
    told = Row(Span(used, Tone.MUTED), (Span(longest, Tone.MUTED),), small=True)
    return (Days(tones, spoken), told)


def availability_spans(view: View) -> tuple[Span, ...]:
    """The share it was available, beside the promise."""
    uptime = view.uptime
    if uptime is None:
        return (Span(view.gateway or phrases.DASH, Tone.MUTED),)
    share, slo = uptime.availability, uptime.slo
    kept = share is not None and slo is not None and share >= slo
    tone = Tone.MUTED if share is None else Tone.GOOD if kept else Tone.BAD
    said = Span(phrases.percent(share, 2), tone, strong=True)
    return (said, Span(f"SLO {phrases.percent(slo, 1)}", Tone.MUTED))


def _day_tone(day: Day) -> Tone:
    """A day on which nobody watched is unknown, and never a good one."""
    if not day.seen:
        return Tone.MUTED
    if day.down:
        return Tone.BAD
    return Tone.WARN if day.degraded else Tone.GOOD


def _minutes(duration_s: float | None) -> str:
    return phrases.DASH if duration_s is None else f"{duration_s / phrases.MINUTE_S:,.0f} min"


def latency_lanes(usage: Usage | None) -> tuple[Item, ...]:
    """p50, p95 and target of each tier that was used today."""
    if usage is None:
        return ()
    lanes = tuple(
        _lane(used) for used in usage.tiers if used.p50_s is not None and used.tier in TARGETS_S
    )
    if not lanes:
        return ()
    spoken = "; ".join(
        f"{lane.name}: half within {lane.texts[0]}, 95 % within {lane.texts[1]}, "
        f"target {lane.texts[2]}"
        for lane in lanes
    )
    return (Lanes(lanes, f"Latency today. {spoken}"),)


def _lane(used: Used) -> Lane:
    target = TARGETS_S[used.tier]
    late = used.p95_s is not None and used.p95_s > target
    texts = (phrases.took(used.p50_s), phrases.took(used.p95_s), phrases.took(target))
    tone = Tone.BAD if late else Tone.GOOD
    return Lane(used.tier.capitalize(), used.p50_s, used.p95_s, target, texts, tone)


def tier_times(usage: Usage | None) -> Row | None:
    """p95 of each tier in one line, with a shape beside the colour; None where nobody measured it."""
    lanes = [
        lane
        for item in latency_lanes(usage)
        if isinstance(item, Lanes)
        for lane in item.lanes
        if lane.p95_s is not None
    ]
    if not lanes:
        return None
    spans = tuple(
        Span(f"{'▲' if lane.tone is Tone.BAD else '●'} {lane.name} {lane.texts[1]}", lane.tone)
        for lane in lanes
    )
    return Row(Span("p95 today", Tone.MUTED), spans, small=True)


def gateway_card(view: View, usage: Usage | None, now: float) -> Card:
    """Which gateway it is, whether it answers, how fast, and how reliably."""
    items: list[Item] = [*health_items(view), *latency_lanes(usage)]
    times = (
        Span("p50", Tone.MUTED),
        Span(phrases.took(view.p50_s), strong=True),
        Span(" p95", Tone.MUTED),
        Span(phrases.took(view.p95_s), strong=True),
    )
    if not any(isinstance(item, Lanes) for item in items):
        items.append(Row(Span("Answers", Tone.MUTED), times))
    items.append(Row(Span("Status page", Tone.MUTED), _status_page(view, now)))
    items.append(Row(Span("Circuit", Tone.MUTED), (_breaker(view, now),)))
    items.append(Row(Span("Address", Tone.MUTED), (Span(place_of(view)),)))
    title = "Gateway, last 30 days" if view.uptime is not None else "Gateway"
    return Card("gateway", title, tuple(items), right=availability_spans(view))


_LEVELS = {
    "ok": ("no trouble reported", Tone.GOOD),
    "maintenance": ("maintenance", Tone.MUTED),
    "minor": ("trouble reported", Tone.WARN),
    "major": ("outage reported", Tone.BAD),
    "critical": ("outage reported", Tone.BAD),
}


def _status_page(view: View, now: float) -> tuple[Span, ...]:
    """What the status page says, and when it said so."""
    if view.service.as_of is None:
        return (Span(phrases.DASH, Tone.MUTED),)
    words, tone = _LEVELS.get(view.service.level, (phrases.DASH, Tone.MUTED))
    return (Span(words, tone), Span(phrases.clock(view.service.as_of, now), Tone.MUTED))


def place_of(view: View) -> str:
    """Where requests go, without a path, which may hold an account's name."""
    if view.embedded:
        return "on this machine"
    try:
        return urlsplit(view.url).hostname or phrases.DASH
    except ValueError:
        return phrases.DASH


def _breaker(view: View, now: float) -> Span:
    match view.breaker:
        case "closed":
            return Span("lets requests through", Tone.GOOD)
        case "open":
            return Span(f"open until {phrases.clock(view.retry_at, now)}", Tone.BAD, strong=True)
        case "half_open":
            return Span("tries one request", Tone.WARN, strong=True)
        case _:
            return Span(phrases.DASH, Tone.MUTED)


def session_card(view: View, now: float) -> Card:
    """The sign-in, the editors, and where suggestions are off."""
    off = ", ".join(phrases.language(one) for one in view.languages_off[:_OFF_SHOWN])
    more = len(view.languages_off) - _OFF_SHOWN
    off += f" and {more} more" if more > 0 else ""
    items: list[Item] = [
        Row(Span("Sign-in"), (sign_in_words(view, now),)),
        *(
            Row(Span(editor.name), (Span(_since(editor.since, now), Tone.MUTED),))
            for editor in view.editors[:_RECENT]
        ),
    ]
    if not view.editors:
        items.append(Row(Span("Editors"), (Span("none connected", Tone.MUTED),)))
    items.append(Row(Span("Suggestions"), (_suggestions(view, now, off),)))
    items += [
        Row(
            Span(phrases.language(one.language)),
            (Span(f"paused until {phrases.clock(one.until, now)}", Tone.WARN),),
        )
        for one in view.languages_paused[:_RECENT]
        if now < one.until
    ]
    if view.muted_until is not None and now < view.muted_until:
        said = f"muted until {phrases.clock(view.muted_until, now)}"
        items.append(Row(Span("Notifications"), (Span(said, Tone.MUTED),)))
    items.append(Row(Span("Session kept in"), (Span(_vault(view), Tone.MUTED),)))
    as_of = Span(f"as of {phrases.clock(view.as_of, now)}", Tone.MUTED)
    return Card("session", "Session and editors", tuple(items), right=(as_of,))


def sign_in_words(view: View, now: float, *, short: bool = False) -> Span:
    """How long the session is good for, and when and why it was last renewed."""
    if view.phase in {"signed_out", "needs_person"}:
        return Span("needs you", Tone.BAD, strong=True)
    if not view.phase:
        return Span(phrases.DASH, Tone.MUTED)
    renewed = ""
    if view.renewed_at is not None and not short:
        renewed = f", renewed {phrases.clock(view.renewed_at, now)}"
        renewed += f" ({view.renewed_why})" if view.renewed_why else ""
    if view.phase == "expired" or (view.expires_at is not None and now >= view.expires_at):
        return Span(f"being renewed{renewed}", Tone.WARN, strong=True)
    if view.expires_at is None:
        return Span(f"valid, no end known{renewed}", Tone.GOOD)
    return Span(f"valid {phrases.lasting(view.expires_at - now)}{renewed}", Tone.GOOD)


def _suggestions(view: View, now: float, off: str) -> Span:
    if view.paused_until is not None and now < view.paused_until:
        return Span(f"paused until {phrases.clock(view.paused_until, now)}", Tone.WARN)
    return Span(f"on; off for {off}" if off else "on", Tone.MUTED)


def _vault(view: View) -> str:
    names = {"keyring": "the system keyring", "memory": "memory only", "file": "a protected file"}
    return names.get(view.vault, view.vault or phrases.DASH)


def _since(at: float | None, now: float) -> str:
    return "connected" if at is None else f"connected since {phrases.clock(at, now)}"
