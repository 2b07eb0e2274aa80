"""Hands a person's message to the gateway's feedback endpoint, once."""

from __future__ import annotations

import json
import logging

from ..domain.feedback import Failed, Feedback, FeedbackResult, NoEndpoint, Problem, Sent
from ..gateways.retry_delay import retry_delay
from .http import Headers, HttpClient, HttpProblem

log = logging.getLogger("sidelight.feedback")

TIMEOUT_S = 10.0
LARGEST_ANSWER = 64_000
_TAKEN = range(200, 300)
_ABSENT = (404, 405, 410, 501)
_REFUSED_SESSION = (401, 403)


async def send(
    said: Feedback, url: str, headers: Headers, http: HttpClient, now: float, *, form_url: str = ""
) -> FeedbackResult:
    """POST `said` to `url`, which is the gateway's own; what it answers is not kept.

    It is not tried again: a message that arrived twice would be two.

    Args:
        said: the message.
        url: from discovery; empty where the gateway takes none.
        headers: what shows whose request it is.
        http: to send it with.
        now: wall-clock seconds.
        form_url: where the person may go where the gateway takes no messages.
    """
    if not url:
        return NoEndpoint(form_url)
    answer = await http.request(
        "POST",
        url,
        {**headers, "content-type": "application/json", "accept": "application/json"},
        body(said),
        timeout_s=TIMEOUT_S,
        max_bytes=LARGEST_ANSWER,
    )
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
