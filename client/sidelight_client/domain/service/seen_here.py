"""What this person's own requests show of the gateway, read off the snapshot."""

from __future__ import annotations

from ..health import Condition
from ..snapshot import Snapshot
from .incidents import SeenHere


def seen_here(snapshot: Snapshot) -> SeenHere:
    """The facts for `incidents.service`."""
    held = {condition.code: condition for condition in snapshot.conditions}
    answered = (d.at for d in snapshot.decisions if d.outcome == "completed" and d.sends)
    return SeenHere(
        gateway=snapshot.gateway.name or "your gateway",
        down_since=_since(held.get("gateway.unreachable")),
        slow_since=_since(held.get("gateway.slow")),
        answered_at=max(answered, default=None),
        offline="network.offline" in held,
    )


def _since(condition: Condition | None) -> float | None:
    return condition.since if condition is not None else None
