"""A model in this process answers off the loop, one at a time, and gives way at once."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from sidelight_client.domain.models.local_models import EngineError, Written
from sidelight_client.domain.routing.fim import template_of
from sidelight_client.embedded import model_completer
from sidelight_client.embedded.gateway import EmbeddedGateway, EmbeddedSettings
from sidelight_client.embedded.model_completer import ModelCompleter
from sidelight_client.embedded.passthrough import ModelDone, ModelServerError
from sidelight_client.embedded.question import Question

pytestmark = pytest.mark.anyio


@dataclass
class ScriptedEngine:
    """Writes `pieces`, and remembers what it was asked."""

    pieces: tuple[str, ...] = ("ret", "urn 1")
    speed: float = 50.0
    endless: bool = False
    fails: bool = False
    threads: int = 0
    asked: list[tuple[str, int, tuple[str, ...]]] = field(default_factory=list)
    ran_in: set[str] = field(default_factory=set)
    closed: int = 0
    stopped: int = 0
    second: threading.Event = field(default_factory=threading.Event)
    left: threading.Event = field(default_factory=threading.Event)

    def write(
        self, prompt: str, max_tokens: int, stop: tuple[str, ...], heard: Callable[[str], bool]
    ) -> Written:
        self.asked.append((prompt, max_tokens, stop))
        if len(self.asked) > 1:
            self.second.set()
        self.ran_in.add(threading.current_thread().name)
        if self.fails:
            raise EngineError("refused")
        for piece in self.pieces:
            if not heard(piece):
                self.stopped += 1
                self.left.set()
                return Written("stop", 10, 4, 1, 0.1)
        # Before its first token an engine only says that it is there; afterwards it writes.
        more = "more" if self.pieces else ""
        while self.endless:
            if not heard(more):
                self.stopped += 1
                self.left.set()
                return Written("stop", 10, 4, 1, 0.1)
            time.sleep(0.001)
        return Written("stop", 10, 4, 20, 20 / self.speed)

    def close(self) -> None:
        self.closed += 1


def question(prompt: str = "def f():\n    ", suffix: str = "", *, chat: bool = False) -> Question:
    return Question(chat, "local", prompt, suffix, (), 64, (), True, True, {})


@contextlib.asynccontextmanager
async def completing(engine: ScriptedEngine, family: str = ""):
    loaded: list[int] = []

    def load(threads: int) -> ScriptedEngine:
        loaded.append(threads)
        engine.threads = threads
        return engine

    completer = ModelCompleter("Tiny", load, template_of(family), before_workspace=False)
    try:
        yield completer, loaded
    finally:
        await completer.stop()


async def events(completer: ModelCompleter, asked: Question) -> list[str | ModelDone]:
    return [event async for event in completer.stream(asked, "local")]


async def test_the_text_comes_in_pieces_and_ends_with_its_counts() -> None:
    engine = ScriptedEngine()
    async with completing(engine) as (completer, loaded):
        told = await events(completer, question())
    assert told == ["ret", "urn 1", ModelDone("local", "stop", 10, 4, 20)]
    assert engine.ran_in == {"sidelight-model_0"}
    assert (len(loaded), engine.closed) == (1, 1)


async def test_a_model_that_knows_tokens_for_it_is_told_what_follows() -> None:
    engine = ScriptedEngine()
    async with completing(engine, "qwen2.5-coder") as (completer, _):
        await events(completer, question("a = ", ")\n"))
    prompt, _, stop = engine.asked[0]
    assert prompt == "<|fim_prefix|>a = <|fim_suffix|>)\n<|fim_middle|>"
    assert "\n" in stop
    assert "<|endoftext|>" in stop


async def test_text_with_the_models_own_tokens_is_not_given_to_it() -> None:
    engine = ScriptedEngine()
    async with completing(engine, "qwen2.5-coder") as (completer, _):
        with pytest.raises(ModelServerError):
            await events(completer, question("x = '<|fim_suffix|>'"))
    assert engine.asked == []


async def test_a_reader_who_leaves_stops_it_and_the_next_one_is_answered() -> None:
    engine = ScriptedEngine(endless=True)
    async with completing(engine) as (completer, _):
        async with contextlib.aclosing(completer.stream(question(), "local")) as stream:
            assert await anext(stream) == "ret"
        engine.endless = False
        assert len(await events(completer, question())) == 3


async def test_while_nobody_else_waits_the_prompt_of_one_who_left_is_read_to_its_end() -> None:
    engine = ScriptedEngine(pieces=(), endless=True)
    async with completing(engine) as (completer, _):
        async with contextlib.aclosing(completer.stream(question("first"), "local")) as stream:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(stream), 0.1)
        assert engine.stopped == 0
        later = asyncio.create_task(events(completer, question("second")))
        async with asyncio.timeout(5):
            await asyncio.to_thread(engine.second.wait)
        assert engine.stopped == 1, "it gives way to the next one"
        engine.endless = False
        assert await later == [ModelDone("local", "stop", 10, 4, 20)]


async def test_one_that_is_cancelled_stops_it_too() -> None:
    engine = ScriptedEngine(endless=True)
    async with completing(engine) as (completer, _):
        begun = asyncio.Event()

        async def read() -> None:
            async for _ in completer.stream(question(), "local"):
                begun.set()

        task = asyncio.create_task(read())
        await begun.wait()
        task.cancel()
        await asyncio.wait([task])
        assert await asyncio.to_thread(engine.left.wait, 5)
        engine.endless = False
        assert len(await events(completer, question())) == 3
    assert engine.stopped == 1


async def test_past_its_deadline_it_stops_and_keeps_what_it_wrote(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(model_completer, "ANSWER_WITHIN_S", 0.05)
    engine = ScriptedEngine(endless=True)
    async with completing(engine) as (completer, _):
        told = await events(completer, question())
    assert told[:2] == ["ret", "urn 1"]
    assert engine.stopped == 1


async def test_decoding_that_collapses_loads_it_again_with_one_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(model_completer.os, "cpu_count", lambda: 8)
    engine = ScriptedEngine()
    async with completing(engine) as (completer, loaded):
        await events(completer, question())
        engine.speed = 5.0
        await events(completer, question())
        await events(completer, question())
        assert completer.pace.threads == 1
    assert loaded == [4, 1]
    assert engine.closed == 2


@pytest.mark.expects_log("suggestions come from the workspace only")
async def test_a_model_that_cannot_be_loaded_is_tried_once() -> None:
    tried: list[int] = []

    def load(threads: int) -> ScriptedEngine:
        tried.append(threads)
        raise EngineError("no memory")

    completer = ModelCompleter("Tiny", load, None, before_workspace=False)
    completer.warm()
    for _ in range(3):
        with pytest.raises(ModelServerError):
            await events(completer, question())
    await completer.stop()
    assert len(tried) == 1


async def test_an_engine_that_refuses_is_no_answer_and_stays() -> None:
    engine = ScriptedEngine(fails=True)
    async with completing(engine) as (completer, loaded):
        with pytest.raises(ModelServerError):
            await events(completer, question())
        engine.fails = False
        assert len(await events(completer, question())) == 3
    assert len(loaded) == 1


async def test_a_chat_is_left_to_others() -> None:
    async with completing(ScriptedEngine()) as (completer, _):
        with pytest.raises(ModelServerError):
            await events(completer, question(chat=True))


async def test_opening_a_workspace_loads_it_and_stopping_gives_it_back(tmp_path) -> None:
    engine, loaded = ScriptedEngine(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def load(threads: int) -> ScriptedEngine:
        del threads
        loop.call_soon_threadsafe(loaded.set)
        return engine

    completer = ModelCompleter("Tiny", load, None, before_workspace=False)
    gateway = EmbeddedGateway(EmbeddedSettings(tmp_path / "g.sock"), model=completer)
    await gateway.start()
    try:
        assert not loaded.is_set()
        gateway.add_workspace(tmp_path)
        async with asyncio.timeout(5):
            await loaded.wait()
    finally:
        await gateway.stop()
    assert engine.closed == 1
