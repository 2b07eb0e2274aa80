"""Looks at a status page: what one can bring, and when the next makes sense."""

from __future__ import annotations

from dataclasses import dataclass

from .incidents import PageReading

CALM_S = 300.0
DURING_INCIDENT_S = 60.0
LONGEST_S = 1_800.0
LONGEST_RETRY_AFTER_S = 6 * 3_600.0


@dataclass(frozen=True, slots=True)
class Fetched:
    """The page as it is now. `etag` is to be sent with the next look; empty where there is none."""

    page: PageReading
    etag: str = ""


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The page says what it said before."""


@dataclass(frozen=True, slots=True)
class NotFetched:
    """There was no page to read.

    Attributes:
        problem: a word or a status for the log; never text of the answer.
        retry_after_s: how long it asks to be left alone, if it does.
    """

    problem: str
    retry_after_s: float | None = None


PageAnswer = Fetched | Unchanged | NotFetched


@dataclass(frozen=True, slots=True)
class Looked:
    """What is known of the looks at the page so far.

    Attributes:
        at: when it was last asked; None before the first time.
        failures: how many looks in a row brought nothing.
        not_before: what the page asked for with `Retry-After`.
    """

    at: float | None = None
    failures: int = 0
    not_before: float | None = None


def answered(now: float) -> Looked:
    """After a look that brought the page, or that it has not changed."""
    return Looked(now)


def unanswered(looked: Looked, now: float, retry_after_s: float | None = None) -> Looked:
    """After a look that brought nothing."""
    wait_s = min(retry_after_s, LONGEST_RETRY_AFTER_S) if retry_after_s else None
    return Looked(now, looked.failures + 1, None if wait_s is None else now + wait_s)


def next_look_at(looked: Looked, now: float, *, incident: bool, offline: bool) -> float | None:
    """When to ask the page again, `now` or later; None while there is no network to ask over."""
    if offline:
        return None
    if looked.at is None or looked.at > now:
        return now  # Never, or the clock was set back: what it said is worth nothing.
    wait_s = DURING_INCIDENT_S if incident else CALM_S
    # The power is bounded, for after some weeks of failures it would overflow.
    wait_s = min(wait_s * 2.0 ** min(looked.failures, 10), max(LONGEST_S, wait_s))
    at = looked.at + wait_s
    if looked.not_before is not None and looked.not_before - now <= LONGEST_RETRY_AFTER_S:
        at = max(at, looked.not_before)
    return max(at, now)
