"""A session that is cancelled, as when its editor is killed, and the next one that gets its descriptors."""

from __future__ import annotations

import asyncio
import os

import pytest

from lsp.fakes import FakeBroker
from sidelight_lsp.session import serve
from sidelight_lsp.wire.channel import Channel
from sidelight_lsp.wire.framing import frame

pytestmark = pytest.mark.anyio


async def test_the_next_session_is_read_after_one_that_was_cancelled() -> None:
    """A broker cancels a session when the editor's own connection to it ends first."""
    in_read, in_write = os.pipe()
    out_read, out_write = os.pipe()
    read, write = os.pipe()
    session = asyncio.create_task(serve(FakeBroker(), in_read, out_write))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    session.cancel()
    with pytest.raises(asyncio.CancelledError):
        await session
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(in_read)
    os.dup2(read, in_read)
    for descriptor in (in_write, out_read, read):
        os.close(descriptor)
    received: asyncio.Queue[bytes] = asyncio.Queue()
    null = os.open(os.devnull, os.O_WRONLY)
    channel = Channel(in_read, null)
    channel.start(received.put_nowait, lambda: None)
    try:
        os.write(write, frame(b"{}"))
        assert await asyncio.wait_for(received.get(), 5) == b"{}"
    finally:
        await channel.close(asyncio.sleep(0))
        os.close(write)
