"""Who wants to be told of a change: waiting tasks, and callbacks that must not break the teller."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

log = logging.getLogger("sidelight.session")


class Listeners:
    """Callbacks until they leave, and one event for everybody who waits right now."""

    def __init__(self) -> None:
        self._callbacks: list[Callable[[], None]] = []
        self._news = asyncio.Event()

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback` at each change, until the returned function is called."""
        self._callbacks.append(callback)

        def leave() -> None:
            if callback in self._callbacks:
                self._callbacks.remove(callback)

        return leave

    @property
    def news(self) -> asyncio.Event:
        """Set at the next change; take it before looking at what may change."""
        return self._news

    def tell(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()
        for callback in tuple(self._callbacks):
            try:
                callback()
            except Exception:
                # A listener's failure must not end the task that keeps the session.
                log.exception("a listener of the session failed")
