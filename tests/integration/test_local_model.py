"""SmolLM2 writes on this machine: through the embedded gateway, a broker and llama.cpp itself."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import dev_integration
from sidelight_client.adapters import llama_local
from sidelight_client.adapters.folders import Folders, folders
from sidelight_client.adapters.model_store import ModelStore
from sidelight_client.cli.assemble import assembled
from sidelight_client.cli.local_model import local_model
from sidelight_client.domain.completion import Completed, SourceKind
from sidelight_client.domain.models.local_models import CONTEXT_TOKENS
from sidelight_client.embedded.model_completer import ModelCompleter
from sidelight_client.embedded.passthrough import ModelDone
from sidelight_client.embedded.question import Question
from sidelight_client.settings import Layer, resolve

from .client import CODE, request
from .conftest import INSTALL, RealPart

pytestmark = [pytest.mark.anyio, pytest.mark.integration, pytest.mark.timeout(90)]

Figure = Callable[[str], None]
SETTINGS = {
    "embedded": {"model": "smollm2", "index_mb": 0},
    "tiers": {"standard": {"deadline_ms": 60_000}},
    "vault": "memory",
}
LONG = "".join(f"def area_{n}(width, height):\n    return width * height\n\n" for n in range(400))


@pytest.fixture
def models(real_part: RealPart) -> Path:
    """The folder in which set-up has put the model."""
    folder = folders({"SIDELIGHT_HOME": str(dev_integration.model_home())}).models
    real_part("llama.cpp (the extra `local`)", llama_local.available(), INSTALL)
    real_part("the model SmolLM2", ModelStore(folder).best("smollm2"), INSTALL)
    return folder


@pytest.fixture
def places(models: Path, private_home: Path) -> Folders:
    """A home of this test's own, with the model in it."""
    found = folders({"SIDELIGHT_HOME": str(private_home)})
    found.state.mkdir(parents=True)
    found.models.symlink_to(models)
    return found


@pytest.fixture
async def completer(models: Path) -> contextlib.AbstractAsyncContextManager[ModelCompleter]:
    made = local_model(models, "smollm2")
    assert made is not None
    return _ending(made)


@contextlib.asynccontextmanager
async def _ending(completer: ModelCompleter):
    try:
        yield completer
    finally:
        await completer.stop()


def question(prompt: str, max_tokens: int = 48) -> Question:
    return Question(False, "local", prompt, "", (), max_tokens, (), True, True, {})


async def answer(completer: ModelCompleter, asked: Question) -> tuple[str, ModelDone]:
    pieces = [piece async for piece in completer.stream(asked, "local")]
    done = pieces[-1]
    assert isinstance(done, ModelDone)
    return "".join(piece for piece in pieces if isinstance(piece, str)), done


def resident_mb() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


async def test_a_suggestion_comes_from_the_model_and_says_so(places: Folders) -> None:
    settings = resolve([(Layer.FILE, SETTINGS)])
    async with assembled(places, os.environ, settings) as broker:
        ready = asyncio.Event()
        stop = broker.subscribe(lambda s: ready.set() if s.session.account else None)
        async with asyncio.timeout(20):
            await ready.wait()
        stop()
        outcome = await broker.complete(request(CODE))
    assert isinstance(outcome, Completed), outcome
    assert outcome.texts
    assert outcome.texts[0].strip()
    assert outcome.source.kind is SourceKind.MODEL
    assert "SmolLM2" in outcome.source.label


async def test_its_speed_its_memory_and_what_it_keeps_of_a_prompt(
    completer: contextlib.AbstractAsyncContextManager[ModelCompleter], figure: Figure
) -> None:
    before = resident_mb()
    async with completer as model:
        began = time.monotonic()
        text, _ = await answer(model, question("import math\n\ndef area(radius):\n    return "))
        first_s = time.monotonic() - began
        assert text.strip()
        longer = question(
            f"import math\n\ndef area(radius):\n    return {text}\n\ndef side(area):\n"
        )
        began = time.monotonic()
        _, again = await answer(model, longer)
        again_s = time.monotonic() - began
        _, counted = await answer(model, question("# counting: 1 2 3 4 5 6 7", 64))
        taken = resident_mb() - before
    assert counted.output_tokens
    assert again.cached_tokens, "the beginning of the prompt was read before"
    assert taken < 600
    pace = model.pace
    figure(
        f"SmolLM2 135M: {taken:.0f} MB, {pace.threads} thread(s), {pace.best or 0:.0f} tokens/s; "
        f"first answer with loading {first_s:.1f} s, second {again_s:.1f} s; "
        f"{again.cached_tokens} of {again.prompt_tokens} prompt tokens kept"
    )


async def test_a_whole_file_is_cut_to_the_budget(
    completer: contextlib.AbstractAsyncContextManager[ModelCompleter], figure: Figure
) -> None:
    async with completer as model:
        began = time.monotonic()
        _, done = await answer(model, question(LONG, 4))
        figure(
            f"SmolLM2 135M: {done.prompt_tokens} cold tokens in {time.monotonic() - began:.1f} s"
        )
    assert done.prompt_tokens is not None
    assert 200 < done.prompt_tokens <= CONTEXT_TOKENS


async def test_what_was_read_for_one_who_gave_up_need_not_be_read_again(
    completer: contextlib.AbstractAsyncContextManager[ModelCompleter],
) -> None:
    prompt = LONG[:600]
    async with completer as model:
        await answer(model, question("x = ", 1))
        async with contextlib.aclosing(model.stream(question(prompt, 4), "local")) as events:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(events), 0.01)
        _, done = await answer(model, question(f"{prompt}x = ", 4))
    assert done.cached_tokens
    assert done.prompt_tokens
    assert done.cached_tokens >= 100


async def test_a_reader_who_leaves_stops_it_between_tokens(
    completer: contextlib.AbstractAsyncContextManager[ModelCompleter],
) -> None:
    async with completer as model:
        _, whole = await answer(model, question("# numbers: 1 2 3 4 5 6 7", 200))
        async with contextlib.aclosing(
            model.stream(question("# numbers: 1 2 3 4 5 6 7", 200), "local")
        ) as events:
            assert isinstance(await anext(events), str)
        began = time.monotonic()
        _, after = await answer(model, question("x = 1\ny = ", 2))
        assert after.output_tokens
        assert time.monotonic() - began < 20
    assert whole.output_tokens


def test_nothing_of_it_listens_where_others_can_ask(models: Path) -> None:
    kept = ModelStore(models).best("smollm2")
    assert kept is not None
    before = set(_listening())
    engine = llama_local.LlamaModel(kept.path, 1)
    try:
        assert set(_listening()) == before
        assert engine.write("a = ", 2, (), lambda _: True).output_tokens
    finally:
        engine.close()


def _listening() -> Iterator[str]:
    """The TCP ports this process listens on."""
    mine = set(_descriptors())
    for name in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in mine:
                yield fields[1]


def _descriptors() -> Iterator[str]:
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # The one that lists them is closed again.
            yield str(link.readlink())
