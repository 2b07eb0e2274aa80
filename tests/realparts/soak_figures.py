"""What the soaks do, and the figures that come out of them: measured, and what they have to be."""

from __future__ import annotations

import collections
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Plan:
    """What a soak does. `grace` is the provider's, in the provider's (virtual) seconds."""

    name: str
    unannounced: float = 0.0
    forced: float = 0.15
    refusals: float = 0.0
    resets: float = 0.0
    drops: float = 0.0
    long_down: float = 0.02
    grace: int = 0
    rotate: bool = True
    dpop: bool = False

    @property
    def loses(self) -> bool:
        """Whether a response lost to an unannounced sleep ends the session, whoever the client is.

        A grace helps only a retry that comes within it, and a nap is longer than that.
        """
        return self.rotate and self.unannounced > 0


HARDER = Plan("harder, strict", unannounced=0.2, refusals=0.1, resets=0.1)
PLANS = {
    plan.name: plan
    for plan in (
        Plan("announced"),
        HARDER,
        replace(HARDER, name="harder, grace 30 s", grace=30, drops=0.05),
        replace(HARDER, name="harder, DPoP, no rotation", rotate=False, dpop=True, drops=0.05),
    )
}


_TRACED = "losses traced to a response lost in an unannounced sleep"


@dataclass
class Figures:
    """What came out of a soak."""

    plan: Plan
    seed: int
    cycles: int = 0
    prompts: int = 0
    auth_failures: int = 0
    losses_explained: int = 0
    losses_unexplained: int = 0
    time_outs: int = 0
    live_not_served: int = 0
    wrong_prompts: int = 0
    cut_in_flight: int = 0
    revoked: int = 0
    good: int = 0
    silent: int = 0
    untraced: int = 0
    recovered_s: list[float] = field(default_factory=list[float])
    attempts: collections.Counter[str] = field(default_factory=collections.Counter[str])
    notes: list[str] = field(default_factory=list[str])

    @property
    def losses(self) -> int:
        return self.losses_explained + self.losses_unexplained

    def lines(self) -> list[str]:
        """A line for each figure: what it is, what was measured, what it has to be."""
        ranked = sorted(self.recovered_s) or [0.0]
        p95 = ranked[min(int(len(ranked) * 0.95), len(ranked) - 1)]
        strict = self.plan.loses and not self.plan.grace
        zeros = "each traced" if strict else "0"
        rows = [
            (_TRACED, self.losses_explained, zeros, strict or not self.losses_explained),
            ("losses unexplained", self.losses_unexplained, "0", not self.losses_unexplained),
            ("families revoked", self.revoked, "= losses", self.revoked == self.losses),
            ("prompts", self.prompts, "= losses", self.prompts == self.losses),
            ("losses without exactly one prompt", self.wrong_prompts, "0", not self.wrong_prompts),
            ("live tokens not served after a loss", self.live_not_served, "0",
             not self.live_not_served),
            ("visible auth failures", self.auth_failures, "0", not self.auth_failures),
            ("time-outs", self.time_outs, "0", not self.time_outs),
            ("renewals at the provider without a trace here", self.untraced, "0",
             not self.untraced),
            ("network-up to first good completion, p95", f"{p95:.2f} s", "1 s", p95 <= 1),
            ("network-up to first good completion, max", f"{ranked[-1]:.2f} s", "5 s",
             ranked[-1] <= 5),
        ]  # fmt: skip
        head = (
            f"soak {self.plan.name!r}, seed {self.seed}: {self.cycles} cycles, {self.good} good "
            f"completions, {self.silent} silent ones, {self.cut_in_flight} renewals cut by a sleep"
        )
        told = [f"  {'ok  ' if ok else 'MISS'} {n}: {v} (hold {h})" for n, v, h, ok in rows]
        tally = ", ".join(f"{n} {what}" for what, n in self.attempts.most_common())
        return [head, *told, f"       attempts: {tally}", *(f"       {n}" for n in self.notes)]

    def failed(self) -> list[str]:
        """The figures that were missed although they can be held."""
        missed = [line for line in self.lines() if line.startswith("  MISS")]
        return [line for line in missed if not (self.plan.loses and _TRACED in line)]
