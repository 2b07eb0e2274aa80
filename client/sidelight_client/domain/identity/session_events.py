"""What can happen to the session with the identity provider, and what is then to be done."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .grant import Grant


class RenewalFailure(StrEnum):
    """What a failed renewal says about the refresh token that was sent."""

    NOT_PROCESSED = "not_processed"
    """The provider cannot have consumed it: retry freely."""
    AMBIGUOUS = "ambiguous"
    """It may have been consumed; one quick retry is inside most providers' grace window."""
    REJECTED = "rejected"
    """`invalid_grant` or `interaction_required` from the provider itself (RFC 6749 §5.2)."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person finished signing in, or the vault held a grant at start.

    `rejected` is why the provider had rejected that grant already; empty while it did not.
    """

    grant: Grant
    rejected: str = ""


@dataclass(frozen=True, slots=True)
class Tick:
    """Time may have passed."""

    now: float


@dataclass(frozen=True, slots=True)
class Woke:
    """The machine was asleep for about `slept_s`."""

    now: float
    slept_s: float


@dataclass(frozen=True, slots=True)
class Leaving:
    """The machine is about to sleep, or this process to end, and waits a moment for us."""

    now: float


@dataclass(frozen=True, slots=True)
class NetworkUp:
    """A hint that a retry is worth it now; never a permission."""

    now: float


@dataclass(frozen=True, slots=True)
class Refused:
    """The gateway answered 401 to a request that carried the grant of `generation`.

    `claims` is what it challenged for: claims as a JSON object; empty when it did not.
    """

    now: float
    generation: int
    claims: str = ""


@dataclass(frozen=True, slots=True)
class Renewed:
    """The renewal started as `renewal` brought a new grant, or another process's grant was adopted.

    `claims` is what the provider was asked for with it.
    """

    renewal: int
    grant: Grant
    claims: str = ""


@dataclass(frozen=True, slots=True)
class RenewalFailed:
    """The renewal started as `renewal` failed.

    Attributes:
        spread: a fresh random number in 0..1 for full-jitter back-off.
        reason: the provider's own error code, for the person, when rejected.
        retry_delay_s: what the provider asked for (Retry-After).
    """

    renewal: int
    now: float
    failure: RenewalFailure
    spread: float = 1.0
    reason: str = ""
    retry_delay_s: float | None = None


@dataclass(frozen=True, slots=True)
class SignedOut:
    """The person signed out."""


Event = SignedIn | Tick | Woke | Leaving | NetworkUp | Refused | Renewed | RenewalFailed | SignedOut


@dataclass(frozen=True, slots=True)
class Renew:
    """Start a renewal; `cause` goes into the trace ("woke after 9 h").

    `claims` is what the gateway asks of the new token; empty for nothing in particular.
    `last_chance` is set for one that may be sent although the machine is about to sleep.
    """

    renewal: int
    cause: str
    claims: str = ""
    last_chance: bool = False


@dataclass(frozen=True, slots=True)
class Persist:
    """Save the grant before it is used."""

    grant: Grant


@dataclass(frozen=True, slots=True)
class Forget:
    """Empty the vault."""


@dataclass(frozen=True, slots=True)
class DropPool:
    """Close pooled connections: after a sleep they are dead and hang."""


@dataclass(frozen=True, slots=True)
class AskPerson:
    """Only a person can help now: say so once, quietly."""

    reason: str


Effect = Renew | Persist | Forget | DropPool | AskPerson
