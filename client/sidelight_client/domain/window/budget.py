"""How large a window may be: by tier, and smaller where answers take longer than they should."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..completion import Tier
from ..routing.latency import Latencies
from . import WindowLimits

TIER_FACTOR = {Tier.FAST: 1.0, Tier.STANDARD: 2.0, Tier.HEAVY: 4.0}
"""How much more the slower tiers read; what takes longer anyway may as well know more."""
SCALES = (1.0, 0.75, 0.5, 0.35)
"""A few fixed steps: each change of size moves the leading bytes and costs the prompt cache."""
ENOUGH = 8
"""Answers to judge by; fewer are chance."""
EASY = 0.5
"""Below this share of the target there is time to read more."""


@dataclass(frozen=True, slots=True)
class WindowPace:
    """How the answers of one tier keep up with their target.

    Attributes:
        step: the place in `SCALES` that is in force.
        recent: the answers since that was chosen.
    """

    step: int = 0
    recent: Latencies = field(default_factory=Latencies)


def paced(pace: WindowPace, took_s: float, target_s: float) -> WindowPace:
    """`pace` after one more answer.

    One that ran into its deadline counts as twice the target; that is the caller's `took_s`.
    """
    recent = pace.recent.with_one(took_s)
    if len(recent.seconds) < ENOUGH:
        return WindowPace(pace.step, recent)
    typical = recent.percentile(0.5)
    assert typical is not None, "there are answers"
    if typical > target_s and pace.step + 1 < len(SCALES):
        return WindowPace(pace.step + 1)
    if typical < target_s * EASY and pace.step > 0:
        return WindowPace(pace.step - 1)
    return WindowPace(pace.step, recent)


def limits_for(tier: Tier, base: WindowLimits, pace: WindowPace | None = None) -> WindowLimits:
    """The sizes for one request; `base` is what the settings allow the fast tier."""
    factor = TIER_FACTOR[tier] * SCALES[(pace or WindowPace()).step]
    return WindowLimits(
        int(base.prefix * factor), int(base.suffix * factor), int(base.context * factor)
    )
