"""How a model is asked is found out, remembered for a day, and never at the price of a keystroke."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from sidelight_client.adapters.discovered_identity import DiscoveredProvider
from sidelight_client.adapters.gateway_http import HttpGateway
from sidelight_client.adapters.gateway_ways import MOST, LearnedWays
from sidelight_client.adapters.http import HttpClient
from sidelight_client.domain.completion import CompletionRequest, Tier
from sidelight_client.domain.failure import Failure, FailureKind
from sidelight_client.domain.identity.grant import Grant
from sidelight_client.domain.place import Document, Position
from sidelight_client.domain.routing.fim import Learned, Mode, Shown
from sidelight_client.domain.window import take
from sidelight_client.embedded.gateway import EmbeddedGateway, EmbeddedSettings
from sidelight_client.ports import Delta, Finish, GatewayEvent, GatewayInfo, SignInPrompt
from sidelight_client.testing.fakes import FakeClock
from support.raw_server import Answer, RawServer, answer, raw_server, sse

pytestmark = pytest.mark.anyio

OPEN = {"version": 1, "name": "Open", "auth": {"kind": "none"}}
WINDOW = take(["def f():\n", "    \n", "# end\n"], Position(1, 4), "file:///a.py")
KNOWS = sse({"choices": [{"text": 'quokka"', "finish_reason": "stop"}]})
GUESSES = sse({"choices": [{"text": 'red"', "finish_reason": "stop"}]})
SILENT = sse({"choices": [{"text": "", "finish_reason": "stop"}]})
NO_SUFFIX = answer(400, {"error": {"message": "suffix is not currently supported"}})


def document(model: str, mode: str = "suffix") -> dict[str, Any]:
    return OPEN | {"tiers": {"fast": {"model": model, "mode": mode}}}


@asynccontextmanager
async def serving(
    *answers: Answer,
    model: str = "small",
    memory: Path | None = None,
    clock: FakeClock | None = None,
) -> AsyncGenerator[tuple[HttpGateway, RawServer]]:
    async with raw_server(answer(200, document(model)), *answers) as server:
        gateway = HttpGateway(server.url, HttpClient(), clock=clock or FakeClock(), memory=memory)
        try:
            assert isinstance(await gateway.discover(), GatewayInfo)
            yield gateway, server
        finally:
            await gateway.close()


async def ask(gateway: HttpGateway) -> GatewayEvent:
    request = CompletionRequest("a" * 32, Document("file:///a.py", "python"), WINDOW)
    return [event async for event in gateway.complete(request, None, 5.0)][-1]


def asked(server: RawServer) -> list[str]:
    return [exchange.target for exchange in server.asked[1:]]


async def test_a_model_that_knows_what_follows_is_proven_once_and_asked_so() -> None:
    async with serving(KNOWS) as (gateway, server):
        assert gateway.unproven(Tier.FAST)
        assert isinstance(await gateway.prove(Tier.FAST, None), Finish)
        assert not gateway.unproven(Tier.FAST)
        await ask(gateway)
    canary = server.asked[1].json
    assert "quokka" not in canary["prompt"]
    assert "quokka" in canary["suffix"]
    assert (canary["max_tokens"], canary["stop"]) == (8, ["\n"])
    assert server.asked[2].json["suffix"] == "\n# end\n"


async def test_a_server_that_drops_the_suffix_without_a_word_is_asked_as_a_chat() -> None:
    async with serving(GUESSES) as (gateway, server):
        await gateway.prove(Tier.FAST, None)
        await ask(gateway)
        assert not gateway.unproven(Tier.FAST)
    assert asked(server) == ["/v1/completions", "/v1/chat/completions"]


async def test_a_family_with_its_own_tokens_is_asked_with_them_and_that_is_proven_too() -> None:
    async with serving(GUESSES, KNOWS, KNOWS, model="qwen2.5-coder-7b") as (gateway, server):
        await gateway.prove(Tier.FAST, None)
        assert gateway.unproven(Tier.FAST)
        await gateway.prove(Tier.FAST, None)
        assert not gateway.unproven(Tier.FAST)
        await ask(gateway)
    sent = server.asked[-1].json
    assert sent["prompt"].startswith("<|fim_prefix|>def f()")
    assert sent["prompt"].endswith("# end\n<|fim_middle|>")
    assert "suffix" not in sent
    assert "<|endoftext|>" in sent["stop"]


async def test_a_model_with_nothing_to_say_is_not_asked_for_proof_again() -> None:
    async with serving(SILENT) as (gateway, server):
        await gateway.prove(Tier.FAST, None)
        assert not gateway.unproven(Tier.FAST)
        await ask(gateway)
    assert asked(server) == ["/v1/completions", "/v1/completions"]


async def test_a_canary_without_an_answer_proves_nothing() -> None:
    async with serving(answer(503)) as (gateway, _):
        failed = await gateway.prove(Tier.FAST, None)
        assert isinstance(failed, Failure)
        assert gateway.unproven(Tier.FAST)


async def test_what_was_refused_is_remembered_over_a_restart_and_for_a_day(tmp_path: Path) -> None:
    clock, memory = FakeClock(), tmp_path / "models.json"
    async with raw_server(answer(200, document("small")), NO_SUFFIX, KNOWS) as server:
        for passed, target in ((0, "/v1/completions"), (3_600, "/v1/chat/completions")):
            await clock.advance(passed)
            said = KNOWS if passed else NO_SUFFIX
            server.answers[:] = [answer(200, document("small")), said]
            gateway = HttpGateway(server.url, HttpClient(), clock=clock, memory=memory)
            await gateway.discover()
            await ask(gateway)
            await gateway.close()
            assert server.asked[-1].target == target
        kept = json.loads(memory.read_text())
        assert kept["models"][0]["ways"] == {"suffix": "fails"}
        assert "quokka" not in memory.read_text()
        await clock.advance(86_400)
        server.answers[:] = [answer(200, document("small")), KNOWS]
        gateway = HttpGateway(server.url, HttpClient(), clock=clock, memory=memory)
        await gateway.discover()
        await ask(gateway)
        await gateway.close()
        assert server.asked[-1].target == "/v1/completions"


async def test_a_server_that_cannot_stream_is_asked_for_whole_answers_from_then_on() -> None:
    broken = answer(500, {"error": {"message": "Something went wrong"}})
    whole = answer(200, {"choices": [{"text": "x", "finish_reason": "stop"}]})
    async with serving(broken, whole, whole) as (gateway, server):
        refused = await ask(gateway)
        assert refused == Failure(FailureKind.CAPABILITY_MISSING, 500, unprocessed=True)
        assert isinstance(await ask(gateway), Finish)
        assert isinstance(await ask(gateway), Finish)
    assert [exchange.json["stream"] for exchange in server.asked[1:]] == [True, False, False]
    assert "stream_options" not in server.asked[2].json


async def test_a_server_that_is_broken_either_way_is_not_blamed_for_its_streams() -> None:
    broken = answer(500, {"error": {"message": "Something went wrong"}})
    async with serving(broken) as (gateway, server):
        kinds = [e.kind for e in [await ask(gateway) for _ in range(4)] if isinstance(e, Failure)]
    assert kinds[0] is FailureKind.CAPABILITY_MISSING
    assert set(kinds[1:]) == {FailureKind.UPSTREAM_DOWN}
    assert [e.json["stream"] for e in server.asked[1:]] == [True, False, True, True]


async def test_a_server_that_offers_nothing_at_all_is_not_remembered_as_one() -> None:
    async with serving(answer(404, {"error": {"message": "Not Found"}})) as (gateway, server):
        for _ in range(4):
            await ask(gateway)
    assert asked(server)[:3] == ["/v1/completions", "/v1/chat/completions", "/v1/completions"]
    assert "suffix" in server.asked[4].json


@pytest.mark.parametrize("ignores", [False, True])
async def test_the_embedded_gateway_shows_whether_it_honours_the_suffix(ignores: bool) -> None:
    clock = FakeClock()
    embedded = EmbeddedGateway(EmbeddedSettings(index_mb=0), clock)
    await embedded.start()
    gateway = HttpGateway(embedded.url, HttpClient(), clock=clock)
    provider = DiscoveredProvider(gateway.discover, HttpClient(), clock, None)
    approving: list[asyncio.Task[None]] = []

    def approve(prompt: SignInPrompt) -> None:
        approving.append(asyncio.create_task(embedded.approve(prompt.url)))

    try:
        signed_in = await provider.sign_in(approve)
        assert isinstance(signed_in, Grant)
        embedded.faults.ignore_suffix = ignores
        assert isinstance(await gateway.prove(Tier.FAST, signed_in), Finish)
        shown = gateway.ways.of(embedded.url, "workspace").ways
    finally:
        await provider.close()
        await gateway.close()
        await embedded.stop()
        await asyncio.gather(*approving)
    assert shown == {Mode.SUFFIX: Shown.UNCLEAR if ignores else Shown.WORKS}


GARBAGE = [
    b"",
    b"{",
    b"[]",
    b'{"version": 2, "models": []}',
    b'{"version": 1, "models": {"a": 1}}',
    b'{"version": 1, "models": [1, null, {"endpoint": 3}, {"at": "x"}]}',
    b'{"version": 1, "models": [{"endpoint": "e", "model": "m", "at": 1e400}]}',
    b"\xff\xfe" * 40_000,
]


@pytest.mark.parametrize("data", GARBAGE)
async def test_a_file_that_cannot_be_read_is_forgotten_and_replaced(
    tmp_path: Path, data: bytes
) -> None:
    file, clock = tmp_path / "models.json", FakeClock()
    file.write_bytes(data)
    ways = LearnedWays(file, clock)
    await ways.load()
    assert ways.of("e", "m") == Learned()
    ways.learn("e", "m", lambda known: known.showing(Mode.SUFFIX, Shown.FAILS, clock.now()))
    await ways.close()
    again = LearnedWays(file, clock)
    await again.load()
    assert again.of("e", "m").ways == {Mode.SUFFIX: Shown.FAILS}


async def test_a_folder_that_cannot_be_written_costs_the_memory_and_nothing_else(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_text("")
    clock = FakeClock()
    ways = LearnedWays(tmp_path / "file" / "models.json", clock)
    await ways.load()
    ways.learn("e", "m", lambda known: known.showing(Mode.SUFFIX, Shown.WORKS, clock.now()))
    await ways.close()
    assert ways.of("e", "m").ways == {Mode.SUFFIX: Shown.WORKS}


async def test_the_memory_is_bounded_and_a_clock_set_back_forgets(tmp_path: Path) -> None:
    clock = FakeClock()
    ways = LearnedWays(tmp_path / "models.json", clock)
    for number in range(MOST + 20):
        ways.learn("e", f"m{number}", lambda k: k.showing(Mode.CHAT, Shown.FAILS, clock.now()))
    await ways.close()
    assert ways.of("e", "m0") == Learned()
    assert ways.of("e", f"m{MOST + 19}") != Learned()
    earlier = LearnedWays(tmp_path / "models.json", FakeClock(clock.now() - 60))
    await earlier.load()
    assert earlier.of("e", f"m{MOST + 19}") == Learned()


async def test_the_lines_that_were_asked_for_end_the_answer_and_abort_the_rest() -> None:
    pieces = [{"choices": [{"text": f"line {n}\n"}]} for n in range(9)]
    async with serving(sse(*pieces, done=False)) as (gateway, _):
        request = CompletionRequest(
            "a" * 32, Document("file:///a.py", "python"), WINDOW, max_lines=2
        )
        events = [event async for event in gateway.complete(request, None, 5.0)]
    text = "".join(event.text for event in events if isinstance(event, Delta))
    assert text.startswith("line 0\nline 1\n")
    last = events[-1]
    assert isinstance(last, Finish)
    assert (last.tokens.prompt, last.tokens.output, last.tokens.cost) == (None, None, None)
