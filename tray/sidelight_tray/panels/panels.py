"""The popover and the details window, card by card: what is in them and in which order. No Qt."""

from __future__ import annotations

from ..face import phrases
from ..face.acts import Act, Action, Tone
from ..face.cause import Say, cause
from ..face.face import TONES, main_action, muted_until, retry_helps
from ..face.state import NAMES, Heard, TrayState, open_incident, tray_state
from ..heard.view import View
from ..heard.view_service import Incident
from ..heard.view_usage import Usage
from .content import Card, Choices, Item, Note, Panel, Row, Span, Step, Timeline
from .context import code_card, trims_card
from .decisions import decisions_card
from .gateway import gateway_card, health_items, session_card, sign_in_words, tier_times
from .usage import requests_card, tokens_card

POPOVER_DECISIONS = 2
POPOVER_DECISIONS_IN_TROUBLE = 1
"""With a card on top, the rest gives way, so that the popover still fits a small screen."""
DETAILS_DECISIONS = 6


def popover(heard: Heard, now: float, say: Say) -> Panel:
    """The panel behind the icon: one narrow column that fits a small screen."""
    state, view = tray_state(heard, now), heard.view
    column: list[Card] = _problem(heard, state, now, say)
    if view is not None:
        shown = POPOVER_DECISIONS_IN_TROUBLE if column else POPOVER_DECISIONS
        column.append(requests_card(view, None if column else heard.usage, now))
        column.append(_gateway_in_short(view, heard.usage, now))
        column.append(decisions_card(view, now, shown, Action(Act.DETAILS, "&All details")))
    return _panel(heard, state, now, columns=(tuple(column),))


def details(heard: Heard, now: float, say: Say) -> Panel:
    """The window: everything that is known, in two columns."""
    state, view = tray_state(heard, now), heard.view
    wide = tuple(_problem(heard, state, now, say))
    # Everything the icon's menu offers, for desktops that show no icon and for keyboards.
    last = (Action(Act.MENU, "&More…"), Action(Act.SETTINGS, "&Settings"))
    if view is None:
        return _panel(heard, state, now, wide=wide, last=last)
    left: list[Card] = [requests_card(view, heard.usage, now)]
    tokens = tokens_card(view, heard.usage, now)
    left += [tokens] if tokens is not None else []
    left += [trims_card(view, now), code_card(view)]
    right = [
        gateway_card(view, heard.usage, now),
        decisions_card(view, now, DETAILS_DECISIONS),
        session_card(view, now),
    ]
    return _panel(heard, state, now, wide=wide, columns=(tuple(left), tuple(right)), last=last)


def _panel(
    heard: Heard,
    state: TrayState,
    now: float,
    *,
    wide: tuple[Card, ...] = (),
    columns: tuple[tuple[Card, ...], ...] = (),
    last: tuple[Action, ...] = (Action(Act.SETTINGS, "&Settings"),),
) -> Panel:
    view = heard.view
    who = [view.account, view.gateway] if view is not None else []
    subtitle = " · ".join(part for part in who if part)
    if view is not None and not heard.connected:
        subtitle = f"as of {phrases.clock(view.as_of, now)} · {subtitle}".removesuffix(" · ")
    can_pause = heard.connected and state is not TrayState.PAUSED
    buttons = (
        *((Action(Act.PAUSE_SHORT, "&Pause 30 min"),) if can_pause else ()),
        Action(Act.DIAGNOSTICS, "&Diagnostics"),
        Action(Act.LOGS, "&Logs"),
    )
    return Panel(
        state,
        "Sidelight",
        subtitle or phrases.DASH,
        NAMES[state],
        TONES[state],
        wide,
        columns,
        buttons,
        last,
        stale=not heard.connected,
    )


def _problem(heard: Heard, state: TrayState, now: float, say: Say) -> list[Card]:
    """The card that says why the state is not "ready"; none when it is."""
    why = cause(heard, state, now, say)
    if why is None:
        return []
    # A command's name stands between backticks where the sentence is read as Markdown.
    items: list[Item] = [Note(why.text.replace("`", ""), Tone.PLAIN)]
    if why.do and not why.do.startswith("Nothing"):
        items.append(Note(why.do.replace("`", "")))
    incident = _shown_incident(heard, state)
    if incident is not None and incident.timeline:
        items.append(timeline(incident, now))
    actions = [action for action in (main_action(heard, state, now),) if action is not None]
    if incident is not None and incident.url:
        actions.append(Action(Act.STATUS_PAGE, "Stat&us page", incident.url))
    if state is TrayState.SIGN_IN:
        actions.append(Action(Act.SIGN_IN_WITH_CODE, "Use a &code"))
    if retry_helps(state) and heard.connected:
        actions.append(Action(Act.RETRY, "Retry &now"))
    if state is TrayState.OUTAGE and heard.connected and muted_until(heard, now) is None:
        actions.append(Action(Act.MUTE_SHORT, "Mute for &1 h"))
    if state is TrayState.DOWN:
        actions.append(Action(Act.LOGS, "Show lo&g"))
    if actions:
        items.append(Choices(tuple(actions), primary=True))
    told = incident is not None and bool(incident.timeline)
    if why.since is not None and not told:
        # Not beside the title, which would be cut off in the narrow panel.
        since = Row(Span(f"since {phrases.clock(why.since, now)}", Tone.MUTED), small=True)
        items.insert(1, since)
    return [Card("problem", why.title, tuple(items), (), TONES[state], icon=state)]


def _shown_incident(heard: Heard, state: TrayState) -> Incident | None:
    if heard.view is None or state not in {TrayState.OUTAGE, TrayState.DEGRADED}:
        return None
    return open_incident(heard.view)


_STAGES = ("investigating", "identified", "monitoring", "resolved")


def timeline(incident: Incident, now: float) -> Timeline:
    """The four steps an incident goes through, with the time each was reached."""
    reached: dict[str, float | None] = {}
    for update in incident.timeline:
        reached.setdefault(update.stage, update.at)
    stages = _STAGES if incident.stage in _STAGES else (incident.stage, *_STAGES)
    steps = tuple(
        Step(
            stage.replace("_", " ").capitalize(),
            phrases.clock(reached[stage], now) if stage in reached else "",
            current=stage == incident.stage,
        )
        for stage in stages
        if stage
    )
    told = ", ".join(f"{step.label} {step.at}" for step in steps if step.at)
    return Timeline(steps[:5], f"Timeline: {told}")


def _gateway_in_short(view: View, usage: Usage | None, now: float) -> Card:
    card = gateway_card(view, None, now)
    signed = Row(Span("Sign-in", Tone.MUTED), (sign_in_words(view, now, short=True),))
    times = tier_times(usage) or next(
        item for item in card.items if isinstance(item, Row) and not item.small
    )
    return Card("gateway", card.title, (*health_items(view), times, signed), card.right)
