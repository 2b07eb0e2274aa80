"""The sentences about where a line came from; `catalogue` takes them in.

Each is title, what happened, what it means, what to do.
"""

from __future__ import annotations

PROVENANCE: dict[str, tuple[str, str, str, str]] = {
    "explain.line_origin": (
        "This line came with a suggestion",
        "It was {way} on {day}; the request has the trace id {trace_id}.",
        "{there} of the {lines} lines of it were as it wrote them when they were last looked at.",
        "Give the trace id to whoever runs the gateway to find the request in its log.",
    ),
}
