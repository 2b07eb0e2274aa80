"""Puts language-server sessions into the broker process; nothing else knows both."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable

from .. import api
from ..link.elsewhere import ElsewhereBroker
from ..link.wire import AttachInfo


def editor_sessions(broker: api.Broker) -> Callable[[int, int, AttachInfo], Awaitable[int]]:
    """What `link.serve` runs for each editor window that attaches."""

    async def run(read_fd: int, write_fd: int, info: AttachInfo) -> int:
        # In a thread the first time, so that other editors do not wait.
        try:
            serve = await asyncio.to_thread(_import_session)
        except BaseException:
            # Nobody else would: an editor whose pipes stay open waits for ever.
            for descriptor in {read_fd, write_fd}:
                os.close(descriptor)
            raise
        seen = ElsewhereBroker(broker) if info.forwarded else broker
        return await serve(seen, read_fd, write_fd)

    return run


def _import_session() -> Callable[[api.Broker, int, int], Awaitable[int]]:
    from sidelight_lsp.session import serve

    return serve
