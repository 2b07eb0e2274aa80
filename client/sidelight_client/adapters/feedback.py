"""Hands a person's message to the gateway's feedback endpoint, once."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable

from ..domain.feedback import Failed, Feedback, FeedbackResult, NoEndpoint, Problem, Sent
from ..gateways.retry_delay import retry_delay
from .http import HttpAnswer, HttpProblem

log = logging.getLogger("sidelight.feedback")

LARGEST_ANSWER = 64_000
_TAKEN = range(200, 300)
_ABSENT = (404, 405, 410, 501)
_REFUSED_SESSION = (401, 403)


Post = Callable[[bytes, int], Awaitable[HttpAnswer | HttpProblem]]
"""Sends a body to the gateway with the session's key; the number is the largest answer, in bytes."""


async def send(
    said: Feedback, post: Post | None, now: float, *, form_url: str = ""
) -> FeedbackResult:
    """Send `said`; what the gateway answers is not kept.

    It is not tried again: a message that arrived twice would be two.

    Args:
        said: the message.
        post: to the gateway's own address for messages; None where it takes none.
        now: wall-clock seconds.
        form_url: where the person may go where the gateway takes no messages.
    """
    if post is None:
        return NoEndpoint(form_url)
    answer = await post(body(said), LARGEST_ANSWER)
    if isinstance(answer, HttpProblem):
        log.info("feedback was not sent: %s", answer.kind.value)
        return Failed(Problem.UNREACHABLE)
    log.info("feedback about %s: %d", said.subject.value, answer.status)
    if answer.status in _TAKEN:
        return Sent()
    if answer.status in _ABSENT:
        return NoEndpoint(form_url)
    if answer.status in _REFUSED_SESSION:
        return Failed(Problem.SIGNED_OUT)
    return Failed(Problem.REFUSED, retry_delay(answer.headers, "", now))


def body(said: Feedback) -> bytes:
    """The message as JSON; what is empty is left out."""
    told = {
        "version": 1,
        "kind": said.subject.value,
        "rule": said.rule,
        "trace_id": said.trace_id,
        "reason": said.reason,
    }
    return json.dumps({name: value for name, value in told.items() if value != ""}).encode("ascii")
