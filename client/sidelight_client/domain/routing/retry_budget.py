"""How many requests may be sent a second time: a share of those sent once, so that no storm begins.

The shape is Finagle's RetryBudget (twitter.github.io/finagle/guide/Clients.html#retry-budget): each
request deposits a fraction of a token, each further send of it takes a whole one, and a small
allowance over time keeps a person who asks seldom from having none. gRPC's retry throttling
(github.com/grpc/proposal, A6) has the same purpose and the same ratio.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

_ROUNDING = 1e-9
"""Ten tenths are not quite one."""


@dataclass(frozen=True, slots=True)
class RetryBudget:
    """A bucket of tokens.

    Attributes:
        tokens: what is in it.
        as_of: wall-clock seconds when the allowance was last added; None before the first.
        share: what one request deposits.
        per_minute: the allowance.
        most: how many fit.
    """

    tokens: float = 3.0
    as_of: float | None = None
    share: float = 0.1
    per_minute: float = 3.0
    most: float = 10.0

    def at(self, now: float) -> RetryBudget:
        """The same with the allowance up to `now`; a clock that was set back adds nothing."""
        passed = max(now - self.as_of, 0.0) if self.as_of is not None else 0.0
        tokens = min(self.tokens + passed * self.per_minute / 60.0, self.most)
        return replace(self, tokens=tokens, as_of=now)

    def deposited(self, now: float) -> RetryBudget:
        """After a request was sent for the first time."""
        there = self.at(now)
        return replace(there, tokens=min(there.tokens + self.share, self.most))

    def withdrawn(self, now: float) -> RetryBudget | None:
        """After a request was sent again; None when it must not be."""
        there = self.at(now)
        enough = there.tokens >= 1.0 - _ROUNDING
        return replace(there, tokens=max(there.tokens - 1.0, 0.0)) if enough else None
