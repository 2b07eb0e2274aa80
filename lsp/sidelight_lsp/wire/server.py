"""pygls, tamed for a process that serves several editors: no exit, no logged content, no leaks.

Architecture invariant: nothing here is global but the converter, which holds types and no data.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Generator
from concurrent.futures import Future
from functools import lru_cache
from typing import Any

from lsprotocol import types
from pygls.exceptions import FeatureRequestError
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol, lsp_method

from ..completing.menu import TRIGGER_CHARACTERS
from .converter import converter, make_ready

log = logging.getLogger("sidelight.lsp")

INTERNAL_ERROR = -32603
PROTOCOL_VERSION = 1
"""Of the `$/sidelight/*` messages and commands; `experimental.sidelight.protocol` tells it."""


class SessionProtocol(LanguageServerProtocol):
    """The protocol of one session.

    Attributes:
        menu: whether the completion menu is offered; decided before `initialize` is answered.
    """

    menu = False

    @lsp_method(types.INITIALIZE)
    def lsp_initialize(
        self, params: types.InitializeParams
    ) -> Generator[Any, Any, types.InitializeResult]:
        """Add to what pygls offers what the front serves by itself."""
        result = yield from super().lsp_initialize(params)
        offered = result.capabilities
        offered.inline_completion_provider = types.InlineCompletionOptions()
        if self.menu:
            offered.completion_provider = types.CompletionOptions(
                trigger_characters=list(TRIGGER_CHARACTERS)
            )
        if isinstance(offered.text_document_sync, types.TextDocumentSyncOptions):
            offered.text_document_sync.save = types.SaveOptions(include_text=False)
        offered.experimental = {"sidelight": {"protocol": PROTOCOL_VERSION}}
        return result

    @lsp_method(types.EXIT)
    def lsp_exit(self, *args: Any) -> Generator[Any, Any, None]:
        """Do nothing: pygls would call `sys.exit` and take every other editor along."""
        del args
        yield from ()

    def read(self, message: dict[str, Any]) -> Any:
        """The typed object of a message. Raises what pygls raises when it cannot be read."""
        return self.structure_message(message)

    # Both overrides take a function's place where pygls has a cache; they are called the same way.
    def get_message_type(self, method: str) -> type[Any] | None:  # type: ignore[override] # pyright: ignore[reportIncompatibleVariableOverride]
        """As in pygls, but without its cache, which keeps 128 ended sessions alive."""
        return types.METHOD_TO_TYPES.get(method, (None,))[0]

    def get_result_type(self, method: str) -> type[Any] | None:  # type: ignore[override] # pyright: ignore[reportIncompatibleVariableOverride]
        """See `get_message_type`."""
        return types.METHOD_TO_TYPES.get(method, (None, None))[1]

    def cancel_all(self) -> None:
        """Cancel every handler that still runs."""
        for future in list(self._request_futures.values()):
            future.cancel()

    def _send_response(
        self,
        msg_id: str | int,
        result: Any | None = None,
        error: types.ResponseError | None = None,
    ) -> None:
        """Answer; an unexpected failure tells its type and neither text nor traceback."""
        if error is not None and error.code == INTERNAL_ERROR:
            kind = sys.exc_info()[0]
            log.error("a request failed: %s", kind.__name__ if kind else "unknown")
            error = types.ResponseError(code=INTERNAL_ERROR, message="internal error")
        super()._send_response(msg_id, result, error)


class SidelightServer(LanguageServer):
    """The pygls server of one session."""

    def __init__(self, version: str) -> None:
        silence_pygls()
        super().__init__(  # pyright: ignore[reportUnknownMemberType] -- pygls leaves *args untyped
            "sidelight",
            version,
            types.TextDocumentSyncKind.Incremental,
            protocol_cls=SessionProtocol,
            converter_factory=converter,
        )

    @property
    def session_protocol(self) -> SessionProtocol:
        """The protocol, by its own type."""
        assert isinstance(self.protocol, SessionProtocol)
        return self.protocol

    def write_to(self, send: Callable[[bytes], None]) -> None:
        """Send every message of pygls through `send`, without a header."""
        self.protocol.set_writer(_Writer(send), include_headers=False)

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Log the type; pygls would show the exception's text in a box.

        A request that failed was answered with an error, and is logged there.
        """
        if source is not FeatureRequestError:
            log.error("a handler failed: %s", type(error).__name__)

    def notify(self, method: str, params: Any) -> None:
        """Send a notification of our own."""
        self.protocol.notify(method, params)

    def request(self, method: str, params: Any) -> Future[Any]:
        """Ask the editor; the future may never be done, so nothing may depend on it."""
        return self.protocol.send_request(method, params)


class _Writer:
    """What pygls writes to."""

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send

    def write(self, data: bytes) -> None:
        """Send one message."""
        self._send(data)

    def close(self) -> None:
        """Do nothing: the session closes its channel."""


@lru_cache(maxsize=1)
def prepare() -> None:
    """Build what the first session of a process would: 200 ms, so not on the loop.

    A session nobody hears goes the way that every session goes.
    """
    make_ready()
    server = SidelightServer("")
    server.write_to(_unheard)
    protocol = server.session_protocol
    for method, message_id, params in _FIRST_MESSAGES:
        numbered = {} if message_id is None else {"id": message_id}
        message = {"jsonrpc": "2.0", "method": method, "params": params, **numbered}
        protocol.handle_message(protocol.read(message))


_FIRST_MESSAGES: tuple[tuple[str, int | None, dict[str, Any]], ...] = (
    (
        types.INITIALIZE,
        1,
        {
            "processId": 1,
            "rootUri": None,
            "clientInfo": {"name": "", "version": ""},
            "workspaceFolders": [{"uri": "file:///", "name": ""}],
            "capabilities": {
                "general": {"positionEncodings": ["utf-16"]},
                "textDocument": {"inlineCompletion": {}, "completion": {}, "diagnostic": {}},
                "window": {"showDocument": {"support": True}},
                "workspace": {"configuration": True, "workspaceFolders": True},
            },
            "initializationOptions": {},
        },
    ),
    (types.INITIALIZED, None, {}),
)


def _unheard(data: bytes) -> None:
    """Nobody is there."""
    del data


def silence_pygls() -> None:
    """Keep pygls from logging: at several levels its lines hold whole messages, and so code."""
    logger = logging.getLogger("pygls")
    logger.setLevel(logging.CRITICAL + 1)
    logger.propagate = False
