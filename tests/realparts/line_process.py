"""A process of ours that is told by lines on stdin and answers each with one JSON line."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parents[1]
ANSWER_MAX_S = 40.0


class LineProcess:
    """The running process, and all it wrote to stderr so far."""

    def __init__(self, process: asyncio.subprocess.Process, errors: asyncio.Task[bytes]) -> None:
        self._process = process
        self._errors = errors

    async def answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), ANSWER_MAX_S)
        assert line, (await self._errors).decode()[-2000:]
        told: dict[str, Any] = json.loads(line)
        return told

    async def ask(self, line: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode())
        return await self.answer()

    async def end(self) -> str:
        """Let it end; what it wrote to stderr."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), ANSWER_MAX_S)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        return (await self._errors).decode()


@asynccontextmanager
async def line_process(
    module: str,
    *arguments: str,
    environ: Mapping[str, str] | None = None,
    said: list[str] | None = None,
) -> AsyncGenerator[LineProcess]:
    """`python -m MODULE`, once it has told its first line; what it wrote to stderr goes to `said`."""
    path = os.pathsep.join([str(TESTS), *(p for p in sys.path if p)])
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path, **(environ or {})},
    )
    assert process.stderr is not None
    running = LineProcess(process, asyncio.ensure_future(process.stderr.read()))
    try:
        await running.answer()
        yield running
    finally:
        written = await running.end()
        if said is not None:
            said.append(written)
