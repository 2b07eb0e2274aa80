"""Passes a request on to an OpenAI-compatible model server on this machine, and nowhere else."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from .http import ClientWire, WireError
from .question import Question, is_list, is_object
from .replies import as_json

CONNECT_S = 2.0
SILENCE_S = 120.0
"""How long the server may say nothing; a cold model reads a long prompt for many seconds."""

_MAX_LINE_BYTES = 262_144
_MAX_ANSWER_CHARS = 262_144
_MAX_LIST_BYTES = 1_048_576
_PASSED_ON = ("temperature", "top_p", "seed", "messages")


class ModelServerError(Exception):
    """The model server cannot be used for this request; `status` is what it answered, if it did."""

    def __init__(self, status: int | None = None) -> None:
        super().__init__(f"the model server answered {status or 'nothing usable'}")
        self.status = status


@dataclass(frozen=True, slots=True)
class ModelDone:
    """The model has finished; token counts as it gave them."""

    model: str
    finish: str
    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    output_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where the model server listens: a loopback address, a port and the path of its API."""

    host: str
    port: int
    path: str


def read_upstream(url: str) -> Upstream:
    """The address in `url`. Raises ValueError for anything that is not plain HTTP on loopback."""
    try:
        parts = urlsplit(url)
        port = parts.port or 80
    except ValueError:
        raise ValueError("the upstream is not a URL") from None
    # The name is not looked up: whatever it resolves to, the connection goes to this machine.
    host = {"127.0.0.1": "127.0.0.1", "localhost": "127.0.0.1", "::1": "::1"}.get(
        parts.hostname or ""
    )
    if parts.scheme != "http" or host is None or parts.username is not None:
        raise ValueError("the upstream must be http://127.0.0.1, http://localhost or http://[::1]")
    if parts.query or parts.fragment or not parts.path.isprintable() or " " in parts.path:
        raise ValueError("the upstream must end with its path, such as /v1")
    return Upstream(host, port, parts.path.rstrip("/"))


class ModelServer:
    """One model server. Closing a stream early closes its socket, which stops the model."""

    before_workspace = True

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._model = ""
        self._takes_suffix = True

    async def model(self) -> str:
        """The first model the server lists. Raises ModelServerError."""
        if not self._model:
            async with contextlib.aclosing(self._ask("GET", "/models")) as pieces:
                listed = bytearray()
                async for piece in pieces:
                    listed += piece
                    if len(listed) > _MAX_LIST_BYTES:
                        raise ModelServerError
            try:
                self._model = str(json.loads(listed)["data"][0]["id"])
            except (ValueError, KeyError, IndexError, TypeError):
                raise ModelServerError from None
        return self._model

    async def stream(self, question: Question, model: str) -> AsyncGenerator[str | ModelDone]:
        """The answer's text as it comes, then one `ModelDone`. Raises ModelServerError."""
        path = "/chat/completions" if question.chat else "/completions"
        while True:
            suffix = question.suffix if self._takes_suffix else ""
            body = as_json(_body(question, model, suffix))
            try:
                async with (
                    contextlib.aclosing(self._ask("POST", path, body)) as pieces,
                    contextlib.aclosing(_read_events(pieces, model)) as events,
                ):
                    async for event in events:
                        yield event
                return
            except ModelServerError as error:
                # Several servers refuse `suffix` with one of these (vLLM, model-runner): once each.
                refused = error.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_IMPLEMENTED)
                if not (suffix and refused):
                    raise
                self._takes_suffix = False

    async def _ask(self, method: str, path: str, body: bytes = b"") -> AsyncGenerator[bytes]:
        """The body of a 200 answer. Raises ModelServerError for everything else."""
        where = self._upstream
        writer = None
        try:
            async with asyncio.timeout(CONNECT_S):
                reader, writer = await asyncio.open_connection(where.host, where.port)
            wire = ClientWire(reader, writer)
            name = f"[{where.host}]" if ":" in where.host else where.host
            headers = (
                ("host", f"{name}:{where.port}"),
                ("content-type", "application/json"),
                ("accept", "text/event-stream, application/json"),
            )
            async with asyncio.timeout(SILENCE_S):
                status = await wire.ask(method, where.path + path, headers, body)
            if status != HTTPStatus.OK:
                raise ModelServerError(status)
            pieces = wire.pieces()
            while True:
                async with asyncio.timeout(SILENCE_S):
                    piece = await anext(pieces, None)
                if piece is None:
                    return
                yield piece
        except (OSError, TimeoutError, WireError):
            raise ModelServerError from None
        finally:
            if writer is not None:
                writer.transport.abort()


def _body(question: Question, model: str, suffix: str) -> dict[str, Any]:
    body: dict[str, Any] = {
        "model": model,
        "max_tokens": question.max_tokens,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if question.stop:
        body["stop"] = list(question.stop)
    if not question.chat:
        body |= {"prompt": question.prompt} | ({"suffix": suffix} if suffix else {})
    for name in _PASSED_ON:
        if name in question.body:
            body[name] = question.body[name]
    return body


async def _read_events(pieces: AsyncIterator[bytes], model: str) -> AsyncGenerator[str | ModelDone]:
    """The events of an OpenAI stream (server-sent events, WHATWG HTML §9.2.6)."""
    finish, taken = "stop", 0
    usage: dict[str, Any] = {}
    async for line in _lines(pieces):
        if not line.startswith(b"data:"):
            continue
        data = line[5:].strip()
        if data == b"[DONE]":
            break
        chunk = _object(data)
        usage = _inner(chunk, "usage") or usage
        for choice in _choices(chunk):
            finish = choice.get("finish_reason") or finish
            text = choice.get("text") or _inner(choice, "delta").get("content") or ""
            if isinstance(text, str) and text:
                taken += len(text)
                if taken > _MAX_ANSWER_CHARS:
                    raise ModelServerError
                yield text
    yield ModelDone(
        model,
        str(finish),
        _count(usage.get("prompt_tokens")),
        _count(_inner(usage, "prompt_tokens_details").get("cached_tokens")),
        _count(usage.get("completion_tokens")),
    )


async def _lines(pieces: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
    held = b""
    async for piece in pieces:
        *whole, held = (held + piece).split(b"\n")
        if len(held) > _MAX_LINE_BYTES:
            raise ModelServerError
        for line in whole:
            yield line
    if held:
        yield held


def _object(data: bytes) -> dict[str, Any]:
    """One event's object. Raises ModelServerError for one that is none, or is an error."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        raise ModelServerError from None
    if not is_object(value) or "error" in value:
        raise ModelServerError
    return value


def _choices(chunk: dict[str, Any]) -> list[dict[str, Any]]:
    choices: Any = chunk.get("choices") or []
    if not is_list(choices) or not all(is_object(choice) for choice in choices):
        raise ModelServerError
    return choices


def _inner(outer: dict[str, Any], name: str) -> dict[str, Any]:
    """The object called `name`, empty where there is none."""
    value: Any = outer.get(name)
    return value if is_object(value) else {}


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
