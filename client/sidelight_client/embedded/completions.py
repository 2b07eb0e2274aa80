"""`/v1/completions` and `/v1/chat/completions`: who answers, and the answer in OpenAI's shapes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from ..domain.completion import SourceKind
from ..domain.failure import FailureKind
from ..ports import Clock
from .audit import AuditLine, AuditTrail
from .completer import Completer, Suggestion
from .discovery import PASSED_ON_MODEL, WORKSPACE_MODEL
from .faults import Faults
from .http import CutConnectionError, Response
from .model_completer import ModelCompleter
from .passthrough import ModelDone, ModelServer, ModelServerError
from .question import Question
from .replies import NO_STORE, as_json, error_body, failure, json_reply
from .workspace_reader import WorkspaceReader

MAX_LINES = 4
"""The longest suggestion from the workspace; longer copies are rarely what was meant."""

_NEVER_END_PAUSE_S = 0.02
_UPSTREAM_DOWN = "The model server on this machine broke off its answer."


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and the trace the answer belongs to."""

    user: str
    trace_id: str
    began: float
    """Monotonic seconds at which the request came."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The end of an answer: where it came from and what it took."""

    kind: SourceKind
    label: str
    model: str
    finish: str
    prompt_tokens: int
    cached_tokens: int
    output_tokens: int

    @property
    def source(self) -> dict[str, Any]:
        return {"source": {"kind": self.kind.value, "label": self.label}}

    @property
    def usage(self) -> dict[str, Any]:
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.output_tokens,
            "total_tokens": self.prompt_tokens + self.output_tokens,
            "prompt_tokens_details": {"cached_tokens": self.cached_tokens},
        }


class Completions:
    """Answers admitted questions from the workspace, or from the model server where there is one."""

    def __init__(
        self,
        clock: Clock,
        faults: Faults,
        reader: WorkspaceReader,
        server: ModelServer | ModelCompleter | None,
        audit: AuditTrail,
    ) -> None:
        self._clock = clock
        self._faults = faults
        self._reader = reader
        self._server = server
        self._audit = audit

    async def answer(self, question: Question, asker: Asker) -> Response:
        """The response, streamed or whole; its work stops when the client leaves."""
        self._reader.refresh_soon()
        if question.stream:
            kind = ("content-type", "text/event-stream; charset=utf-8")
            body = self._streamed(question, asker)
            return Response(HTTPStatus.OK, (kind, NO_STORE), body)
        return await self._whole(question, asker)

    async def _whole(self, question: Question, asker: Asker) -> Response:
        """The answer in one piece, faults included: what would break a stream breaks its body."""
        outcome, texts = "cancelled", list[str]()
        garbage: bytes | None = None
        done: Answered | None = None
        try:
            async with contextlib.aclosing(self._events(question)) as events:
                async for event in self._with_faults(events):
                    if isinstance(event, bytes):
                        garbage = event
                    elif isinstance(event, Answered):
                        done = event
                    else:
                        texts.append(event)
            assert done is not None
            outcome = "completed" if any(texts) else "empty"
            others = self._others(question, done)
            tokens = done.output_tokens + sum(other.tokens for other in others)
            done = replace(done, output_tokens=tokens)
            answer = self._body(
                question, asker, done, ("".join(texts), *(other.text for other in others))
            )
            if garbage is not None:
                return Response(HTTPStatus.OK, (("content-type", "application/json"),), garbage)
            return json_reply(HTTPStatus.OK, answer, (NO_STORE,))
        except ModelServerError:
            outcome = FailureKind.UPSTREAM_DOWN.value
            return failure(FailureKind.UPSTREAM_DOWN, _UPSTREAM_DOWN)
        except CutConnectionError:
            outcome = "cut"
            raise
        finally:
            self._record(question, asker, done, outcome)

    def _body(
        self, question: Question, asker: Asker, done: Answered, texts: tuple[str, ...]
    ) -> dict[str, Any]:
        choices: list[dict[str, Any]] = []
        for index, text in enumerate(texts):
            said: dict[str, Any] = {"finish_reason": done.finish, "index": index, "logprobs": None}
            if question.chat:
                said["message"] = {"role": "assistant", "content": text}
            else:
                said["text"] = text
            choices.append(said)
        shape = self._shape(question, asker, done.model, streamed=False)
        return shape | {"choices": choices, "usage": done.usage, "sidelight": done.source}

    async def _streamed(self, question: Question, asker: Asker) -> AsyncGenerator[bytes]:
        """The server-sent events of one answer, faults included."""
        outcome, any_text = "cancelled", False
        done: Answered | None = None
        model = question.model or WORKSPACE_MODEL
        try:
            async with contextlib.aclosing(self._events(question)) as events:
                async for event in self._with_faults(events):
                    if isinstance(event, bytes):
                        yield event
                    elif isinstance(event, Answered):
                        done = event
                    else:
                        any_text = True
                        yield _event(self._chunk(question, asker, model, event))
            assert done is not None
            last = self._chunk(question, asker, done.model, "", done.finish)
            if not question.include_usage:
                last["sidelight"] = done.source
            yield _event(last)
            if question.include_usage:
                shape = self._shape(question, asker, done.model, streamed=True)
                shape |= {"choices": [], "usage": done.usage, "sidelight": done.source}
                yield _event(shape)
            yield b"data: [DONE]\n\n"
            outcome = "completed" if any_text else "empty"
        except ModelServerError:
            outcome = FailureKind.UPSTREAM_DOWN.value
            yield _event(error_body(outcome, _UPSTREAM_DOWN, "api_error"))
        except CutConnectionError:
            outcome = "cut"
            raise
        finally:
            self._record(question, asker, done, outcome)

    async def _events(self, question: Question) -> AsyncGenerator[str | Answered]:
        """Pieces of text, then one `Answered`."""
        if self._faults.slow_s:
            await self._clock.sleep(self._faults.slow_s)
        suggestion = None
        if self._server is None or not self._server.before_workspace:
            suggestion = self._from_workspace(question)
        if self._server is not None and not (suggestion and suggestion.text):
            begun = False
            try:
                model = question.model
                if model in ("", WORKSPACE_MODEL, PASSED_ON_MODEL):
                    model = await self._server.model()
                async with contextlib.aclosing(self._server.stream(question, model)) as events:
                    async for event in events:
                        begun = True
                        yield event if isinstance(event, str) else _from_model(question, event)
                return
            except ModelServerError:
                if begun:
                    raise
        suggestion = suggestion or self._from_workspace(question)
        for piece in suggestion.text.splitlines(keepends=True):
            yield piece
        yield Answered(
            SourceKind.WORKSPACE,
            suggestion.label,
            WORKSPACE_MODEL,
            "length" if suggestion.cut_short else "stop",
            question.prompt_tokens,
            0,
            suggestion.tokens,
        )

    def _from_workspace(self, question: Question) -> Suggestion:
        return self._alternatives(question, 1)[0]

    def _others(self, question: Question, done: Answered) -> tuple[Suggestion, ...]:
        """What stands beside an answer from the workspace; a model on this machine gives one."""
        if question.alternatives == 1 or done.kind is not SourceKind.WORKSPACE:
            return ()
        return self._alternatives(question, question.alternatives)[1:]

    def _alternatives(self, question: Question, most: int) -> tuple[Suggestion, ...]:
        return Completer(self._reader.index).alternatives(
            question.prompt,
            question.suffix,
            most=most,
            max_tokens=question.max_tokens,
            max_lines=MAX_LINES,
            stop=question.stop,
        )

    async def _with_faults(
        self, events: AsyncIterator[str | Answered]
    ) -> AsyncIterator[str | bytes | Answered]:
        """`events` with what the switches break: half an answer, then the fault."""
        faults = self._faults
        breaks = faults.hang_mid_stream or faults.cut_stream or faults.stream_error
        if not (breaks or faults.garbage or faults.never_end):
            async for event in events:
                yield event
            return
        event = await anext(aiter(events))
        text = event if isinstance(event, str) else "# half an answer"
        yield text[: (len(text) + 1) // 2]
        if faults.garbage:
            yield b"data: {not json\n\nthis is no event\n\ndata: 17\n\n\xff\xfe\n\n"
        if faults.hang_mid_stream:
            await asyncio.Event().wait()
        if faults.cut_stream:
            raise CutConnectionError
        if faults.stream_error:
            raise ModelServerError
        while faults.never_end:
            yield ""
            await self._clock.sleep(_NEVER_END_PAUSE_S)
        yield text[(len(text) + 1) // 2 :]
        if isinstance(event, Answered):
            yield event
        async for event in events:
            yield event

    def _shape(
        self, question: Question, asker: Asker, model: str, *, streamed: bool
    ) -> dict[str, Any]:
        family = "chat.completion" if question.chat else "text_completion"
        return {
            "id": ("chatcmpl-" if question.chat else "cmpl-") + asker.trace_id,
            "object": family + (".chunk" if question.chat and streamed else ""),
            "created": int(self._clock.now()),
            "model": model,
        }

    def _chunk(
        self, question: Question, asker: Asker, model: str, text: str, finish: str | None = None
    ) -> dict[str, Any]:
        said: dict[str, Any] = {"index": 0, "finish_reason": finish, "logprobs": None}
        if question.chat:
            said["delta"] = {"content": text} if finish is None else {}
        else:
            said["text"] = text
        return self._shape(question, asker, model, streamed=True) | {"choices": [said]}

    def _record(
        self, question: Question, asker: Asker, done: Answered | None, outcome: str
    ) -> None:
        self._audit.write(
            AuditLine(
                at=self._clock.now(),
                trace_id=asker.trace_id,
                user=asker.user,
                model=done.model if done is not None else WORKSPACE_MODEL,
                prompt_tokens=question.prompt_tokens if done is None else done.prompt_tokens,
                output_tokens=0 if done is None else done.output_tokens,
                outcome=outcome,
                ms=(self._clock.monotonic() - asker.began) * 1000,
            )
        )


def _from_model(question: Question, done: ModelDone) -> Answered:
    """Counts the model server did not give are estimated: a usage chunk has to hold numbers."""
    return Answered(
        SourceKind.MODEL,
        f"{done.model} on this machine",
        done.model,
        done.finish,
        question.prompt_tokens if done.prompt_tokens is None else done.prompt_tokens,
        done.cached_tokens or 0,
        done.output_tokens or 0,
    )


def _event(value: dict[str, Any]) -> bytes:
    return b"data: " + as_json(value) + b"\n\n"
