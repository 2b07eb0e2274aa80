"""What a session offers its editor and asks of it: features, commands and requests, as plain objects.

No class is made for a message: those of lsprotocol take 20 MiB and half a second of everybody's first
window. That what is sent here is what they describe, tests/lsp/test_front_and_pygls.py makes sure.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any, cast

from .encoding import PositionEncoding
from .messages import (
    INCREMENTAL,
    INTERNAL_ERROR,
    INVALID_PARAMS,
    REQUEST_CANCELLED,
    encoded,
    notification,
    refusal,
    request,
    response,
)
from .plain import find, sequence, text
from .unserved import Unserved

log = logging.getLogger("sidelight.lsp")

PROTOCOL_VERSION = 1
"""Of the `$/sidelight/*` messages and commands; `experimental.sidelight.protocol` tells it."""

MOST_UNANSWERED = 1_000
"""Requests an editor may leave unanswered before the oldest are forgotten."""

Feature = Callable[[Any], Any]
"""Takes `params` and returns the result, or a coroutine that does."""
Command = Callable[..., Any]
"""Takes the arguments of a command and returns its result, or a coroutine that does."""


class InvalidParamsError(Exception):
    """The parameters of a request are not what LSP says they are."""


class RequestRefusedError(Exception):
    """The editor answered a request of ours with an error."""


class SidelightServer:
    """The server of one session. Features are registered before `initialize` is answered."""

    def __init__(self, version: str) -> None:
        self._version = version
        self._send: Callable[[bytes], None] = _unheard
        self._features: dict[str, Feature] = {"workspace/executeCommand": self._execute}
        self._commands: dict[str, Command] = {}
        self._offered: dict[str, Any] = {}
        self._working: dict[int | str, asyncio.Task[Any]] = {}
        self._unanswered: dict[str, asyncio.Future[Any]] = {}
        self._unserved = Unserved(_unheard)
        self._numbers = count(1)
        self.encoding = PositionEncoding.UTF16
        """What columns are counted in; agreed on by `initialize`."""

    def write_to(self, send: Callable[[bytes], None]) -> None:
        """Send every message through `send`, which adds its header."""
        self._send = send
        self._unserved = Unserved(send)

    # --- what is offered ---------------------------------------------------------------------

    def offer(self, **capabilities: Any) -> None:
        """Say in the answer to `initialize` that these are there (LSP 3.17, ServerCapabilities)."""
        self._offered |= capabilities

    def feature(self, method: str, **capabilities: Any) -> Callable[[Feature], Feature]:
        """Serve `method` with a function, and offer it under its names."""

        def register(serve: Feature) -> Feature:
            self._features[method] = serve
            self.offer(**capabilities)
            return serve

        return register

    def command(self, name: str) -> Callable[[Command], Command]:
        """Run a function for a command of `workspace/executeCommand`."""

        def register(run: Command) -> Command:
            self._commands[name] = run
            return run

        return register

    def initialize(self, params: Any) -> dict[str, Any]:
        """The result of `initialize`."""
        wanted = sequence(find(params, "capabilities", "general", "positionEncodings"))
        known = [PositionEncoding(one) for one in wanted if one in list(PositionEncoding)]
        self.encoding = known[0] if known else PositionEncoding.UTF16
        return {
            "capabilities": {
                "positionEncoding": self.encoding.value,
                "textDocumentSync": {
                    "openClose": True,
                    "change": INCREMENTAL,
                    "save": {"includeText": False},
                },
                "executeCommandProvider": {"commands": list(self._commands)},
                **self._offered,
                "experimental": {"sidelight": {"protocol": PROTOCOL_VERSION}},
            },
            "serverInfo": {"name": "sidelight", "version": self._version},
        }

    # --- what the editor says ----------------------------------------------------------------

    def answer(self, message_id: int | str, method: str, message: dict[str, Any]) -> None:
        """Answer a request, at once or when its work is done."""
        serve = self._features.get(method)
        if serve is None:
            self._unserved.answer(message_id, message)
            return
        try:
            result = serve(message.get("params"))
        except InvalidParamsError:
            self._refuse(message_id, INVALID_PARAMS, "the parameters could not be read")
        except Exception as error:
            self._failed(message_id, error)
        else:
            if asyncio.iscoroutine(result):
                task = asyncio.get_running_loop().create_task(result)
                self._working[message_id] = task
                task.add_done_callback(partial(self._worked, message_id))
            else:
                self._write(response(message_id, result))

    def told(self, method: str, params: Any) -> None:
        """Take a notification. Those that nobody serves change nothing."""
        serve = self._features.get(method)
        if serve is None:
            return
        try:
            serve(params)
        except InvalidParamsError:
            log.info("a notification could not be read")
        except Exception as error:
            log.error("a handler failed: %s", type(error).__name__)  # noqa: TRY400 -- never the text

    def answered(self, message: dict[str, Any]) -> None:
        """Take the answer to a request of ours."""
        message_id = message.get("id")
        asked = self._unanswered.pop(message_id, None) if isinstance(message_id, str) else None
        if asked is None or asked.done():
            return
        if "error" in message:
            asked.set_exception(RequestRefusedError())
        else:
            asked.set_result(message.get("result"))

    def cancel(self, message_id: Any) -> None:
        """Stop working at a request; it is answered with the cancel code."""
        task = self._working.get(message_id) if isinstance(message_id, (int, str)) else None
        if task is not None:
            task.cancel()

    def cancel_all(self) -> None:
        """Stop working at every request."""
        for task in list(self._working.values()):
            task.cancel()
        self._unserved.cancel_all()

    # --- what the editor is told -------------------------------------------------------------

    def notify(self, method: str, params: Any) -> None:
        """Send a notification."""
        self._write(notification(method, params))

    def request(self, method: str, params: Any) -> asyncio.Future[Any]:
        """Ask the editor. The future may never be done, so nothing may depend on it.

        Its result is the answer as it came; RequestRefusedError is raised for an error.
        """
        message_id = f"sidelight-{next(self._numbers)}"
        asked: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        # Most are asked without waiting for the answer, and asyncio logs errors nobody looked at.
        asked.add_done_callback(_seen)
        self._unanswered[message_id] = asked
        while len(self._unanswered) > MOST_UNANSWERED:
            del self._unanswered[next(iter(self._unanswered))]
        self._write(request(message_id, method, params))
        return asked

    # --- the details -------------------------------------------------------------------------

    def _execute(self, params: Any) -> Any:
        run = self._commands.get(text(find(params, "command")) or "")
        given = find(params, "arguments")
        if run is None or not isinstance(given, (list, type(None))):
            raise InvalidParamsError
        return run(*sequence(cast("Any", given)))

    def _worked(self, message_id: int | str, task: asyncio.Task[Any]) -> None:
        if self._working.get(message_id) is task:
            del self._working[message_id]
        if task.cancelled():
            self._refuse(message_id, REQUEST_CANCELLED, "cancelled")
        elif (error := task.exception()) is not None:
            self._failed(message_id, error)
        else:
            self._write(response(message_id, task.result()))

    def _failed(self, message_id: int | str, error: BaseException) -> None:
        """Tell the type, and neither text nor traceback: they may hold code."""
        log.error("a request failed: %s", type(error).__name__)
        self._refuse(message_id, INTERNAL_ERROR, "internal error")

    def _refuse(self, message_id: int | str, code: int, why: str) -> None:
        self._write(refusal(message_id, code, why))

    def _write(self, message: dict[str, Any]) -> None:
        self._send(encoded(message))


def document_uri(params: Any) -> str:
    """The document a request is about. Raises InvalidParamsError when none is named."""
    uri = text(find(params, "textDocument", "uri"))
    if uri is None:
        raise InvalidParamsError
    return uri


def _seen(asked: asyncio.Future[Any]) -> None:
    if not asked.cancelled():
        asked.exception()


def _unheard(data: bytes) -> None:
    """Nobody is there yet."""
    del data
