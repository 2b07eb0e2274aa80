"""Opens a connection to the gateway before the first completion that would have to wait for it.

Driven by what people do, never by a timer: an idle broker opens nothing and keeps nothing open.
"""

from __future__ import annotations

from collections.abc import Callable

from ..ports import Clock, Gateway

IDLE_S = 30.0
"""After so long a pause a connection may have been closed at the other end: balancers wait for 60 s
(AWS) or 75 s (nginx), some servers for less. Asking more often would only load the gateway."""


class ConnectAhead:
    """The one place in which connections are opened that no request asked for."""

    def __init__(self, clock: Clock, gateway: Gateway, known: Callable[[], bool]) -> None:
        """`known` tells whether it is known by now where the gateway is."""
        self._clock = clock
        self._gateway = gateway
        self._known = known
        self._used_s: float | None = None

    def used(self) -> None:
        """A completion came, which opens a connection itself where it needs one."""
        self._used_s = self._clock.monotonic()

    def expected(self) -> None:
        """Completions may soon be asked for: a file was opened, or a window has the focus."""
        if self._used_s is None or self._clock.monotonic() - self._used_s >= IDLE_S:
            self.at_once()

    def at_once(self) -> None:
        """The machine woke or the network is another: what was open is of no use."""
        if self._known():
            self.used()
            self._gateway.connect_ahead()
