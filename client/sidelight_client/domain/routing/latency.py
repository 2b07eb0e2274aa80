"""How long answers take: percentiles over the most recent ones."""

from __future__ import annotations

from dataclasses import dataclass

KEPT = 100


@dataclass(frozen=True, slots=True)
class Latencies:
    """The durations of the latest answers, in seconds, the oldest first."""

    seconds: tuple[float, ...] = ()

    def with_one(self, seconds: float) -> Latencies:
        return Latencies((*self.seconds, seconds)[-KEPT:])

    def percentile(self, share: float) -> float | None:
        """The smallest duration that at least `share` (0..1) of them do not exceed; None of none."""
        if not self.seconds:
            return None
        ordered = sorted(self.seconds)
        rank = max(-(-len(ordered) * share // 1), 1)
        return ordered[int(rank) - 1]
