"""Puts language-server sessions into the broker process; nothing else knows both."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sidelight_lsp.session import serve

from .. import api
from ..link.elsewhere import ElsewhereBroker
from ..link.wire import AttachInfo


def editor_sessions(broker: api.Broker) -> Callable[[int, int, AttachInfo], Awaitable[int]]:
    """What `link.serve` runs for each editor window that attaches."""

    async def run(read_fd: int, write_fd: int, info: AttachInfo) -> int:
        seen = ElsewhereBroker(broker) if info.forwarded else broker
        return await serve(seen, read_fd, write_fd)

    return run
