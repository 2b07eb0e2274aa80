"""What one whole exchange came to: answered, answered with a reservation, or failed and why."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ..domain.failure import Failure, FailureKind
from .answer_reader import AnswerReader
from .ndjson import LineReader, is_ndjson
from .profile import Profile, Reply
from .said_facts import rule_name
from .sse import EventReader, EventTooLargeError
from .untrusted import count, items, mapping, parsed

_COMPLETED = (200, 246)
"""246 is Portkey's success with a warning."""
_WARNED = 246
_SUCCESS = range(200, 300)

_ANSWERING = re.compile(
    r"/(?:chat/completions|completions|completion|messages|infill|responses|generate|chat)$"
)
"""Paths whose answer is text; what else answers with a success is not looked into."""


class SuccessKind(StrEnum):
    """The ways an exchange can succeed."""

    OK = "ok"
    WARNED = "policy.warned"
    """Answered, though a rule noticed something in it."""
    DEGRADED = "degraded"
    """Answered, by a model that stood in for the one that was asked."""


@dataclass(frozen=True, slots=True)
class Success:
    """An answer. `facts` may name the `rule` and the `model`."""

    kind: SuccessKind
    facts: Mapping[str, str | int | float] = field(default_factory=dict[str, str | int | float])


@dataclass(frozen=True, slots=True)
class Exchanged:
    """One exchange as it was.

    Attributes:
        method: of the request.
        path: of the request; empty where it is not known.
        model: the one that was asked for, where it is known.
        status: of the answer; None when there was none.
        headers: of the answer, with lower-case names.
        body: of the answer, as far as it is known.
        whole: False where more was answered than `body` holds.
        problem: why the client gave up, in the client's words; empty when it did not.
    """

    method: str = "POST"
    path: str = ""
    model: str = ""
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""
    whole: bool = True
    problem: str = ""


def verdict(profile: Profile, seen: Exchanged, now: float) -> Success | Failure:
    """What `seen` came to, as `profile` understands it."""
    if seen.status is None:
        return _unanswered(seen.problem)
    if seen.status not in _SUCCESS:
        failure = profile.classify(Reply(seen.status, seen.headers, seen.body), now)
        return _about(failure, seen.model)
    if (failed := _failed_inside(profile, seen, now)) is not None:
        return _about(failed, seen.model)
    return _success(seen)


def _unanswered(problem: str) -> Failure:
    said = problem.lower()
    if re.search(r"time|deadline", said):
        return Failure(FailureKind.UPSTREAM_TIMEOUT)
    if re.search(r"resolve|gaierror|name or service|getaddrinfo|unreachable|no route|dns", said):
        return Failure(FailureKind.OFFLINE)
    return Failure(FailureKind.UPSTREAM_DOWN)


def _about(failure: Failure, model: str) -> Failure:
    """The failure, with the model it is about where that is known and matters."""
    if failure.kind is not FailureKind.AUTH_MODEL_DENIED or not model or "model" in failure.facts:
        return failure
    facts = {**failure.facts, "model": model}
    return Failure(failure.kind, failure.status, failure.retry_delay_s, failure.hits, facts)


def _failed_inside(profile: Profile, seen: Exchanged, now: float) -> Failure | None:
    """The failure inside an answer that says it is a success."""
    kind = seen.headers.get("content-type", "")
    streamed = "event-stream" in kind or is_ndjson(kind)
    page = "html" in kind or seen.body[:15].lstrip().lower().startswith((b"<!doctype", b"<html"))
    answering = _ANSWERING.search(seen.path.partition("?")[0]) is not None
    if not answering and not streamed:
        wrong_page = page and seen.path.startswith("/v1")
        if seen.problem:
            return _unanswered(seen.problem)
        return profile.classify(Reply(None, seen.headers, seen.body), now) if wrong_page else None
    reader = AnswerReader(profile, kind)
    last = [*reader.feed(seen.body), *reader.feed(b"")][-1:]
    if not last or not isinstance(last[0], Failure):
        return None
    failure = last[0]
    cut = failure.kind is FailureKind.UPSTREAM_DOWN and not seen.whole
    if cut and "error" not in {key for event in _events(seen) for key in event}:
        return None  # The recording ends here, not the answer.
    if seen.problem and re.search(r"time|deadline", seen.problem.lower()):
        return Failure(FailureKind.UPSTREAM_TIMEOUT)
    if failure.kind is FailureKind.UPSTREAM_DOWN and not streamed:
        return profile.classify(Reply(None, seen.headers, seen.body), now)
    return failure


def _success(seen: Exchanged) -> Success:
    rule = _warning(seen)
    if seen.status == _WARNED or rule is not None:
        facts: dict[str, str | int | float] = {"rule": rule} if rule else {}
        return Success(SuccessKind.WARNED, facts)
    if _stood_in(seen):
        return Success(SuccessKind.DEGRADED)
    return Success(SuccessKind.OK)


def _warning(seen: Exchanged) -> str | None:
    """The rule that noticed something, empty when it has no name; None when none did."""
    for event in _events(seen):
        for choice in map(mapping, items(event.get("choices"), 4)):
            if choice.get("finish_reason") == "content_filter":
                return ""
        if event.get("stop_reason") == "refusal":
            return ""
        hooks = mapping(event.get("hook_results"))
        for when in ("before_request_hooks", "after_request_hooks"):
            for hook in map(mapping, items(hooks.get(when), 20)):
                if hook.get("verdict") is False:
                    return rule_name(hook.get("id"))
    return None


def _stood_in(seen: Exchanged) -> bool:
    """Whether the gateway says that another model or target answered than the first choice."""
    if (count(seen.headers.get("x-litellm-attempted-fallbacks")) or 0) > 0:
        return True
    target = re.search(
        r"targets\[(\d{1,4})\]", seen.headers.get("x-portkey-last-used-option-index", "")
    )
    if target is not None and any(
        int(index) > 0
        for index in re.findall(
            r"targets\[(\d{1,4})\]", seen.headers["x-portkey-last-used-option-index"]
        )
    ):
        return True
    answered = seen.headers.get("x-kong-llm-model", "").rpartition("/")[2]
    return bool(answered and seen.model) and answered != seen.model.rpartition("/")[2]


def _events(seen: Exchanged) -> list[Mapping[str, Any]]:
    """The JSON objects of an answer, streamed or whole."""
    kind = seen.headers.get("content-type", "")
    if "event-stream" not in kind and not is_ndjson(kind):
        return [mapping(parsed(seen.body))]
    reader = LineReader() if is_ndjson(kind) else EventReader()
    try:
        told = [*reader.feed(seen.body), *reader.end()]
    except EventTooLargeError:
        return []
    return [mapping(parsed(data)) for data in told[:5_000]]
