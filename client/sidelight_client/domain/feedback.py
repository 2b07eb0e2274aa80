"""What a person sends to whoever owns a rule or a limit: the rule, the trace id and their own words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never
from urllib.parse import urlencode, urlsplit, urlunsplit

from .words.catalogue import Message, say

LONGEST_REASON = 1_000
_RULE = re.compile(r"[\w.:/+-]{1,120}")
_TRACE_ID = re.compile(r"[0-9a-f]{32}")


class Subject(StrEnum):
    """What it is about."""

    EXCEPTION = "exception"
    """A rule should not apply here."""
    SOFT_LIMIT = "soft_limit"
    """Why more is used than was meant."""
    LIMIT_REACHED = "limit_reached"
    """More is needed than a limit gives, which is used up."""
    NOT_PII = "not_pii"
    """What a rule found is no personal data."""


LIMITS = (Subject.SOFT_LIMIT, Subject.LIMIT_REACHED)
"""What is about a limit, and so needs no rule."""


@dataclass(frozen=True, slots=True)
class Feedback:
    """One message, as `feedback` makes it.

    Architecture invariant: there is no matched value, path or code in it.
    """

    subject: Subject
    rule: str
    trace_id: str
    reason: str


class Problem(StrEnum):
    """Why a message was not sent."""

    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    """The gateway answered, and did not take it."""
    SIGNED_OUT = "signed_out"
    INVALID = "invalid"
    """There is no reason in it, or it names no rule."""
    HAS_FINDING = "has_finding"
    """The person's words contain what a rule forbids to send."""


@dataclass(frozen=True, slots=True)
class Sent:
    """The gateway took it."""


@dataclass(frozen=True, slots=True)
class NoEndpoint:
    """The gateway takes no messages; `form_url` is the organisation's form, or empty."""

    form_url: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """It was not sent; `retry_after_s` is how long the gateway asks to wait."""

    problem: Problem
    retry_after_s: float | None = None


FeedbackResult = Sent | NoEndpoint | Failed


def feedback(subject: Subject, rule: str, trace_id: str, reason: str) -> Feedback | Failed:
    """The message, with `reason` as one bounded line of printable text.

    A limit has no rule of its own: `rule` is its scope and unit, `team:requests`, or empty.
    """
    words = "".join(c if c.isprintable() else " " for c in reason[: 4 * LONGEST_REASON])
    words = " ".join(words.split())[:LONGEST_REASON]
    named = bool(_RULE.fullmatch(rule)) or (subject in LIMITS and not rule)
    traced = not trace_id or bool(_TRACE_ID.fullmatch(trace_id))
    if not words or not named or not traced:
        return Failed(Problem.INVALID)
    return Feedback(subject, rule, trace_id, words)


_SUBJECTS = {
    Subject.EXCEPTION: "an exception from the rule",
    Subject.SOFT_LIMIT: "the limit",
    Subject.LIMIT_REACHED: "the limit",
    Subject.NOT_PII: "the finding",
}
_PROBLEMS = {
    Problem.UNREACHABLE: "the gateway does not answer",
    Problem.REFUSED: "the gateway did not take it",
    Problem.SIGNED_OUT: "you are not signed in",
    Problem.INVALID: "there is no reason in it, or it names no rule",
    Problem.HAS_FINDING: "a rule forbids what is in it",
}


def told(result: FeedbackResult, subject: Subject) -> Message:
    """What the person reads about how it ended."""
    facts = {"subject": _SUBJECTS[subject]}
    match result:
        case Sent():
            return say("feedback.sent", facts)
        case NoEndpoint():
            return say("feedback.no_endpoint", facts)
        case Failed(Problem.HAS_FINDING):
            return say("feedback.reason_refused", facts)
        case Failed(problem):
            return say("feedback.failed", {**facts, "problem": _PROBLEMS[problem]})
        case _:
            assert_never(result)


def form_address(form_url: str, rule: str, trace_id: str) -> str:
    """The organisation's form with rule and trace id filled in; empty where there is none.

    Only an https address without credentials is one a person may be sent to.
    """
    try:
        parts = urlsplit(form_url)
        plain = parts.scheme == "https" and parts.hostname and not parts.username
    except ValueError:
        return ""
    if not plain:
        return ""
    told = {"rule": rule, "trace_id": trace_id}
    query = urlencode({name: value for name, value in told.items() if value})
    joined = "&".join(part for part in (parts.query, query) if part)
    return urlunsplit((parts.scheme, parts.netloc, parts.path, joined, parts.fragment))
