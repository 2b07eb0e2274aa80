"""Reads what a session sent as lsprotocol's types have it: pygls would have sent the same."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from sidelight_client.testing.lsp_traffic import Direction, Recorded


def differences(traffic: Iterable[Recorded]) -> list[str]:
    """What lsprotocol cannot read, or would write otherwise; messages beyond LSP's own are left out."""
    asked: dict[int | str, str] = {}
    found: list[str] = []
    for one in traffic:
        method, message_id = one.message.get("method"), one.message.get("id")
        if one.direction is Direction.TO_SERVER:
            if isinstance(method, str) and isinstance(message_id, (int, str)):
                asked[message_id] = method
        elif isinstance(method, str):
            found += _difference(method, 0, one.message)
        elif "result" in one.message and message_id in asked:
            found += _difference(asked[message_id], 1, one.message)
    return found


@lru_cache(maxsize=1)
def _converter() -> Any:
    from pygls.protocol import default_converter

    made: Any = default_converter  # pygls leaves it untyped.
    return made()


def _difference(method: str, kind: int, message: dict[str, Any]) -> list[str]:
    # Imported here because some tests look at what a session has imported.
    from lsprotocol import types

    known: Any = types.METHOD_TO_TYPES.get(method, (None, None))[kind]
    if known is None:
        return []
    sent: Any = message
    if known is types.CodeActionResponse:
        # lsprotocol takes an action that has a command for a command.
        known, sent = list[types.CodeAction], message["result"]
    try:
        written = _converter().unstructure(_converter().structure(sent, known))
    except Exception as error:
        return [f"{method} cannot be read: {error!r}: {sent}"]
    return [] if written == sent else [f"{method} is\n{sent}, lsprotocol has\n{written}"]
