"""What pygls answers to one request: the only importer of pygls and lsprotocol."""

from __future__ import annotations

import logging
from typing import Any

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol, default_converter

from .messages import INVALID_PARAMS, encoded, refusal


class _Protocol(LanguageServerProtocol):
    """Both overrides take a function's place where pygls has a cache that keeps 128 servers alive."""

    def get_message_type(self, method: str) -> type[Any] | None:  # type: ignore[override] # pyright: ignore[reportIncompatibleVariableOverride]
        """As in pygls, without its cache."""
        return types.METHOD_TO_TYPES.get(method, (None,))[0]

    def get_result_type(self, method: str) -> type[Any] | None:  # type: ignore[override] # pyright: ignore[reportIncompatibleVariableOverride]
        """As in pygls, without its cache."""
        return types.METHOD_TO_TYPES.get(method, (None, None))[1]


class _Written:
    """Keeps what pygls writes."""

    def __init__(self) -> None:
        self.messages: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Keep one message."""
        self.messages.append(data)

    def close(self) -> None:
        """Nothing is open."""


def answer_of_pygls(message: dict[str, Any]) -> bytes:
    """The answer to a request, from a server that has no features.

    Raises whatever pygls raises when it has no answer.
    """
    _silence_pygls()
    server = LanguageServer(
        "sidelight",
        "",
        protocol_cls=_Protocol,
        converter_factory=default_converter,
    )
    written = _Written()
    server.protocol.set_writer(written, include_headers=False)
    try:
        request: Any = server.protocol.structure_message(message)
    except Exception:
        return encoded(refusal(message["id"], INVALID_PARAMS, "the parameters could not be read"))
    server.protocol.handle_message(request)
    return written.messages[0]


def _silence_pygls() -> None:
    """Keep pygls from logging: at several levels its lines hold whole messages, and so code."""
    logger = logging.getLogger("pygls")
    logger.setLevel(logging.CRITICAL + 1)
    logger.propagate = False
