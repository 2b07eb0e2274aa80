"""The popover and the details window, card by card: what is in them and in which order. No Qt."""

from __future__ import annotations

from . import phrases
from .acts import Act, Action, Tone
from .cause import Say, cause
from .content import Card, Choices, Item, Note, Panel, Row, Span, Step, Timeline
from .face import TONES, main_action, retry_helps
from .panel_gateway import (
    decisions_card,
    gateway_card,
    health_items,
    session_card,
    sign_in_words,
)
from .panel_usage import other_limits, requests_card, tokens_card
from .state import NAMES, Heard, TrayState, open_incident, tray_state
from .view import View
from .view_service import Incident

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
        column.append(_gateway_in_short(view, now))
        column.append(decisions_card(view, now, shown, Action(Act.DETAILS, "&All details")))
    return _panel(heard, state, now, columns=(tuple(column),))


def details(heard: Heard, now: float, say: Say) -> Panel:
    """The window: everything that is known, in two columns."""
    state, view = tray_state(heard, now), heard.view
    wide = tuple(_problem(heard, state, now, say))
    if view is None:
        return _panel(heard, state, now, wide=wide)
    left: list[Card] = [requests_card(view, heard.usage, now)]
    if heard.usage is not None:
        left.append(tokens_card(heard.usage, now))
    others = other_limits(view, now)
    if others:
        left.append(Card("budgets", "Limits on tokens and cost", others))
    left.append(session_card(view, now, connected=heard.connected))
    right = [gateway_card(view, heard.usage, now), decisions_card(view, now, DETAILS_DECISIONS)]
    return _panel(heard, state, now, wide=wide, columns=(tuple(left), tuple(right)))


def _panel(
    heard: Heard,
    state: TrayState,
    now: float,
    *,
    wide: tuple[Card, ...] = (),
    columns: tuple[tuple[Card, ...], ...] = (),
) -> Panel:
    view = heard.view
    who = [view.account, view.gateway] if view is not None else []
    subtitle = " · ".join(part for part in who if part)
    if view is not None and not heard.connected:
        subtitle = f"as of {phrases.clock(view.as_of, now)} · {subtitle}".removesuffix(" · ")
    buttons = (
        Action(Act.RESUME, "&Resume")
        if state is TrayState.PAUSED
        else Action(Act.PAUSE_SHORT, "&Pause 30 min"),
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
        buttons if heard.connected else buttons[1:],
        (Action(Act.SETTINGS, "&Settings"),),
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
    actions = [action for action in (main_action(state),) if action is not None]
    if incident is not None and incident.url:
        actions.append(Action(Act.STATUS_PAGE, "Stat&us page", incident.url))
    if state is TrayState.SIGN_IN:
        actions.append(Action(Act.SIGN_IN_WITH_CODE, "Use a &code"))
    if retry_helps(state) and heard.connected:
        actions.append(Action(Act.RETRY, "Retry &now"))
    if state is TrayState.DOWN:
        actions.append(Action(Act.LOGS, "Show lo&g"))
    if actions:
        items.append(Choices(tuple(actions), primary=True))
    told = incident is not None and bool(incident.timeline)
    since = () if why.since is None or told else (Span(f"since {phrases.clock(why.since, now)}"),)
    return [Card("problem", why.title, tuple(items), since, TONES[state], icon=state)]


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


def _gateway_in_short(view: View, now: float) -> Card:
    card = gateway_card(view, None, now)
    signed = Row(Span("Sign-in", Tone.MUTED), (sign_in_words(view, now, short=True),))
    times = next(item for item in card.items if isinstance(item, Row) and not item.small)
    return Card("gateway", card.title, (*health_items(view), times, signed), card.right)
