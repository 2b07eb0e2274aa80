"""One exchange of a completion: what is sent, and from the answer's bytes to events and their meaning."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace

from ..domain.answers.answer import enough
from ..domain.completion import CompletionRequest
from ..domain.failure import Failure, FailureKind
from ..domain.identity.grant import Grant
from ..domain.routing.fim import Mode
from ..gateways.answer_reader import AnswerReader
from ..gateways.challenge import with_challenge
from ..gateways.discovery import Announced
from ..gateways.encoding import unstreamed
from ..gateways.profile import Encoded, Reply
from ..gateways.verdict import Exchanged, SuccessKind, verdict
from ..ports import Delta, Finish, GatewayEvent
from .gateway_calls import GatewayCalls, left, unanswered
from .http import Headers, HttpProblem, HttpStream

REFUSAL_TIMEOUT_S = 1.0
"""How long the body of a refusal is waited for; its status alone is worth telling."""
REFUSAL_BYTES = 256_000
ANSWER_BYTES = 4_000_000
REMARK_BYTES = 64_000
"""How much of an answer is looked through for what the gateway remarks on it."""
PREFACE_LINES = 12
"""What a chat model may say before its code; `domain.answers.answer` leaves it out and counts the rest."""
SLOWEST_TOKEN_S = 0.1
"""A model on a busy laptop writes ten tokens a second; slower is not worth waiting for."""

_COMPLETED = (200, 246)
"""246 is Portkey's success with a warning."""
_UNPROCESSED = (502, 503)
"""A proxy's own answers: nobody behind it was reached, or would take the request."""


@dataclass(frozen=True, slots=True)
class Question:
    """One completion as it is asked at one of a gateway's addresses."""

    gateway: Announced
    request: CompletionRequest
    model: str
    mode: Mode
    streamed: bool = True

    @property
    def several(self) -> bool:
        """Whether it asks for alternatives. They come in one piece: nothing is shown before the last
        of them is there, and nobody on the way has to keep several streams apart.
        """
        return self.request.alternatives > 1

    @property
    def encoded(self) -> Encoded:
        encoded = self.gateway.profile.encode(self.request, self.model, self.mode)
        return encoded if self.streamed else unstreamed(encoded)

    def located(self, event: GatewayEvent, encoded: Encoded) -> GatewayEvent:
        """A failure with its findings counted in the window's parts, and the model it is about."""
        if not isinstance(event, Failure):
            return event
        facts = dict(event.facts)
        if event.kind is FailureKind.AUTH_MODEL_DENIED:
            facts.setdefault("model", self.model)
        return replace(event, hits=encoded.located(event.hits), facts=facts)


async def ask(
    calls: GatewayCalls,
    asked: Question,
    grant: Grant | None,
    first_by: float,
    left_early: Callable[[], None],
) -> AsyncGenerator[GatewayEvent]:
    """One exchange.

    Args:
        calls: to the gateway.
        asked: what to ask.
        grant: whose session to use.
        first_by: the loop's time at which the first text must be there.
        left_early: called when the answer's lines are complete before the answer is: the rest is
            aborted up to the gateway's socket, and its connection with it.
    """
    gateway, encoded = asked.gateway, asked.encoded
    url = encoded.url(gateway.api_base)
    headers: Headers = {
        "content-type": "application/json",
        "accept": "text/event-stream, application/json" if asked.streamed else "application/json",
        **gateway.profile.trace_headers(asked.request.trace_id),
    }
    body = encoded.body
    async with calls.post(
        url, gateway, grant, headers, body, first_by=first_by, max_bytes=ANSWER_BYTES
    ) as stream:
        if isinstance(stream, HttpProblem):
            yield unanswered(stream, late=left(first_by) == 0)
        elif stream.status not in _COMPLETED:
            failure = await _refusal(calls, asked, stream)
            yield asked.located(failure, encoded)
        else:
            reading = _read(calls, asked, stream, encoded, first_by)
            async with aclosing(reading) as events:
                async for event, early in events:
                    if early:
                        left_early()
                    yield event


async def _read(
    calls: GatewayCalls, asked: Question, stream: HttpStream, encoded: Encoded, first_by: float
) -> AsyncGenerator[tuple[GatewayEvent, bool]]:
    """The events, and whether one of them ends the answer before the gateway did."""
    profile, now = asked.gateway.profile, calls.clock.now()
    reader = AnswerReader(
        profile,
        stream.headers.get("content-type", ""),
        strip_fences=asked.mode is Mode.CHAT,
        readings=profile.limits_from_headers(stream.headers, now),
        model=asked.model,
        cost=profile.cost_from_headers(stream.headers),
    )
    over_by = first_by + asked.request.max_tokens * SLOWEST_TOKEN_S
    most_lines = asked.request.max_lines + (PREFACE_LINES if asked.mode is Mode.CHAT else 0)
    seen, text = bytearray(), ""
    while not reader.over:
        end = over_by if reader.begun else first_by
        piece = await stream.read(left(end))
        if isinstance(piece, HttpProblem):
            yield unanswered(piece, late=left(end) == 0), False
            return
        seen += piece[: REMARK_BYTES - len(seen)]
        for event in reader.feed(piece):
            text += event.text if isinstance(event, Delta) and event.choice == 0 else ""
            if isinstance(event, Finish):
                yield (
                    replace(event, notes=_notes(asked, encoded.path, stream, bytes(seen), now)),
                    False,
                )
            else:
                yield asked.located(event, encoded), False
        if enough(text, most_lines) and not reader.over:
            yield (
                replace(
                    reader.leave(), notes=_notes(asked, encoded.path, stream, bytes(seen), now)
                ),
                True,
            )


def _notes(
    asked: Question, path: str, stream: HttpStream, body: bytes, now: float
) -> tuple[str, ...]:
    """The gateway's reservations about an answer, by their names in the taxonomy."""
    exchanged = Exchanged(
        path=path,
        model=asked.model,
        status=stream.status,
        headers=stream.headers,
        body=body,
        whole=False,
    )
    found = verdict(asked.gateway.profile, exchanged, now)
    if isinstance(found, Failure) or found.kind is SuccessKind.OK:
        return ()
    return (found.kind.value,)


async def _refusal(calls: GatewayCalls, asked: Question, stream: HttpStream) -> Failure:
    body = bytearray()
    ends_at = asyncio.get_running_loop().time() + REFUSAL_TIMEOUT_S
    while len(body) < REFUSAL_BYTES:
        piece = await stream.read(left(ends_at))
        if isinstance(piece, HttpProblem) or not piece:
            break
        body += piece
    reply = Reply(stream.status, stream.headers, bytes(body))
    failure = with_challenge(asked.gateway.profile.classify(reply, calls.clock.now()), reply)
    down = failure.kind is FailureKind.UPSTREAM_DOWN and stream.status in _UNPROCESSED
    return replace(failure, unprocessed=down)
