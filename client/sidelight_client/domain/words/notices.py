"""The sentences of notifications that are no conditions; `catalogue` takes them in.

Each is title, what happened, what it means, what to do.
"""

from __future__ import annotations

NOTICES: dict[str, tuple[str, str, str, str]] = {
    "notice.outage": (
        "Outage at {name}",
        "The status page of {name} reports an outage.",
        "Suggestions pause while requests fail; nothing you typed is lost.",
        "Nothing to do: you hear when it is over.",
    ),
    "notice.outage_here": (
        "No answer from {name}",
        "The gateway {name} does not answer your requests.",
        "Suggestions pause; nothing you typed is lost.",
        "Nothing to do: it is tried again by itself, and you hear when it is over.",
    ),
    "notice.outage_over": (
        "Working again",
        "The gateway {name} answers again.",
        "Suggestions are back.",
        "Nothing to do.",
    ),
    "notice.signed_in": (
        "Signed in again",
        "Your session is valid again.",
        "Suggestions are back.",
        "Nothing to do.",
    ),
}
