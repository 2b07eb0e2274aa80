"""`workspace/executeCommand`: what a person can make Sidelight do from the editor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sidelight_client.api import Broker, is_language

from ..completing.inline import ACCEPT_COMMAND
from ..explaining.notices import Notices
from ..wire.plain import find, read_trace_id, whole
from ..wire.server import SidelightServer
from .client import Client
from .sign_in import show_message, sign_in_now

PAUSE_MINUTES = 30
MAX_PAUSE_MINUTES = 7 * 24 * 60


def register(
    server: SidelightServer,
    broker: Broker,
    client: Client,
    *,
    notices: Notices,
    accepted: Callable[[str], None],
) -> None:
    """Serve the commands. `accepted` learns the trace id of a suggestion that was taken."""

    @server.command(ACCEPT_COMMAND)
    def did_accept(*arguments: Any) -> None:
        trace_id = read_trace_id(arguments)
        if trace_id is not None:
            accepted(trace_id)

    @server.command("sidelight.signIn")
    async def sign_in(*arguments: Any) -> dict[str, Any]:
        device = find(arguments[0] if arguments else None, "device") is True
        return await sign_in_now(server, broker, client, device=device)

    @server.command("sidelight.signOut")
    async def sign_out(*arguments: Any) -> None:
        del arguments
        await broker.sign_out()

    @server.command("sidelight.pause")
    def pause(*arguments: Any) -> None:
        minutes = whole(arguments[0]) if arguments else PAUSE_MINUTES
        minutes = PAUSE_MINUTES if minutes is None else min(max(minutes, 0), MAX_PAUSE_MINUTES)
        given = arguments[1] if len(arguments) > 1 else ""
        language = given if isinstance(given, str) and is_language(given) else ""
        broker.pause(broker.clock.now() + minutes * 60 if minutes else None, language)

    @server.command("sidelight.retryNow")
    def retry_now(*arguments: Any) -> None:
        del arguments
        broker.retry_now()

    @server.command("sidelight.copyTraceId")
    def copy_trace_id(*arguments: Any) -> str | None:
        """Return the id and show it: a server cannot reach the clipboard, a message can be copied."""
        latest = notices.latest[1] if notices.latest is not None else None
        trace_id = read_trace_id(arguments) or latest
        if trace_id is not None:
            show_message(server, f"Trace id: {trace_id}")
        return trace_id
