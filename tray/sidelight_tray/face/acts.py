"""What a person can ask for, and what a text or mark means: all of a panel that the icon needs too."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Tone(StrEnum):
    """What a text or a mark means; each has a colour, and never the colour alone."""

    PLAIN = "plain"
    MUTED = "muted"
    ACCENT = "accent"
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"


class Act(StrEnum):
    """What a person can ask for."""

    OPEN = "open"
    DETAILS = "details"
    SIGN_IN = "sign_in"
    SIGN_IN_WITH_CODE = "sign_in_with_code"
    SIGN_OUT = "sign_out"
    PAUSE_SHORT = "pause_short"
    PAUSE_LONG = "pause_long"
    RESUME = "resume"
    PAUSE_LANGUAGE_SHORT = "pause_language_short"
    PAUSE_LANGUAGE_LONG = "pause_language_long"
    RESUME_LANGUAGE = "resume_language"
    MUTE_SHORT = "mute_short"
    MUTE_LONG = "mute_long"
    UNMUTE = "unmute"
    MENU = "menu"
    RETRY = "retry"
    START = "start"
    STATUS_PAGE = "status_page"
    POLICY_PAGE = "policy_page"
    COPY_TRACE = "copy_trace"
    REQUEST_EXCEPTION = "request_exception"
    GIVE_REASON = "give_reason"
    ASK_FOR_MORE = "ask_for_more"
    DIAGNOSTICS = "diagnostics"
    LOGS = "logs"
    SETTINGS = "settings"
    START_AT_LOGIN = "start_at_login"
    STAY_AWAY_AT_LOGIN = "stay_away_at_login"
    QUIT = "quit"


@dataclass(frozen=True, slots=True)
class Action:
    """Something to click: what it asks for, what it is called, and what it is about.

    In `label`, `&` stands before the letter that reaches it by keyboard. `checked` is for a switch.
    """

    act: Act
    label: str
    argument: str = ""
    checked: bool | None = None
