"""Sentences about answers of which nothing is shown: one for each reason of the filters.

The reasons are spelled out, because the icon in the tray needs every sentence and none of the filters.
"""

from __future__ import annotations

_NOTHING = "There is no suggestion at this place."
_ASK = "Type on, or ask for a suggestion yourself to have another model try."

ANSWERS: dict[str, tuple[str, str, str, str]] = {
    "filtered.empty": (
        "Nothing to add",
        "The model answered and had nothing to add here.",
        _NOTHING,
        "Nothing to do; a comment about what comes next often helps.",
    ),
    "filtered.prose": (
        "Talk instead of code",
        "The model wrote sentences about the code instead of code.",
        _NOTHING,
        _ASK,
    ),
    "filtered.echo": (
        "Only a repetition",
        "The model repeated what stands before the cursor, and added nothing.",
        _NOTHING,
        "Nothing to do; this place may be complete.",
    ),
    "filtered.duplicate": (
        "Already there",
        "The model suggested lines that stand right above or below.",
        _NOTHING,
        "Nothing to do; this place may be complete.",
    ),
    "filtered.repeated": (
        "Going round in circles",
        "The model repeated itself.",
        _NOTHING,
        _ASK,
    ),
    "filtered.unbalanced": (
        "Brackets that do not match",
        "The model's text would have closed a bracket that is closed already.",
        _NOTHING,
        _ASK,
    ),
    "filtered.comment": (
        "Only a placeholder",
        "The model wrote a comment in place of code, such as “rest of the function”.",
        _NOTHING,
        _ASK,
    ),
}
"""Title, what happened, what it means and what to do, by code."""
