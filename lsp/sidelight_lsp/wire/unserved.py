"""Requests that no feature of ours serves are answered by pygls, loaded with the first of them.

Editors ask only for what was offered, so most sessions never get here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from .messages import INTERNAL_ERROR, REQUEST_CANCELLED, encoded, refusal

log = logging.getLogger("sidelight.lsp")


class Unserved:
    """Those of one session."""

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send
        self._tasks: set[asyncio.Task[None]] = set()

    def answer(self, message_id: int | str, message: dict[str, Any]) -> None:
        """Answer a request when pygls has been asked."""
        task = asyncio.get_running_loop().create_task(self._answer(message_id, message))
        self._tasks.add(task)
        task.add_done_callback(partial(self._answered, message_id))

    def cancel_all(self) -> None:
        """Answer what is under way with the cancel code: the session ends."""
        for task in self._tasks:
            task.cancel()

    async def _answer(self, message_id: int | str, message: dict[str, Any]) -> None:
        try:
            # In a thread, and nothing of it is kept: importing takes 200 ms the first time.
            answer = await asyncio.to_thread(_answer_of_pygls, message)
        except Exception as error:
            log.error("a request failed: %s", type(error).__name__)  # noqa: TRY400 -- never the text
            answer = encoded(refusal(message_id, INTERNAL_ERROR, "internal error"))
        self._send(answer)

    def _answered(self, message_id: int | str, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled():  # Before it began to run, maybe.
            self._send(encoded(refusal(message_id, REQUEST_CANCELLED, "cancelled")))


def _answer_of_pygls(message: dict[str, Any]) -> bytes:
    from .pygls_answer import answer_of_pygls

    return answer_of_pygls(message)
