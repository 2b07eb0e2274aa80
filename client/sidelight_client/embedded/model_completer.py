"""Answers from a model in this process, off the loop, one request at a time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

from ..domain.models.local_models import (
    Engine,
    EngineError,
    Load,
    Pace,
    Written,
    budgeted,
    paced,
    stops,
    threads,
)
from ..domain.routing.fim import Template
from .passthrough import ModelDone, ModelServerError
from .question import Question

log = logging.getLogger("sidelight.model")

ANSWER_WITHIN_S = 60.0
"""A bound for whoever waits without one of their own; what was written by then stays."""
LONGEST_TOKENS = 256


class _Reader:
    """Who waits for one answer; the engine's thread looks at it between tokens."""

    def __init__(self) -> None:
        self.gone = Event()
        self.late = Event()


class ModelCompleter:
    """What a `ModelServer` is for a server, for a model that `load` brings into this process.

    The engine lives in one thread, where a request waits for the one before it. One whose reader has
    left ends before the next token, but it reads its prompt to the end while nobody else waits: the
    next keystroke's prompt begins in the same way, and finds that read.
    """

    def __init__(
        self, name: str, load: Load, template: Template | None, *, before_workspace: bool
    ) -> None:
        """See `domain.models.model_catalogue.Model` for what the words mean."""
        self.before_workspace = before_workspace
        self._name = name
        self._load = load
        self._template = template
        self._engine: Engine | None = None
        self._loaded_with = 0
        self._broken = False
        self._pace = Pace(threads(os.cpu_count() or 1))
        self._thread = ThreadPoolExecutor(1, "sidelight-model")
        self._waiting = 0
        self._warming: asyncio.Future[None] | None = None

    @property
    def pace(self) -> Pace:
        """How fast it writes, and with how many threads."""
        return self._pace

    async def model(self) -> str:
        return self._name

    def warm(self) -> None:
        """Load the model in the background, so that the first request finds it there."""
        if self._warming is None:
            loop = asyncio.get_running_loop()
            self._warming = loop.run_in_executor(self._thread, self._warm)

    async def stop(self) -> None:
        """End the work and give the memory back."""
        self._broken = True
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown(wait=False)

    async def stream(self, question: Question, model: str) -> AsyncGenerator[str | ModelDone]:
        """The answer's text as it is written, then one `ModelDone`. Raises ModelServerError."""
        prompt, stop = self._asked(question)
        loop = asyncio.get_running_loop()
        pieces: asyncio.Queue[str | None] = asyncio.Queue()
        reader = _Reader()

        def heard(piece: str) -> bool:
            if self._broken or reader.late.is_set():
                return False
            if reader.gone.is_set():
                return not piece and self._waiting == 0
            if piece:
                loop.call_soon_threadsafe(pieces.put_nowait, piece)
            return True

        def write() -> Written:
            self._waiting -= 1
            return self._ready().write(prompt, limit, stop, heard)

        limit = min(question.max_tokens, LONGEST_TOKENS)
        self._waiting += 1
        work = loop.run_in_executor(self._thread, write)
        work.add_done_callback(lambda done: _end(done, pieces))
        late = loop.call_later(ANSWER_WITHIN_S, reader.late.set)
        try:
            while (piece := await pieces.get()) is not None:
                yield piece
            written = await work
        except EngineError:
            raise ModelServerError from None
        finally:
            reader.gone.set()
            late.cancel()
        self._pace = paced(self._pace, written.output_tokens, written.write_s)
        yield ModelDone(
            model,
            written.finish,
            written.prompt_tokens,
            written.cached_tokens,
            written.output_tokens,
        )

    def _asked(self, question: Question) -> tuple[str, tuple[str, ...]]:
        """The prompt in the model's own form, and where it stops. Raises ModelServerError."""
        if question.chat:
            raise ModelServerError
        context = budgeted(question.prompt, question.suffix)
        stop = stops(question.suffix, question.stop)
        template = self._template
        if template is None:
            return context.prefix, stop
        if any(token in context.prefix + context.suffix for token in template.tokens):
            # A person's text that holds the model's own tokens would be read as instructions.
            raise ModelServerError
        return template.filled(context.prefix, context.suffix), (*stop, *template.stop)

    # --- in the engine's thread ------------------------------------------------------------------

    def _warm(self) -> None:
        with contextlib.suppress(EngineError):
            self._ready()

    def _ready(self) -> Engine:
        """The engine with as many threads as the pace wants. Raises EngineError."""
        if self._broken:
            raise EngineError("the model is not to be had")
        if self._engine is not None and self._loaded_with != self._pace.threads:
            log.info("decoding has collapsed; going on with one thread")
            self._close()
        if self._engine is None:
            try:
                self._engine = self._load(self._pace.threads)
            except EngineError as error:
                # It would fail again with every keystroke.
                self._broken = True
                log.warning("suggestions come from the workspace only: %s", error)
                raise
            self._loaded_with = self._pace.threads
        return self._engine

    def _close(self) -> None:
        if self._engine is not None:
            self._engine.close()
            self._engine = None


def _end(work: asyncio.Future[Written], pieces: asyncio.Queue[str | None]) -> None:
    """End the pieces; a failure counts as seen even where the reader has left."""
    if not work.cancelled():
        work.exception()
    pieces.put_nowait(None)
