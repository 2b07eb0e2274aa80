"""`textDocument/codeLens`: the context meter above a file, for who switched it on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sidelight_client.api import Settings

from ..documents.documents import Documents
from ..wire.server import SidelightServer, document_uri
from .silences import Silences

SETTING = "completions.context_meter"


def register(
    server: SidelightServer,
    documents: Documents,
    silences: Silences,
    settings: Callable[[], Settings],
) -> None:
    """Serve the meter: how much of the file the latest request read, and of what budget."""

    @server.feature("textDocument/codeLens", codeLensProvider={"resolveProvider": False})
    def lenses(params: Any) -> list[dict[str, Any]]:
        uri = document_uri(params)
        story = silences.latest(uri)
        if not settings().flag(SETTING) or documents.get(uri) is None or story is None:
            return []
        ledger = story.ledger
        about = "~" if ledger.estimated else ""
        title = (
            f"Context {about}{ledger.tokens:,}/{max(story.budget_tokens, ledger.tokens):,} tokens"
            f" · {ledger.share_sent * 100:.0f} % of this file"
        )
        start = {"line": 0, "character": 0}
        argument = {"uri": uri, "traceId": story.trace_id, "open": True}
        command = {"title": title, "command": "sidelight.whatWasSent", "arguments": [argument]}
        return [{"range": {"start": start, "end": start}, "command": command}]
