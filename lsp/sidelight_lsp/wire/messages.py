"""JSON-RPC messages as bytes, and the numbers that JSON-RPC and LSP give to what they name."""

from __future__ import annotations

import json
from enum import IntEnum
from typing import Any

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
SERVER_NOT_INITIALIZED = -32002
REQUEST_CANCELLED = -32800

# What is sent is made here and holds no circle; to look for one takes a tenth of the time.
_ENCODER = json.JSONEncoder(separators=(",", ":"), check_circular=False)


class MessageType(IntEnum):
    """How much a message matters (LSP 3.17, MessageType)."""

    WARNING = 2
    INFO = 3


class DiagnosticSeverity(IntEnum):
    """How much a diagnostic matters (LSP 3.17, DiagnosticSeverity)."""

    INFORMATION = 3
    HINT = 4


INCREMENTAL = 2
"""Edits are told as what changed (LSP 3.17, TextDocumentSyncKind)."""


def encoded(message: dict[str, Any]) -> bytes:
    """A message as it stands in a frame."""
    return _ENCODER.encode(message).encode()


def response(message_id: int | str, result: Any) -> dict[str, Any]:
    """The answer to a request."""
    return {"jsonrpc": "2.0", "id": message_id, "result": result}


def refusal(message_id: int | str | None, code: int, why: str) -> dict[str, Any]:
    """The answer to a request that gets no result; without an id, to what could not be read."""
    return {"jsonrpc": "2.0", "id": message_id, "error": {"code": code, "message": why}}


def notification(method: str, params: Any) -> dict[str, Any]:
    """What is told and not answered; None for a method without parameters."""
    return {"jsonrpc": "2.0", "method": method, **({} if params is None else {"params": params})}


def request(message_id: str, method: str, params: Any) -> dict[str, Any]:
    """What is asked of the editor, likewise."""
    return {**notification(method, params), "id": message_id}
