"""What the identity provider issued, and for how long it is good."""

from __future__ import annotations

from dataclasses import dataclass

from .secret import Secret

EXPIRY_MARGIN_S = 30.0
"""A token this close to its end is treated as expired: it may die on the way."""
RENEW_AT_SHARE = 0.5
"""Renew when half of the life is over, so that a night's sleep starts with hours to spare."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What the provider issued: the only thing a request needs, and what renews it.

    Attributes:
        access_token: sent to the gateway and to nobody else.
        refresh_token: sent to the provider only; None where it gave none.
        received_at: when we got it; lifetimes count from here (never from the token's `iat`,
            which another clock wrote).
        expires_at: when the access token ends.
        account: the person's name for display.
        generation: grows by one with every renewal, across processes.
        issuer: the provider that issued it.
        scopes: what was granted.
        proof_key: the key the grant is bound to (RFC 9449); None where it is bound to none.
        proven: whether the access token too is presented with a proof.
    """

    access_token: Secret
    refresh_token: Secret | None
    received_at: float
    expires_at: float
    account: str
    generation: int
    issuer: str
    scopes: tuple[str, ...] = ()
    proof_key: Secret | None = None
    proven: bool = False

    def usable(self, now: float) -> bool:
        return now < self.expires_at - EXPIRY_MARGIN_S

    def renewal_due_at(self, jitter: float) -> float:
        """When to renew; `jitter` in 0..1 spreads processes over a tenth of the life."""
        life = self.expires_at - self.received_at
        return self.received_at + life * (RENEW_AT_SHARE + 0.1 * jitter)
