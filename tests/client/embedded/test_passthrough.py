"""Requests passed on to a model server on this machine, and what happens when it is not up to it."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager

import pytest

from sidelight_client.embedded.http import Response
from sidelight_client.embedded.replies import refusal
from sidelight_client.embedded.server import HttpServer

pytestmark = pytest.mark.anyio

LOCAL = "x = make(alpha)\nx = ma"


def event(**chunk) -> bytes:
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


USAGE = {
    "prompt_tokens": 40,
    "completion_tokens": 2,
    "prompt_tokens_details": {"cached_tokens": 32},
}
GOOD = (
    event(choices=[{"text": "hel", "finish_reason": None}])
    + b": a comment\n\n"
    + event(choices=[{"text": "lo", "finish_reason": "length"}])
    + event(choices=[], usage=USAGE)
    + b"data: [DONE]\n\n"
)
MODELS = json.dumps({"data": [{"id": "qwen"}]}).encode()


class ModelServerDouble:
    """A real HTTP server that answers from `answer`, and remembers what it was asked."""

    def __init__(self):
        self.models = Response(200, (), MODELS)
        self.answer = GOOD
        self.status = 200
        self.asked = []
        self.ended = asyncio.Event()

    async def handle(self, request):
        if request.path == "/v1/models":
            return self.models
        self.asked.append((request.path, json.loads(request.body)))
        if callable(self.answer):
            return self.answer(request)
        return Response(self.status, (), self.answer)


@pytest.fixture
async def upstream(anyio_backend):
    del anyio_backend
    double = ModelServerDouble()
    server = HttpServer(double.handle, refusal)
    double.port = await server.start_tcp()
    double.stop = server.stop
    yield double
    await server.stop()


@pytest.fixture
def passing_on(serve, upstream):
    @asynccontextmanager
    async def passing():
        async with serve(upstream=f"http://localhost:{upstream.port}/v1/") as client:
            await client.sign_in()
            yield client

    return passing


async def test_the_models_answer_comes_back_with_the_model_as_its_source(passing_on, upstream):
    async with passing_on() as client:
        reply = await client.complete("def f(", suffix="):", stop=["\n"], temperature=0.2)
    last = reply.events[-1]
    assert reply.text == "hello"
    assert last["sidelight"]["source"] == {"kind": "model", "label": "qwen on this machine"}
    assert last["usage"]["prompt_tokens_details"] == {"cached_tokens": 32}
    assert last["usage"]["prompt_tokens"] == 40
    assert reply.events[-2]["choices"][0]["finish_reason"] == "length"
    assert client.gateway.audit.lines[-1].model == "qwen"
    ((path, asked),) = upstream.asked
    assert path == "/v1/completions"
    assert asked == {
        "model": "qwen",
        "prompt": "def f(",
        "suffix": "):",
        "max_tokens": 64,
        "stop": ["\n"],
        "temperature": 0.2,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


async def test_a_chat_is_passed_on_as_a_chat(passing_on, upstream):
    upstream.answer = event(choices=[{"delta": {"content": None}}]) + event(
        choices=[{"delta": {"content": "hi"}, "finish_reason": "stop"}]
    )
    async with passing_on() as client:
        body = {"messages": [{"role": "user", "content": "hello"}]}
        reply = await client.ask("POST", "/v1/chat/completions", body=body)
    assert reply.json["choices"][0]["message"]["content"] == "hi"
    assert upstream.asked[0][0] == "/v1/chat/completions"
    assert upstream.asked[0][1]["messages"] == body["messages"]


async def test_a_named_model_is_asked_for_by_its_name(passing_on, upstream):
    async with passing_on() as client:
        await client.complete(model="other")
        await client.complete(model="local")
    assert [asked["model"] for _, asked in upstream.asked] == ["other", "qwen"]


async def test_discovery_names_the_local_model(passing_on):
    async with passing_on() as client:
        document = (await client.ask("GET", "/.well-known/sidelight-gateway")).json
    assert document["tiers"]["fast"]["model"] == "local"


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (500, b""),
        (404, b"no"),
        (200, b"data: {not json\n\n"),
        (200, b"data: 17\n\n"),
        (200, b'data: {"error": {"message": "x"}}\n\n'),
        (200, b'data: {"choices": 5}\n\n'),
        (200, b'data: {"choices": ["x"]}\n\n'),
        (200, b"data: " + b"x" * 300_000),
    ],
)
async def test_a_server_that_cannot_answer_gives_way_to_the_workspace(
    passing_on, upstream, status, answer
):
    upstream.status, upstream.answer = status, answer
    async with passing_on() as client:
        reply = await client.complete(LOCAL)
    assert reply.text == "ke(alpha)"
    assert reply.events[-1]["sidelight"]["source"] == {"kind": "workspace", "label": "this file"}


async def test_a_server_that_is_gone_gives_way_to_the_workspace(passing_on, upstream):
    await upstream.stop()
    async with passing_on() as client:
        assert (await client.complete(LOCAL)).text == "ke(alpha)"


@pytest.mark.parametrize(
    "listed", [b"", b"[]", b'{"data": []}', b'{"data": [{}]}', b"x" * 2_000_000]
)
async def test_a_server_that_lists_no_model_gives_way_too(passing_on, upstream, listed):
    upstream.models = Response(200, (), listed)
    async with passing_on() as client:
        assert (await client.complete(LOCAL)).text == "ke(alpha)"


async def test_an_answer_that_breaks_off_is_an_error_in_the_stream(passing_on, upstream):
    upstream.answer = event(choices=[{"text": "hel"}]) + b"data: {broken\n\n"
    async with passing_on() as client:
        reply = await client.complete(LOCAL)
        blocks = reply.body.decode().strip().split("\n\n")
        assert '"text":"hel"' in blocks[0]
        assert json.loads(blocks[-1].removeprefix("data: "))["error"]["code"] == "upstream.down"
        assert client.gateway.audit.lines[-1].outcome == "upstream.down"
        whole = await client.complete(LOCAL, stream=False)
    assert (whole.status, whole.error["code"]) == (503, "upstream.down")


async def test_a_server_that_refuses_suffix_is_asked_without_and_not_again_with(
    passing_on, upstream
):
    def answer(request):
        if "suffix" in json.loads(request.body):
            return Response(400, (), b'{"error": "suffix is not currently supported"}')
        return Response(200, (), GOOD)

    upstream.answer = answer
    async with passing_on() as client:
        assert (await client.complete("def f(", suffix="):")).text == "hello"
        assert (await client.complete("def g(", suffix="):")).text == "hello"
    assert ["suffix" in asked for _, asked in upstream.asked] == [True, False, False]


async def test_a_client_that_leaves_stops_the_model(passing_on, upstream):
    def answer(_request):
        async def body():
            try:
                yield event(choices=[{"text": "hel"}])
                await asyncio.Event().wait()
            finally:
                upstream.ended.set()

        return Response(200, (), body())

    upstream.answer = answer
    async with passing_on() as client:
        async with client.streaming() as reader:
            await reader.readuntil(b"hel")
        async with asyncio.timeout(5):
            await upstream.ended.wait()


async def test_an_endless_answer_is_cut_off(passing_on, upstream):
    upstream.answer = event(choices=[{"text": "x" * 1_000}]) * 300
    async with passing_on() as client:
        reply = await client.complete(LOCAL)
    assert b"upstream.down" in reply.body
