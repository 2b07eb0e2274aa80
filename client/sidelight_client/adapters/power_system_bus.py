"""Sleep, wake and network hints of a Linux desktop: logind and NetworkManager over the system bus.

The only importer of jeepney. While nothing happens it costs no wake-up: the bus's socket is read
by the loop, and there is no thread and no timer.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncIterator
from importlib import import_module
from typing import Any

from ..ports import Clock, GoingToSleep, NetworkChanged, PowerEvent, Slept

log = logging.getLogger("sidelight.power")

_CONNECTED_SITE = 60
"""NM_STATE_CONNECTED_SITE: from here up the network may reach further than this link."""
_CALL_S = 2.0
_EVENTS_KEPT = 64


class SystemBusSignals:
    """A `ports.PowerSignals`; `events` ends at once where there is no system bus.

    logind delays a sleep while somebody holds a `delay` inhibitor (org.freedesktop.login1
    `Inhibit`), for five seconds by default. One is held from the start, let go when the consumer
    asks for the event after `GoingToSleep`, and taken again after each wake.
    """

    def __init__(self, clock: Clock, address: str = "SYSTEM") -> None:
        """`address` is a bus address (D-Bus specification, "Server Addresses") or `SYSTEM`."""
        self._clock = clock
        self._address = address
        self._events: asyncio.Queue[PowerEvent | None] = asyncio.Queue(_EVENTS_KEPT)
        self._slept_at: float | None = None

    async def events(self) -> AsyncIterator[PowerEvent]:
        bus = await asyncio.to_thread(self._listen)
        if bus is None:
            return
        loop = asyncio.get_running_loop()
        loop.add_reader(bus.sock, self._read, bus)
        inhibitor = await asyncio.to_thread(self._inhibit)
        try:
            while (event := await self._events.get()) is not None:
                yield event
                if isinstance(event, GoingToSleep):
                    _let_go(inhibitor)
                    inhibitor = None
                elif isinstance(event, Slept) and inhibitor is None:
                    inhibitor = await asyncio.to_thread(self._inhibit)
        finally:
            loop.remove_reader(bus.sock)
            bus.close()
            _let_go(inhibitor)

    def _listen(self) -> Any | None:
        """A connection that receives the two signals; None where there is no bus."""
        jeepney, blocking = _jeepney()
        rules = (
            jeepney.MatchRule(
                type="signal",
                interface="org.freedesktop.login1.Manager",
                member="PrepareForSleep",
                path="/org/freedesktop/login1",
            ),
            jeepney.MatchRule(
                type="signal",
                interface="org.freedesktop.NetworkManager",
                member="StateChanged",
                path="/org/freedesktop/NetworkManager",
            ),
        )
        try:
            bus = blocking.open_dbus_connection(self._address)
            for rule in rules:
                blocking.Proxy(jeepney.message_bus, bus, timeout=_CALL_S).AddMatch(rule)
        except Exception as error:
            # Whatever is wrong with a bus, sleep is still noticed by comparing clocks.
            log.info("no sleep announcements from the system bus: %s", type(error).__name__)
            return None
        return bus

    def _read(self, bus: Any) -> None:
        try:
            while True:
                self._heard(bus.receive(timeout=0))
        except TimeoutError:
            return
        except Exception as error:
            # The bus is gone or talks nonsense; `events` ends and nobody is worse off than without.
            log.info("the system bus is gone: %s", type(error).__name__)
            asyncio.get_running_loop().remove_reader(bus.sock)
            self._put(None)

    def _heard(self, message: Any) -> None:
        member = message.header.fields.get(_jeepney()[0].HeaderFields.member)
        body = message.body
        if member == "PrepareForSleep" and len(body) == 1:
            self._prepare_for_sleep(going=bool(body[0]))
        elif member == "StateChanged" and isinstance(body[0], int) and body[0] >= _CONNECTED_SITE:
            self._put(NetworkChanged())

    def _prepare_for_sleep(self, *, going: bool) -> None:
        now = self._clock.now()
        if going:
            self._slept_at = now
            self._put(GoingToSleep())
        else:
            slept_at, self._slept_at = self._slept_at, None
            self._put(Slept(max(now - slept_at, 0.0) if slept_at is not None else 0.0))

    def _put(self, event: PowerEvent | None) -> None:
        """Queue an event. When nobody takes them the oldest is of no use any more."""
        if self._events.full():
            self._events.get_nowait()
        self._events.put_nowait(event)

    def _inhibit(self) -> int | None:
        """Ask logind to wait for us before it sleeps; the descriptor, or None when it will not."""
        jeepney, blocking = _jeepney()
        login = jeepney.DBusAddress(
            "/org/freedesktop/login1",
            bus_name="org.freedesktop.login1",
            interface="org.freedesktop.login1.Manager",
        )
        what = ("sleep", "Sidelight", "Finishing the renewal of your sign-in", "delay")
        try:
            with blocking.open_dbus_connection(self._address, enable_fds=True) as bus:
                call = jeepney.new_method_call(login, "Inhibit", "ssss", what)
                reply = bus.send_and_get_reply(call, timeout=_CALL_S)
                if reply.header.message_type is not jeepney.MessageType.method_return:
                    return None
                return int(reply.body[0].to_raw_fd())
        except Exception as error:
            # No logind, or it refuses: then a sleep is not delayed, and renewal recovers by itself.
            log.info("sleep cannot be delayed: %s", type(error).__name__)
            return None


def _jeepney() -> tuple[Any, Any]:
    """The library and its blocking connections; it ships no types, and is imported off the start."""
    return import_module("jeepney"), import_module("jeepney.io.blocking")


def _let_go(inhibitor: int | None) -> None:
    if inhibitor is not None:
        with contextlib.suppress(OSError):
            os.close(inhibitor)
