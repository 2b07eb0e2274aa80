"""A person's message as it travels on the local socket, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from ..domain.feedback import (
    LONGEST_REASON,
    Failed,
    FeedbackResult,
    NoEndpoint,
    Problem,
    Sent,
    Subject,
    told,
)
from .frames import Json, member, optional_number, text

_NAME_LIMIT = 200
_REASON_LIMIT = 4 * LONGEST_REASON
"""What is longer than a reason may be is cut by `domain.feedback`; this only bounds the work."""
_URL_LIMIT = 2_000


@dataclass(frozen=True, slots=True)
class FeedbackAsked:
    """The question `feedback`, as `api.Broker.feedback` takes it."""

    subject: Subject
    rule: str
    trace_id: str
    reason: str
    form_url: str


def feedback_from_json(data: Json) -> FeedbackAsked:
    """The message `data` tells of. Raises WireError."""
    return FeedbackAsked(
        member(data, "subject", Subject),
        text(data, "rule", "", limit=_NAME_LIMIT),
        text(data, "trace_id", "", limit=_NAME_LIMIT),
        text(data, "reason", limit=_REASON_LIMIT),
        text(data, "form_url", "", limit=_URL_LIMIT),
    )


def feedback_to_json(result: FeedbackResult, subject: Subject) -> Json:
    """How it ended: `result` is `sent`, `no_endpoint` or `failed`, with the sentence to show."""
    message = told(result, subject)
    said = {"code": message.code, "title": message.title, "text": message.text}
    match result:
        case Sent():
            return {"result": "sent", "message": said}
        case NoEndpoint(form_url):
            return {"result": "no_endpoint", "form_url": form_url, "message": said}
        case Failed(problem, retry_after_s):
            return {
                "result": "failed",
                "problem": problem.value,
                "retry_after_s": retry_after_s,
                "message": said,
            }
        case _:
            assert_never(result)


def feedback_result_from_json(data: Json) -> FeedbackResult:
    """The result `data` tells of. Raises WireError."""
    match text(data, "result", limit=_NAME_LIMIT):
        case "sent":
            return Sent()
        case "no_endpoint":
            return NoEndpoint(text(data, "form_url", "", limit=_URL_LIMIT))
        case _:
            problem = member(data, "problem", Problem)
            return Failed(problem, optional_number(data, "retry_after_s"))
