"""Sentences about answers of which nothing is shown: one for each reason of the filters."""

from __future__ import annotations

from .filters import FilterReason

_NOTHING = "There is no suggestion at this place."
_ASK = "Type on, or ask for a suggestion yourself to have another model try."

ANSWERS: dict[str, tuple[str, str, str, str]] = {
    f"filtered.{FilterReason.EMPTY}": (
        "Nothing to add",
        "The model answered and had nothing to add here.",
        _NOTHING,
        "Nothing to do; a comment about what comes next often helps.",
    ),
    f"filtered.{FilterReason.PROSE}": (
        "Talk instead of code",
        "The model wrote sentences about the code instead of code.",
        _NOTHING,
        _ASK,
    ),
    f"filtered.{FilterReason.ECHO}": (
        "Only a repetition",
        "The model repeated what stands before the cursor, and added nothing.",
        _NOTHING,
        "Nothing to do; this place may be complete.",
    ),
    f"filtered.{FilterReason.DUPLICATE}": (
        "Already there",
        "The model suggested lines that stand right above or below.",
        _NOTHING,
        "Nothing to do; this place may be complete.",
    ),
    f"filtered.{FilterReason.REPEATED}": (
        "Going round in circles",
        "The model repeated itself.",
        _NOTHING,
        _ASK,
    ),
    f"filtered.{FilterReason.UNBALANCED}": (
        "Brackets that do not match",
        "The model's text would have closed a bracket that is closed already.",
        _NOTHING,
        _ASK,
    ),
    f"filtered.{FilterReason.COMMENT}": (
        "Only a placeholder",
        "The model wrote a comment in place of code, such as “rest of the function”.",
        _NOTHING,
        _ASK,
    ),
}
"""Title, what happened, what it means and what to do, by code."""
