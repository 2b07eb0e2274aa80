"""Every message of the editor comes through here: the hot ones are served plain, the rest by pygls.

Measured on pygls 2.1: decoding into typed objects and dispatching costs more than the work itself
for didChange and inlineCompletion, and its text document cuts the whole file anew at each edit.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from ..completing.engine import Engine
from ..completing.inline import InlineCompletion
from ..completing.menu import MenuCompletion
from ..documents.documents import Documents
from .plain import find, mapping, sequence, text
from .server import SessionProtocol

log = logging.getLogger("sidelight.lsp")

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
SERVER_NOT_INITIALIZED = -32002
REQUEST_CANCELLED = -32800

_ENCODER = json.JSONEncoder(separators=(",", ":"))
_DECODER = json.JSONDecoder()

Reply = Callable[[Any], None]
Request = Callable[[int | str, Any, Reply], None]


class Lifecycle(Protocol):
    """What the session does at the turns of its life."""

    def opening(self, params: Any) -> None:
        """`initialize` arrived: prepare everything its answer depends on."""
        ...

    def opened(self) -> None:
        """`initialize` was answered."""
        ...

    def ready(self) -> None:
        """`initialized` arrived: messages may be sent now."""
        ...

    def closing(self) -> None:
        """`shutdown` arrived: answer or cancel what is under way."""
        ...

    def exit(self, code: int) -> None:
        """`exit` arrived."""
        ...


class Front:
    """Dispatches. Invariant: every request gets exactly one response, whatever goes wrong."""

    def __init__(
        self,
        lifecycle: Lifecycle,
        documents: Documents,
        engine: Engine,
        protocol: SessionProtocol,
        send: Callable[[bytes], None],
    ) -> None:
        self._lifecycle = lifecycle
        self._documents = documents
        self._engine = engine
        self._protocol = protocol
        self._send = send
        self._initialized = False
        self._shutdown = False
        self._requests: dict[str, Request] = {}
        self._notifications: dict[str, Callable[[Any], None]] = {
            "textDocument/didOpen": self._did_open,
            "textDocument/didChange": self._did_change,
            "textDocument/didClose": self._did_close,
        }

    def serve(self, inline: InlineCompletion, menu: MenuCompletion) -> None:
        """Serve completions with these features."""
        self._requests = {
            "textDocument/inlineCompletion": inline.request,
            "textDocument/completion": menu.request,
        }

    def serve_also(
        self, requests: Mapping[str, Request], notifications: Mapping[str, Callable[[Any], None]]
    ) -> None:
        """Serve messages beyond LSP's own; call it before `initialize` is answered."""
        self._requests = {**self._requests, **requests}
        self._notifications = {**self._notifications, **notifications}

    def receive(self, body: bytes) -> None:
        """Handle one body. It never raises."""
        try:
            # Bytes that are no UTF-8 are part of somebody's file: see `encoding`.
            message = decoded(body.decode("utf-8", "surrogateescape"))
        except (ValueError, RecursionError) as error:
            log.warning("a message of %d bytes is no JSON: %s", len(body), type(error).__name__)
            self.lost()
            self._refuse(None, PARSE_ERROR, "not JSON")
            return
        try:
            self._message(message, len(body))
        except Exception as error:
            log.error("a message failed: %s", type(error).__name__)  # noqa: TRY400 -- never the text

    def _message(self, message: Any, size: int) -> None:
        found = mapping(message)
        method = found.get("method")
        if isinstance(method, str) and found.get("jsonrpc") == "2.0":
            if "id" in found:
                self._dispatch(method, found)
            else:
                self._notification(method, found)
        elif method is None and ("result" in found or "error" in found):
            self._pass_on(found, None)
        else:
            log.warning("a message of %d bytes is neither request nor response", size)
            self.lost()
            self._refuse(None, INVALID_REQUEST, "neither request nor response")

    def lost(self) -> None:
        """A message was lost: it may have been an edit, so no document can be trusted."""
        uris = [document.uri for document in self._documents]
        self._documents.forget_all()
        for uri in uris:
            self._engine.changed(uri)

    def refuse(self, message_id: int | str, code: int, why: str) -> None:
        """Answer a request that is no completion with an error, instead of its `reply`."""
        self._refuse(message_id, code, why)

    def notify(self, method: str, params: Any) -> None:
        """Send a notification."""
        self._write({"jsonrpc": "2.0", "method": method, "params": params})

    # --- dispatch ----------------------------------------------------------------------------

    def _dispatch(self, method: str, message: dict[str, Any]) -> None:
        message_id = message["id"]
        if not isinstance(message_id, (int, str)) or isinstance(message_id, bool):
            self._refuse(None, INVALID_REQUEST, "an id is a number or a string")
        elif method == "initialize":
            self._initialize(message_id, message)
        elif not self._initialized:
            self._refuse(message_id, SERVER_NOT_INITIALIZED, "initialize comes first")
        elif self._shutdown:
            self._refuse(message_id, INVALID_REQUEST, "the session is shut down")
        elif method == "shutdown":
            self._shutdown = True
            self._lifecycle.closing()
            self._respond(message_id, None)
        else:
            self._request(message_id, method, message)

    def _notification(self, method: str, message: dict[str, Any]) -> None:
        if method == "exit":
            self._lifecycle.exit(0 if self._shutdown else 1)
        elif not self._initialized or self._shutdown:
            log.debug("a notification outside the session's life was dropped")
        elif (handler := self._notifications.get(method)) is not None:
            try:
                handler(message.get("params"))
            except Exception as error:
                log.error("%s failed: %s", method, type(error).__name__)  # noqa: TRY400 -- never the text
                self.lost()
        elif method == "$/cancelRequest":
            self._cancel(message)
        elif method == "initialized":
            self._lifecycle.ready()
        else:
            self._pass_on(message, None)

    def _request(self, message_id: int | str, method: str, message: dict[str, Any]) -> None:
        handler = self._requests.get(method)
        if handler is None:
            self._pass_on(message, message_id)
            return
        answered = False

        def reply(result: Any) -> None:
            nonlocal answered
            if not answered:
                answered = True
                self._respond(message_id, result)

        try:
            handler(message_id, message.get("params"), reply)
        except Exception as error:
            log.error("%s failed: %s", method, type(error).__name__)  # noqa: TRY400 -- never the text
            self._engine.cancel(message_id)
            reply(None)

    def _initialize(self, message_id: int | str, message: dict[str, Any]) -> None:
        if self._initialized:
            self._refuse(message_id, INVALID_REQUEST, "initialized already")
            return
        try:
            self._lifecycle.opening(message.get("params"))
        except Exception:
            self._refuse(message_id, INTERNAL_ERROR, "internal error")
            raise
        self._initialized = True
        self._protocol.handle_message(self._protocol.read(reduced(message)))
        self._lifecycle.opened()

    def _cancel(self, message: dict[str, Any]) -> None:
        cancelled = find(message, "params", "id")
        if isinstance(cancelled, (int, str)) and self._engine.cancel(cancelled):
            self._refuse(cancelled, REQUEST_CANCELLED, "cancelled")
        else:
            self._pass_on(message, None)

    def _pass_on(self, message: dict[str, Any], message_id: int | str | None) -> None:
        """Leave a message to pygls, unchanged."""
        try:
            structured = self._protocol.read(message)
        except Exception as error:
            log.info("a message could not be read: %s", type(error).__name__)
            if message_id is not None:
                self._refuse(message_id, INVALID_PARAMS, "the parameters could not be read")
            return
        try:
            self._protocol.handle_message(structured)
        except Exception as error:
            log.error("a message failed: %s", type(error).__name__)  # noqa: TRY400 -- never the text
            if message_id is not None:
                self._refuse(message_id, INTERNAL_ERROR, "internal error")

    # --- the hot notifications ---------------------------------------------------------------

    def _did_open(self, params: Any) -> None:
        self._documents.did_open(params)
        self._changed(params)

    def _did_change(self, params: Any) -> None:
        document = self._documents.did_change(params)
        if document is not None:
            self._engine.changed(document.uri)
        else:
            self._changed(params)

    def _did_close(self, params: Any) -> None:
        self._documents.did_close(params)
        self._changed(params)

    def _changed(self, params: Any) -> None:
        uri = text(find(params, "textDocument", "uri"))
        if uri is not None:
            self._engine.changed(uri)

    # --- output ------------------------------------------------------------------------------

    def _respond(self, message_id: int | str, result: Any) -> None:
        self._write({"jsonrpc": "2.0", "id": message_id, "result": result})

    def _refuse(self, message_id: int | str | None, code: int, why: str) -> None:
        self._write({"jsonrpc": "2.0", "id": message_id, "error": {"code": code, "message": why}})

    def _write(self, message: dict[str, Any]) -> None:
        self._send(_ENCODER.encode(message).encode())


def decoded(text: str) -> Any:
    """What `json.loads` makes of `text`, without its search for blanks where there are none.

    Raises:
        ValueError, RecursionError: as `json.loads`.
    """
    if text.startswith("{"):
        value, end = _DECODER.raw_decode(text)
        if end == len(text):
            return value
    return json.loads(text)


def reduced(message: dict[str, Any]) -> dict[str, Any]:
    """`initialize` with the position encodings as the only thing said.

    Nothing else counts for what pygls offers in the session's name. Reading all that an editor says
    of itself would take 20 ms the first time, and fail where it is newer than lsprotocol.
    """
    params = mapping(message.get("params"))
    offered = sequence(find(params, "capabilities", "general", "positionEncodings"))
    encodings = [one for one in offered if isinstance(one, str)]
    return {
        **message,
        "params": {
            "processId": None,
            "rootUri": None,
            "capabilities": {"general": {"positionEncodings": encodings} if encodings else {}},
        },
    }
