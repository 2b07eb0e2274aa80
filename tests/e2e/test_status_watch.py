"""`sidelight status --watch --json` as a status bar runs it: a line a change, and an end with its reader."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

import pytest

from sidelight_client.embedded.gateway import EmbeddedGateway

from .conftest import Sidelight

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("sidelight", ["broker"], indirect=True),
]


class Bar:
    """A status bar: the process, and what it printed so far."""

    def __init__(self, process: asyncio.subprocess.Process, reader: asyncio.StreamReader) -> None:
        self.process = process
        self._reader = reader

    @classmethod
    async def start(cls, sidelight: Sidelight) -> tuple[Bar, asyncio.ReadTransport]:
        read, write = os.pipe()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "sidelight_client", "status", "--watch", "--json"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=write,
            stderr=asyncio.subprocess.PIPE,
            env=sidelight.environment,
            cwd=sidelight.workspace,
        )
        os.close(write)
        reader = asyncio.StreamReader(limit=1_000_000)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(read, "rb")
        )
        return cls(process, reader), transport

    async def until(self, state: str) -> dict[str, Any]:
        """The first line that tells of `state`."""
        async with asyncio.timeout(30):
            while True:
                told: dict[str, Any] = json.loads(await self._reader.readline())
                if told["state"] == state:
                    return told


async def test_it_prints_a_line_a_change_and_ends_when_nobody_reads_any_more(
    sidelight: Sidelight, gateway: EmbeddedGateway
) -> None:
    assert gateway.url
    bar, transport = await Bar.start(sidelight)
    try:
        told = await bar.until("signedOut")
        assert (told["text"], told["class"]) == ("Not signed in", "signedOut")
        assert told["tooltip"].startswith("Not signed in\n")
        code, _, err = await sidelight.run("pause", "30m")
        assert (code, err) == (0, "")
        told = await bar.until("paused")
        assert told["text"].startswith("Paused")
        # Nothing changes any more: only the closed pipe can tell it that its reader has gone.
        transport.close()
        async with asyncio.timeout(10):
            assert await bar.process.wait() == 0
        assert bar.process.stderr is not None
        assert await bar.process.stderr.read() == b""
    finally:
        transport.close()
        if bar.process.returncode is None:
            bar.process.kill()
            await bar.process.wait()


async def test_it_ends_with_a_sentence_when_the_broker_is_gone(
    sidelight: Sidelight, gateway: EmbeddedGateway
) -> None:
    assert gateway.url
    bar, transport = await Bar.start(sidelight)
    try:
        await bar.until("signedOut")
        await asyncio.to_thread(sidelight.end_brokers)
        async with asyncio.timeout(10):
            assert await bar.process.wait() == 1
        assert bar.process.stderr is not None
        assert b"[broker.unreachable]" in await bar.process.stderr.read()
    finally:
        transport.close()
        if bar.process.returncode is None:
            bar.process.kill()
            await bar.process.wait()
