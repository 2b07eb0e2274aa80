"""The cards about one's own use: requests against their limits, tokens and cost."""

from __future__ import annotations

from ..face import pace, phrases
from ..face.acts import Act, Action, Tone
from ..face.face import window_words
from ..face.pace import Pace
from ..heard.view import Limit, View
from ..heard.view_usage import Usage
from .content import Bars, Card, Choices, Figure, Gauge, Item, Note, Part, Row, Span, Stack

_STALE_AFTER_S = 120.0
_OTHERS = {"team": "Team", "org": "Organisation", "vendor": "Model vendor"}


def requests_card(view: View, usage: Usage | None, now: float) -> Card:
    """My requests: the number, the pace, the hours, and the limits I share with others."""
    hours = hour_bars(usage, pace.own(view, now), now)
    own = pace.own(view, now)
    if own is None:
        note = Note("No limit on requests is known. What you use is counted all the same.")
        return Card("requests", "My requests", (note, *hours))
    title = f"My requests{window_words(own.limit.window_s)}"
    items: list[Item] = [_figure(own, now), _gauge(own, now), *hours]
    items += [shared_gauge(one, now) for one in pace.limits(view, now) if one.limit != own.limit]
    over = [one for one in pace.limits(view, now) if _above_soft(one)]
    if over:
        named = ", ".join(_name(one).lower() for one in over)
        # An older broker does not tell whether anybody takes the reason.
        asked = view.hears_of_limits is not False
        ending = ", a reason is asked." if asked else "."
        items.append(Note(f"Above the soft limit of your {named}: nothing stops{ending}"))
        if asked:
            items.append(Choices((Action(Act.GIVE_REASON, "Give a &reason"),)))
    return Card("requests", title, tuple(items), right=(_reset(own, now),))


def _reset(own: Pace, now: float) -> Span:
    at = own.limit.resets_at
    if at is None:
        return Span("starts with the next request", Tone.MUTED)
    return Span(f"resets {phrases.clock(at, now)} · in {phrases.lasting(at - now)}", Tone.MUTED)


def _figure(own: Pace, now: float) -> Figure:
    used, limit = phrases.count(own.limit.used), phrases.count(own.limit.limit)
    verdict = _verdict(own, now)
    return Figure(used, f"of {limit}", verdict, f"{used} of {limit} requests used; {verdict.text}")


def _verdict(own: Pace, now: float) -> Span:
    """What the pace comes to, in three words."""
    if own.limit.used is None:
        return Span("not known yet", Tone.MUTED)
    if own.used_up:
        return Span("used up", Tone.BAD, strong=True)
    if own.runs_out_at is not None:
        return Span(f"runs out {phrases.clock(own.runs_out_at, now)}", Tone.WARN, strong=True)
    as_of = own.limit.as_of
    if as_of is not None and now - as_of > _STALE_AFTER_S and own.limit.used:
        return Span(f"as of {phrases.clock(as_of, now)}", Tone.MUTED)
    return Span("lasts until reset", Tone.GOOD)


def _gauge(own: Pace, now: float) -> Gauge:
    if own.share is None:
        return Gauge(f"How much of it is used is not known: {phrases.DASH}", tone=Tone.MUTED)
    spoken = f"{phrases.percent(own.share)} used"
    if own.even_share is not None:
        even = phrases.count(own.even_share * own.limit.limit)
        spoken += f"; an even pace would be {even}; {_verdict(own, now).text}"
    return Gauge(spoken, own.share, own.even_share, _tone(own), soft=not own.limit.hard)


def _above_soft(one: Pace) -> bool:
    """Whether a limit that stops nothing is passed."""
    limit = one.limit
    return not limit.hard and limit.used is not None and limit.used > limit.limit


def _name(one: Pace) -> str:
    return _OTHERS.get(one.limit.scope, one.limit.scope.capitalize() or "Other")


def shared_gauge(one: Pace, now: float) -> Gauge:
    """A limit that is shared with others, as one thin row."""
    limit = one.limit
    label = _name(one)
    value = f"{phrases.count(limit.used)} of {phrases.count(limit.limit)}"
    value += "" if limit.hard else " soft"
    value += _age(limit, now)
    kind = "limit" if limit.hard else "soft limit, which only asks for a reason"
    return Gauge(
        f"{label}: {phrases.count(limit.used)} of {phrases.count(limit.limit)} requests"
        f"{_age(limit, now)}; {kind}",
        one.share,
        None,
        _tone(one) if limit.hard else Tone.ACCENT,
        soft=not limit.hard,
        label=label,
        value=value,
    )


def _age(limit: Limit, now: float) -> str:
    """When the number was told, where that is a while ago."""
    if limit.as_of is None or now - limit.as_of <= _STALE_AFTER_S:
        return ""
    return f" at {phrases.clock(limit.as_of, now)}"


def _tone(one: Pace) -> Tone:
    if one.used_up:
        return Tone.BAD
    return Tone.WARN if one.nearly else Tone.ACCENT


def hour_bars(usage: Usage | None, own: Pace | None, now: float) -> tuple[Item, ...]:
    """Today by the hour; nothing where nobody has counted it."""
    if usage is None or not usage.hours or usage.problem:
        return ()
    hours = usage.hours
    begun = [hour.at is not None and hour.at <= now for hour in hours]
    values = tuple(hour.requests for hour in hours)
    current = max((index for index, yes in enumerate(begun) if yes), default=0)
    hourly = own is not None and own.limit.scope == "user" and own.limit.window_s == phrases.HOUR_S
    limit = own.limit.limit if own is not None and hourly else None
    known = [(value, index) for index, value in enumerate(values) if value is not None]
    most, when = max(known, default=(0.0, 0))
    spoken = f"Today by the hour: {phrases.count(sum(value for value, _ in known))} requests"
    if most:
        spoken += f", most at {phrases.clock(hours[when].at)} with {phrases.count(most)}"
    axis = [(index, phrases.clock(hours[index].at)) for index in range(0, len(hours), 6)]
    axis = [one for one in axis if abs(one[0] - current) > 2]  # noqa: PLR2004 – room for "now"
    marks = tuple(sorted([*axis, (current, "now")]))
    label = f"{phrases.count(limit)}/h" if limit is not None else ""
    return (Bars(values, spoken, limit, label, current, marks),)


def tokens_card(view: View, usage: Usage | None, now: float) -> Card | None:
    """Tokens in three parts, what the cache saved, and the cost against what there is to spend.

    None where neither use nor a limit is known.
    """
    limits = other_limits(view, now)
    if usage is None:
        return Card("tokens", "Limits on tokens and cost", limits) if limits else None
    if usage.whole is None or usage.problem:
        note = Note(f"Not known: {usage.problem or phrases.DASH}")
        return Card("tokens", "Tokens and cost today", (note, *limits))
    whole = usage.whole
    named = (("cached", whole.cached), ("uncached", whole.uncached), ("output", whole.output))
    parts = tuple(
        Part(f"{phrases.tokens(amount)} {label}", amount or 0.0, level)
        for level, (label, amount) in enumerate(named)
    )
    spoken = "Tokens today: " + ", ".join(part.label for part in parts)
    saving = f"{phrases.percent(whole.cached_share)} of input was cached"
    saving += f", saving about {phrases.money(usage.saved)}" if usage.saved is not None else ""
    known = whole.cached_share is not None
    kept = Row(
        Span(saving if known else "How much was cached is not known", _if(known, Tone.GOOD)),
        small=True,
    )
    of = Span(f"as of {phrases.clock(usage.as_of, now)}", Tone.MUTED)
    cost = Span(phrases.money(whole.cost), strong=True)
    items = (Stack(parts, spoken), kept, *limits)
    return Card("tokens", "Tokens and cost today", items, (cost, of))


def _if(known: bool, tone: Tone) -> Tone:
    return tone if known else Tone.MUTED


def other_limits(view: View, now: float) -> tuple[Item, ...]:
    """Limits on tokens and cost, where there are any."""
    rows: list[Item] = []
    for unit, name in (("tokens", "tokens"), ("cost", "cost")):
        for one in pace.limits(view, now, unit):
            limit, shown = one.limit, phrases.money if unit == "cost" else phrases.tokens
            whose = {"user": "My"}.get(limit.scope, _OTHERS.get(limit.scope, limit.scope))
            value = f"{shown(limit.used)} of {shown(limit.limit)}"
            value += ("" if limit.hard else " soft") + _age(limit, now)
            label = f"{whose} {name}"
            spoken = f"{label}{window_words(limit.window_s)}: {value}"
            if one.even_share is not None:
                spoken += f"; an even pace would be {shown(one.even_share * limit.limit)}"
            rows.append(
                Gauge(spoken, one.share, one.even_share, _tone(one), not limit.hard, label, value)
            )
    return tuple(rows)
