"""Whether one failed request is sent again, and how: elsewhere, otherwise, with less or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ..failure import Failure, FailureKind

SHORTEST_TRY_S = 0.03
"""With less time left an answer would come too late; a connection on this machine needs less."""


class Resend(StrEnum):
    """What is done about a failure, within the time the request still has."""

    NO = "no"
    ELSEWHERE = "elsewhere"
    """At the next address: no model has seen the request."""
    OTHERWISE = "otherwise"
    """At the same address in another way, which was learned from the refusal."""
    SHRUNK = "shrunk"
    """With less context, once."""


@dataclass(frozen=True, slots=True)
class Tries:
    """What has been done for the request so far.

    Attributes:
        left_s: seconds until its deadline.
        elsewhere: whether there is another address that may be asked.
        shrunk: whether it was already sent with less context.
    """

    left_s: float
    elsewhere: bool
    shrunk: bool = False


def resend(failure: Failure, tries: Tries) -> Resend:
    """What to do about `failure`.

    A request that may have been processed is never sent again: it would be paid for twice, and an
    address that hangs has used up the time. The next request goes elsewhere instead.
    """
    if tries.left_s < SHORTEST_TRY_S:
        return Resend.NO
    if failure.kind is FailureKind.CONTEXT_EXCEEDED and not tries.shrunk:
        return Resend.SHRUNK
    if failure.kind is FailureKind.CAPABILITY_MISSING:
        return Resend.OTHERWISE if failure.unprocessed else Resend.NO
    return Resend.ELSEWHERE if failure.unprocessed and tries.elsewhere else Resend.NO
