"""What a person can show to somebody who helps: versions, states and ids, and nothing they typed."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from .face import phrases
from .face.state import Heard, TrayState

TRACES = 20

History = Sequence[tuple[float, TrayState]]


def diagnostics(heard: Heard, history: History, facts: Mapping[str, str], now: float) -> str:
    """The text that is shown and then copied.

    Architecture invariant: there is no code, prompt, token or file name in it.
    """
    lines = [f"Sidelight diagnostics, {_moment(now)}", ""]
    lines += [f"{name}: {value}" for name, value in facts.items()]
    lines += ["", "States, the latest first"]
    lines += [f"  {_moment(at)}  {state.value}" for at, state in reversed(history)]
    view = heard.view
    if view is None:
        return "\n".join([*lines, "", "No snapshot has arrived."])
    lines += [
        "",
        f"Broker: {view.version or phrases.DASH}, snapshot {view.seq} of {_moment(view.as_of)}"
        + ("" if heard.connected else ", not connected"),
        f"Session: {view.phase or phrases.DASH}, ends {_moment(view.expires_at)}",
        f"Renewed: {_moment(view.renewed_at)} ({view.renewed_why or phrases.DASH})",
        f"Kept in: {view.vault or phrases.DASH}",
        f"Circuit: {view.breaker or phrases.DASH}",
        f"Paused: all until {_moment(view.paused_until)}"
        + "".join(f", {one.language} until {_moment(one.until)}" for one in view.languages_paused)
        + f"; notifications muted until {_moment(view.muted_until)}",
        f"Answers: p50 {phrases.took(view.p50_s)}, p95 {phrases.took(view.p95_s)}",
        *(f"Condition: {told.code} since {_moment(told.since)}" for told in view.conditions),
        *(
            f"Limit: {one.scope} {phrases.count(one.used)} of {phrases.count(one.limit)} "
            f"{one.unit}, resets {_moment(one.resets_at)}"
            for one in view.limits
        ),
        "",
        "Requests, the latest first",
        *(
            f"  {_moment(one.at)}  {one.outcome:<12} {one.tier:<9} "
            f"{phrases.took(one.total_s):>7}  {one.trace_id}"
            for one in view.decisions[:TRACES]
        ),
    ]
    return "\n".join(lines)


def _moment(at: float | None) -> str:
    """The moment in UTC: whoever helps may sit in another time zone."""
    if at is None:
        return phrases.DASH
    try:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
    except (OverflowError, OSError, ValueError):
        return phrases.DASH
