"""llama.cpp in this process: one GGUF file, one context, one request at a time."""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from ..domain.models.local_models import CONTEXT_TOKENS, EngineError, Written

log = logging.getLogger("sidelight.model")

_OUTPUT_TOKENS = 512
"""Room in the context for the answer; the context is what the memory is taken for."""
_BATCH = 128
"""Tokens read at a stretch. Between two of them a request that nobody waits for any more ends."""


def available() -> bool:
    """Whether the extra `local` is installed."""
    import importlib.util

    return importlib.util.find_spec("xllamacpp") is not None


class LlamaModel:
    """A `domain.models.local_models.Engine`.

    The library always serves HTTP beside its calls. Here it does so on a socket in a folder that only
    this person can open, and with a key that nobody is told; on Windows on loopback with that key.
    """

    def __init__(self, path: Path, threads: int) -> None:
        """Load the file; it takes from half a second to some ten. Raises EngineError."""
        try:
            import xllamacpp  # pyright: ignore[reportMissingImports, reportMissingTypeStubs] - an extra
        except ImportError as error:
            raise EngineError("the extra `local` is not installed") from error
        self._folder = tempfile.mkdtemp(prefix="sl-model-")
        library = cast("Any", xllamacpp)
        wanted = library.CommonParams()
        wanted.model.path = str(path)
        wanted.n_ctx = CONTEXT_TOKENS + _OUTPUT_TOKENS
        wanted.n_parallel = 1
        wanted.n_batch = wanted.n_ubatch = _BATCH
        wanted.cpuparams.n_threads = wanted.cpuparams_batch.n_threads = threads
        wanted.verbosity = -1
        wanted.offline = True
        wanted.ui = wanted.endpoint_slots = wanted.endpoint_props = wanted.endpoint_metrics = False
        wanted.api_keys = [secrets.token_urlsafe(32)]
        if os.name == "posix":
            wanted.hostnames = [str(Path(self._folder, "m.sock"))]  # It knows one by its ending.
        try:
            self._server: Any = library.Server(wanted)
        except Exception as error:
            # The library's own exceptions quote paths and system messages.
            self.close()
            raise EngineError(f"the model was not loaded ({type(error).__name__})") from error
        log.info("loaded %s with %d threads", path.name, threads)

    def write(
        self, prompt: str, max_tokens: int, stop: tuple[str, ...], heard: Callable[[str], bool]
    ) -> Written:
        """See `Engine`; stops within one token, or one stretch of reading."""
        last: list[dict[str, Any]] = []

        def told(event: dict[str, Any]) -> bool:
            # What this function raises would be lost in the library.
            if "error" in event:
                last.append(event)
                return True
            choices: list[dict[str, Any]] = event.get("choices") or [{}]
            choice = choices[0]
            if event.get("timings") or choice.get("finish_reason"):
                last.append(event)
            return not heard(choice.get("text") or "")

        self._server.handle_completions(
            {
                "prompt": prompt,
                "max_tokens": max_tokens,
                "stop": list(stop),
                "stream": True,
                "temperature": 0,
                "cache_prompt": True,
                "return_progress": True,
                "stream_options": {"include_usage": True},
            },
            told,
        )
        return _written(last)

    def close(self) -> None:
        """Give the memory back."""
        self._server = None
        shutil.rmtree(self._folder, ignore_errors=True)


def _written(events: list[dict[str, Any]]) -> Written:
    finish, timings = "stop", dict[str, Any]()
    for event in events:
        if "error" in event:
            raise EngineError("the model refused the request")
        timings = event.get("timings") or timings
        for choice in event.get("choices") or ():
            finish = choice.get("finish_reason") or finish
    cached = int(timings.get("cache_n", 0))
    return Written(
        finish,
        cached + int(timings.get("prompt_n", 0)),
        cached,
        int(timings.get("predicted_n", 0)),
        float(timings.get("predicted_ms", 0.0)) / 1000,
    )
