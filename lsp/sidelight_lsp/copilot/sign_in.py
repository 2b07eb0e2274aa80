"""Signing in as clients of the Copilot dialect do it: a code now, and an answer when it was entered.

The dialect has two pairs of messages for it, `signIn` with the command `finishDeviceFlow` and the
older `signInInitiate` with `signInConfirm`; both pairs end here. No token passes in either.
"""

from __future__ import annotations

import asyncio
from typing import Any, assert_never

from sidelight_client.api import (
    Broker,
    Message,
    Phase,
    SignInFailed,
    SignInPrompt,
    say,
    sign_in_failure,
)


class SignInRefusedError(Exception):
    """Nobody was signed in; `message` is the sentence for the person."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.code)
        self.message = message


class CopilotSignIn:
    """The sign-in of one session: at most one is under way, and every question joins it."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._task: asyncio.Task[SignInFailed | None] | None = None
        self._prompt: asyncio.Future[SignInPrompt] | None = None

    def status(self) -> dict[str, Any]:
        """The answer to `checkStatus`. A session that is being renewed is not called signed out."""
        session = self._broker.snapshot().session
        # Clients take a missing `user` for "not signed in", so a gateway without accounts gets a name.
        user = {"user": session.account or self._broker.snapshot().gateway.name or "signed in"}
        match session.phase:
            case Phase.FRESH | Phase.STALE:
                return {"status": "OK", **user}
            case Phase.EXPIRED:
                return {"status": "MaybeOK", **user}
            case Phase.SIGNED_OUT | Phase.NEEDS_PERSON:
                return {"status": "NotSignedIn"}
            case _:
                assert_never(session.phase)

    async def start(self) -> SignInPrompt | None:
        """Begin to sign in with a code; None when the person is signed in already, or at once.

        Raises:
            SignInRefusedError: it ended before there was a code.
        """
        if self._task is None or self._task.done():
            if "user" in self.status():
                return None
            self._prompt = asyncio.get_running_loop().create_future()
            prompt = self._prompt

            def show(told: SignInPrompt) -> None:
                if not prompt.done():
                    prompt.set_result(told)

            self._task = asyncio.create_task(self._broker.sign_in(show, device=True))
        assert self._prompt is not None
        await asyncio.wait((self._task, self._prompt), return_when=asyncio.FIRST_COMPLETED)
        if self._prompt.done():
            return self._prompt.result()
        _refuse_if_failed(await self._task)
        return None

    async def finish(self) -> dict[str, Any]:
        """Wait until the code was entered, and say who signed in.

        Raises:
            SignInRefusedError: it failed.
        """
        if self._task is not None:
            # Shielded: whoever else waits for the same sign-in must not lose it.
            _refuse_if_failed(await asyncio.shield(self._task))
        return self.status()

    @property
    def url(self) -> str | None:
        """Where the code is entered, while a sign-in waits for it."""
        prompt = self._prompt
        waiting = self._task is not None and not self._task.done()
        return prompt.result().url if waiting and prompt is not None and prompt.done() else None

    def close(self) -> None:
        """Stop to wait: the editor is gone."""
        if self._task is not None:
            self._task.cancel()


def _refuse_if_failed(failed: SignInFailed | None) -> None:
    if failed is not None:
        raise SignInRefusedError(say(*sign_in_failure(failed.code, failed.detail)))
