"""Every message of the editor comes through here: ours are served plain, any other request by pygls.

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
from .messages import (
    INTERNAL_ERROR,
    INVALID_REQUEST,
    PARSE_ERROR,
    REQUEST_CANCELLED,
    SERVER_NOT_INITIALIZED,
    encoded,
    notification,
    refusal,
    response,
)
from .plain import find, mapping, text
from .server import SidelightServer

log = logging.getLogger("sidelight.lsp")

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
        server: SidelightServer,
        send: Callable[[bytes], None],
    ) -> None:
        self._lifecycle = lifecycle
        self._documents = documents
        self._engine = engine
        self._server = server
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
            self._server.answered(found)
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
        self._write(notification(method, params))

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
            self._server.told(method, message.get("params"))

    def _request(self, message_id: int | str, method: str, message: dict[str, Any]) -> None:
        handler = self._requests.get(method)
        if handler is None:
            self._server.answer(message_id, method, message)
            return
        answered = False

        def reply(result: Any) -> None:
            nonlocal answered
            if not answered:
                answered = True
                self._send(encoded(response(message_id, result)))

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
        self._respond(message_id, self._server.initialize(message.get("params")))
        self._lifecycle.opened()

    def _cancel(self, message: dict[str, Any]) -> None:
        cancelled = find(message, "params", "id")
        if isinstance(cancelled, (int, str)) and self._engine.cancel(cancelled):
            self._refuse(cancelled, REQUEST_CANCELLED, "cancelled")
        else:
            self._server.cancel(cancelled)

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
        self._write(response(message_id, result))

    def _refuse(self, message_id: int | str | None, code: int, why: str) -> None:
        self._write(refusal(message_id, code, why))

    def _write(self, message: dict[str, Any]) -> None:
        self._send(encoded(message))


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
