"""The messages that clients made for GitHub's Copilot language server send besides LSP's own.

copilot.lua, copilot.vim, copilot.el and nvim-lspconfig's `copilot` then run with another path. The
messages are described in the README of github/copilot-language-server-release and, where it is
silent, by what those clients send. Chat, the panel and next edits are not served.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from sidelight_client.api import Broker

from ..window.client import Client
from ..window.status import Status
from ..wire.plain import find, mapping, read_trace_id, sequence, whole
from ..wire.server import SidelightServer
from .completions import CopilotCompletions
from .sign_in import CopilotSignIn, SignInRefusedError
from .status import CopilotStatus

FINISH_DEVICE_FLOW = "github.copilot.finishDeviceFlow"
NOT_SIGNED_IN = 1000
"""The error code the Copilot language server gives when there is no sign-in."""

REQUEST_CANCELLED = -32800

MOST_REJECTED = 16
"""Of one message; a client shows three at most."""

UTF_16_ONLY = ["utf-16"]

Reply = Callable[[Any], None]
Request = Callable[[int | str, Any, Reply], None]


def speaks_copilot(params: Any) -> bool:
    """Whether `InitializeParams` come from a client of the Copilot language server."""
    options = find(params, "initializationOptions")
    return any(mapping(find(options, name)) for name in ("editorInfo", "editorPluginInfo"))


def count_in_utf_16(params: Any) -> None:
    """Make the session agree on UTF-16, whatever was offered.

    copilot.lua counts columns so without looking at what Neovim has negotiated.
    """
    general = mapping(find(params, "capabilities", "general"))
    if "positionEncodings" in general:
        general["positionEncodings"] = UTF_16_ONLY


class CopilotDialect:
    """The dialect of one session.

    Attributes:
        requests: what answers each request, by method.
        notifications: what takes each notification, by method.
    """

    def __init__(
        self,
        server: SidelightServer,
        broker: Broker,
        client: Client,
        completions: CopilotCompletions,
        *,
        accepted: Callable[[str], None],
        rejected: Callable[[str], None],
        notify: Callable[[str, Any], None],
        refuse: Callable[[int | str, int, str], None],
    ) -> None:
        """`accepted` and `rejected` learn the trace ids of suggestions that were taken, or closed.

        `refuse` answers an error.
        """
        self._server = server
        self._broker = broker
        self._client = client
        self._completions = completions
        self._accepted = accepted
        self._rejected = rejected
        self._refuse = refuse
        self._sign_in = CopilotSignIn(broker)
        self._status = Status(broker, CopilotStatus(notify).tell)
        self._tasks: set[asyncio.Task[None]] = set()
        self.requests: Mapping[str, Request] = {
            "checkStatus": self._answers(lambda _: self._sign_in.status()),
            "getVersion": self._answers(lambda _: {"version": broker.snapshot().version}),
            "getCompletions": completions.automatic,
            "getCompletionsCycling": completions.cycling,
            "notifyShown": self._answers(lambda _: "OK"),
            "notifyRejected": self._answers(self._notify_rejected),
            "notifyAccepted": self._answers(self._notify_accepted),
            "signIn": self._signs_in(self._begin),
            "signInInitiate": self._signs_in(self._begin),
            "signInConfirm": self._signs_in(self._sign_in.finish),
            "signOut": self._signs_in(self._sign_out),
        }
        self.notifications: Mapping[str, Callable[[Any], None]] = {
            "textDocument/didFocus": lambda _: broker.completions_expected(),
            # Nobody needs these: what was shown is known, and settings come by LSP's own message.
            "textDocument/didShowCompletion": _nothing,
            "notifyChangeConfiguration": _nothing,
        }

        @server.command(FINISH_DEVICE_FLOW)
        async def finish_device_flow(*arguments: Any) -> dict[str, Any]:
            del arguments
            return await self._finish_device_flow()

    def start(self) -> None:
        """Begin to tell the status."""
        self._status.start()

    def close(self) -> None:
        """End everything that waits."""
        self._status.stop()
        self._sign_in.close()
        for task in self._tasks:
            task.cancel()

    # --- signing in --------------------------------------------------------------------------

    async def _begin(self) -> dict[str, Any]:
        prompt = await self._sign_in.start()
        if prompt is None:
            return {**self._sign_in.status(), "status": "AlreadySignedIn"}
        return {
            "status": "PromptUserDeviceFlow",
            "userCode": prompt.user_code,
            # nvim-lspconfig reads the code by this name when it shows where to enter it.
            "code": prompt.user_code,
            "verificationUri": prompt.url,
            "command": {"command": FINISH_DEVICE_FLOW, "title": "Sign in", "arguments": []},
        }

    async def _finish_device_flow(self) -> dict[str, Any]:
        """The command of `signIn`'s answer: the person clicked, so the page is opened."""
        url = self._sign_in.url
        if url is not None and self._client.show_document:
            self._server.request("window/showDocument", {"uri": url, "external": True})
        try:
            return await self._sign_in.finish()
        except SignInRefusedError as refused:
            # nvim-lspconfig raises an error of its own when the command is answered with one.
            return {"status": "NotSignedIn", "error": {"message": refused.message.text}}

    async def _sign_out(self) -> dict[str, Any]:
        await self._broker.sign_out()
        return {"status": "NotSignedIn"}

    # --- what was taken ----------------------------------------------------------------------

    def _notify_accepted(self, params: Any) -> str:
        trace_id = read_trace_id((find(params, "uuid"),))
        length = whole(find(params, "acceptedLength"))
        if trace_id is not None and self._completions.took_all(trace_id, length):
            self._accepted(trace_id)
        return "OK"

    def _notify_rejected(self, params: Any) -> str:
        for uuid in sequence(find(params, "uuids"))[:MOST_REJECTED]:
            trace_id = read_trace_id((uuid,))
            if trace_id is not None:
                self._rejected(trace_id)
        return "OK"

    # --- answering ---------------------------------------------------------------------------

    def _answers(self, result: Callable[[Any], Any]) -> Request:
        return lambda _, params, reply: reply(result(params))

    def _signs_in(self, work: Callable[[], Coroutine[Any, Any, dict[str, Any]]]) -> Request:
        """A request that may take as long as a person does."""

        def request(message_id: int | str, _params: Any, reply: Reply) -> None:
            task = asyncio.create_task(self._reply_later(message_id, work, reply))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        return request

    async def _reply_later(
        self,
        message_id: int | str,
        work: Callable[[], Coroutine[Any, Any, dict[str, Any]]],
        reply: Reply,
    ) -> None:
        try:
            reply(await work())
        except SignInRefusedError as refused:
            self._refuse(message_id, NOT_SIGNED_IN, refused.message.text)
        except asyncio.CancelledError:
            self._refuse(message_id, REQUEST_CANCELLED, "the session ends")
            raise


def _nothing(_params: Any) -> None:
    """Take a notification and do nothing."""
