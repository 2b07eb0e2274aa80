"""The face of the tray: state, tooltip and menu, decided from what was heard and the time. No Qt.

Icon, tooltip, menu and panels are all made from one `Heard` value and can therefore not disagree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import pace, phrases
from .acts import Act, Action, Tone
from .state import NAMES, Heard, TrayState, changes_at, open_incident, tray_state

if TYPE_CHECKING:
    from ..heard.view import View

PAUSE_SHORT_S = 1_800.0
MUTE_SHORT_S = 3_600.0
_LANGUAGES_SHOWN = 3
_NAME_SHOWN = 24
TOOLTIP_LIMIT = 127
"""Windows shows no more of a tooltip (NOTIFYICONDATAW `szTip`, 128 with its zero)."""

TONES = {
    TrayState.DOWN: Tone.BAD,
    TrayState.OFFLINE: Tone.MUTED,
    TrayState.PAUSED: Tone.MUTED,
    TrayState.SIGN_IN: Tone.BAD,
    TrayState.OUTAGE: Tone.BAD,
    TrayState.LIMITED: Tone.BAD,
    TrayState.DEGRADED: Tone.WARN,
    TrayState.QUOTA: Tone.WARN,
    TrayState.BLOCKED: Tone.WARN,
    TrayState.REFRESHING: Tone.ACCENT,
    TrayState.OK: Tone.GOOD,
}


@dataclass(frozen=True, slots=True)
class Separator:
    """A line in the menu."""


@dataclass(frozen=True, slots=True)
class Remark:
    """A line in the menu that tells something and cannot be chosen."""

    text: str


@dataclass(frozen=True, slots=True)
class Submenu:
    """Choices behind one line of the menu."""

    label: str
    actions: tuple[Action | Separator, ...]


MenuItem = Separator | Remark | Submenu | Action


@dataclass(frozen=True, slots=True)
class Face:
    """What can be seen without opening anything.

    Attributes:
        changes_at: when it may look different although nothing is heard.
    """

    state: TrayState
    tooltip: str
    menu: tuple[MenuItem, ...]
    changes_at: float | None = None


def face(heard: Heard, now: float) -> Face:
    """The face at `now`."""
    state = tray_state(heard, now)
    usage = usage_line(heard, now)
    return Face(
        state,
        f"Sidelight: {NAMES[state]}\n{usage}"[:TOOLTIP_LIMIT],
        menu(heard, state, now),
        changes_at(heard, now),
    )


def usage_line(heard: Heard, now: float) -> str:
    """The one number everybody asks for; a dash where it is not known."""
    own = pace.own(heard.view, now) if heard.view is not None else None
    if own is None:
        return f"{phrases.DASH} requests used"
    used, limit = phrases.count(own.limit.used), phrases.count(own.limit.limit)
    said = f"{used} of {limit} requests{window_words(own.limit.window_s)}"
    if heard.connected or heard.view is None:
        return said
    return f"{said}, as of {phrases.clock(heard.view.as_of, now)}"


def window_words(window_s: float | None) -> str:
    """The window of a limit as the end of a phrase: " this hour"."""
    if window_s is None:
        return ""
    names = {60: " this minute", 3_600: " this hour", 86_400: " today", 604_800: " this week"}
    return names.get(round(window_s), f" in {phrases.lasting(window_s)}")


def menu(heard: Heard, state: TrayState, now: float) -> tuple[MenuItem, ...]:
    """The menu: state and usage, then what can be done, the likeliest first."""
    first = main_action(heard, state, now)
    signed_in = heard.view is not None and heard.view.phase in {"fresh", "stale", "expired"}
    return tuple(
        item
        for item in (
            Remark(NAMES[state]),
            Remark(usage_line(heard, now)),
            Separator(),
            Action(Act.OPEN, "&Open Sidelight"),
            first,
            Separator(),
            _pause(heard, state, now) if heard.connected else None,
            *(resume_languages(heard, now) if heard.connected else ()),
            _mute(heard, now) if heard.connected else None,
            Action(Act.RETRY, "&Retry now") if retry_helps(state) and heard.connected else None,
            Action(Act.SIGN_OUT, "Sign ou&t") if signed_in and heard.connected else None,
            Separator(),
            _status_page(heard),
            Action(Act.DIAGNOSTICS, "&Diagnostics…"),
            Action(Act.LOGS, "Show &logs"),
            Action(Act.SETTINGS, "&Settings"),
            _at_login(heard.at_login),
            Separator(),
            Action(Act.QUIT, "&Quit"),
        )
        if item is not None
    )


def _status_page(heard: Heard) -> Action | None:
    incident = open_incident(heard.view) if heard.view is not None else None
    if incident is None or not incident.url:
        return None
    return Action(Act.STATUS_PAGE, "Stat&us page", incident.url)


def _at_login(on: bool | None) -> Action | None:
    if on is None:
        return None
    act = Act.STAY_AWAY_AT_LOGIN if on else Act.START_AT_LOGIN
    return Action(act, "Start at lo&gin", checked=on)


def main_action(heard: Heard, state: TrayState, now: float) -> Action | None:
    """The one thing that helps in `state`; None where there is nothing to do."""
    match state:
        case TrayState.DOWN:
            return Action(Act.START, "Start no&w")
        case TrayState.SIGN_IN:
            return Action(Act.SIGN_IN, "Sign &in with the browser")
        case TrayState.PAUSED:
            return Action(Act.RESUME, "&Resume suggestions")
        case TrayState.LIMITED:
            return _ask_for_more(heard.view, now)
        case _:
            return None


def _ask_for_more(view: View | None, now: float) -> Action | None:
    """What to do about a limit that is used up: ask whoever set it, where the question is taken.

    The model vendor's limit is nobody's here to raise.
    """
    if view is None or view.hears_of_limits is not True:
        return None
    spent = pace.used_up(view, now)
    own = any(told.code == "limit.reached" for told in view.conditions)
    if (spent.limit.scope not in pace.SCOPES) if spent is not None else not own:
        return None
    about = f"{spent.limit.scope}:{spent.limit.unit}" if spent is not None else ""
    return Action(Act.ASK_FOR_MORE, "As&k for more", about)


def retry_helps(state: TrayState) -> bool:
    """Whether asking the gateway at once could end the state."""
    return state in {TrayState.OUTAGE, TrayState.DEGRADED, TrayState.OFFLINE}


def _pause(heard: Heard, state: TrayState, now: float) -> Submenu | None:
    if state is TrayState.PAUSED:
        return None
    choices: list[Action | Separator] = [
        Action(Act.PAUSE_SHORT, "For &30 minutes"),
        Action(Act.PAUSE_LONG, "Until &tomorrow"),
    ]
    language = written_lately(heard, now)
    if language:
        name = _in_menu(phrases.language(language))
        choices += [
            Separator(),
            Action(Act.PAUSE_LANGUAGE_SHORT, f"{name} for 30 &minutes", language),
            Action(Act.PAUSE_LANGUAGE_LONG, f"{name} &until tomorrow", language),
        ]
    return Submenu("&Pause suggestions", tuple(choices))


def written_lately(heard: Heard, now: float) -> str:
    """The language "this language" means: that of the latest request which is not off; or empty."""
    view = heard.view
    if view is None:
        return ""
    paused = {one.language for one in view.languages_paused if now < one.until}
    latest = next((one.language for one in view.decisions if one.language), "")
    return "" if latest in {*paused, *view.languages_off} else latest


def resume_languages(heard: Heard, now: float) -> tuple[Action, ...]:
    """One choice for each language that is paused, with the end of the pause."""
    paused = heard.view.languages_paused if heard.view is not None else ()
    return tuple(
        Action(
            Act.RESUME_LANGUAGE,
            f"Resume {_in_menu(phrases.language(one.language))}"
            f" (paused until {phrases.clock(one.until, now)})",
            one.language,
        )
        for one in paused[:_LANGUAGES_SHOWN]
        if now < one.until
    )


def muted_until(heard: Heard, now: float) -> float | None:
    """Until when notifications are muted; None while they are shown."""
    until = heard.view.muted_until if heard.view is not None else None
    return until if until is not None and now < until else None


def _mute(heard: Heard, now: float) -> MenuItem:
    until = muted_until(heard, now)
    if until is not None:
        said = f"Un&mute notifications (muted until {phrases.clock(until, now)})"
        return Action(Act.UNMUTE, said)
    return Submenu(
        "&Mute notifications",
        (Action(Act.MUTE_SHORT, "For &1 hour"), Action(Act.MUTE_LONG, "Until &tomorrow")),
    )


def _in_menu(name: str) -> str:
    """The name as a short label, in which `&` would underline the letter behind it."""
    short = name if len(name) <= _NAME_SHOWN else f"{name[: _NAME_SHOWN - 1]}…"
    return short.replace("&", "&&")
