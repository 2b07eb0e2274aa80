"""Sentences about which address of a gateway answered, and with what reservation."""

from __future__ import annotations

ROUTING: dict[str, tuple[str, str, str, str]] = {
    "gateway.zone_down": (
        "One zone not reachable",
        "{zone} does not answer, so your gateway is reached through {using}.",
        "Suggestions go on; some may take a little longer.",
        "Nothing to do; the zone is tried again by itself.",
    ),
    "answer.warned": (
        "Answered with a warning",
        "The gateway answered, and one of its rules noticed something in the text.",
        "The suggestion is shown as it came.",
        "Nothing to do; the rule may block the same text another time.",
    ),
}
"""Title, what happened, what it means and what to do, by code."""
