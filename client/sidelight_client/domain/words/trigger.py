"""The sentences for why a keystroke bought nothing; `domain.words.catalogue` takes them into its catalogue.

Each is title, what happened, what it means, what to do. The codes end in `policy.Because` of the
language server.
"""

from __future__ import annotations

ASK = "Ask for a suggestion explicitly where you want one: that always goes first."

TRIGGER: dict[str, tuple[str, str, str, str]] = {
    "trigger.switched_off": (
        "Suggestions are switched off",
        "The setting completions.enabled is off for this window.",
        "Nothing is sent while you type.",
        (
            "Switch it on in the editor's settings; `sidelight config explain completions.enabled` says "
            "who decided it."
        ),
    ),
    "trigger.language_off": (
        "Off for this language",
        "The setting completions.languages_off names the language of this file.",
        "Nothing of it is sent while you type.",
        "Take the language out of the setting if you want suggestions here.",
    ),
    "trigger.below_value": (
        "Not worth a request here",
        "A suggestion at this place could save you only little typing, or one was just not right.",
        "No request was spent; a new line or a pause is asked about again.",
        ASK,
    ),
    "trigger.waiting_for_a_pause": (
        "Waiting for a pause",
        "You are typing, and a request is worth more when you stop for a moment.",
        "It is sent as soon as you do.",
        ASK,
    ),
    "trigger.ignored_lately": (
        "Suggestions were not used lately",
        "You went on typing past most of the latest suggestions in this file.",
        "Sidelight asks less often here until one fits again.",
        ASK,
    ),
    "trigger.saving": (
        "Saving requests",
        "Requests are short until the limit is renewed, so they go where an answer carries far.",
        "Suggestions come at new lines and at pauses, and are longer.",
        ASK,
    ),
    "trigger.reserve": (
        "Kept for what you ask for",
        "The last requests until the limit is renewed are kept for explicit calls.",
        "Nothing is sent while you type.",
        ASK,
    ),
    "trigger.just_deleted": (
        "You just deleted something",
        "What stands before the cursor was shortened a moment ago.",
        "Nothing is suggested in its place until you type on or stop.",
        ASK,
    ),
}
