"""One sign-in at a time: whoever asks while one runs sees the same page and gets the same end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from ..ports import SignInFailed, SignInPrompt

log = logging.getLogger("sidelight.identity")

Show = Callable[[SignInPrompt], None]
SignIn = Callable[[Show, bool], Awaitable[SignInFailed | None]]
"""A whole sign-in: how to show its page, and whether by device code."""


@dataclass
class _Flight:
    """The sign-in that runs, and who waits for it."""

    device: bool
    shows: list[Show] = field(default_factory=list[Show])
    prompt: SignInPrompt | None = None
    task: asyncio.Task[SignInFailed | None] | None = None

    def show(self, prompt: SignInPrompt) -> None:
        self.prompt = prompt
        for show in tuple(self.shows):
            _show(show, prompt)


class SharedSignIn:
    """Shares a sign-in between its callers; it ends early when the last of them has gone."""

    def __init__(self, sign_in: SignIn) -> None:
        self._sign_in = sign_in
        self._flight: _Flight | None = None

    async def run(self, show: Show, *, device: bool) -> SignInFailed | None:
        """Join the sign-in that runs, or start one.

        Somebody who asks for the other way is stuck with the first one, so theirs replaces it;
        those who waited for the first are told so.
        """
        flight = self._flight
        if flight is not None and flight.device != device:
            self._end(flight)
            flight = None
        if flight is None:
            flight = self._flight = _Flight(device)
            flight.task = asyncio.ensure_future(self._fly(flight))
        elif flight.prompt is not None:
            _show(show, flight.prompt)
        flight.shows.append(show)
        assert flight.task is not None
        try:
            return await asyncio.shield(flight.task)
        except asyncio.CancelledError:
            me = asyncio.current_task()
            if flight.task.cancelled() and me is not None and not me.cancelling():
                return SignInFailed("replaced")
            raise
        finally:
            flight.shows.remove(show)
            if not flight.shows:
                self._end(flight)

    async def stop(self) -> None:
        """End the sign-in that runs; its callers are told that it was replaced."""
        flight = self._flight
        if flight is not None and flight.task is not None:
            self._end(flight)
            await asyncio.wait((flight.task,))

    async def _fly(self, flight: _Flight) -> SignInFailed | None:
        try:
            return await self._sign_in(flight.show, flight.device)
        finally:
            if self._flight is flight:
                self._flight = None

    def _end(self, flight: _Flight) -> None:
        if self._flight is flight:
            self._flight = None
        if flight.task is not None:
            flight.task.cancel()


def _show(show: Show, prompt: SignInPrompt) -> None:
    try:
        show(prompt)
    except Exception:
        # One editor that cannot show the page must not end the sign-in for the others.
        log.exception("sign-in: a page could not be shown")
