"""Shows notifications on a Linux desktop, and hears which of their buttons was pressed.

The one who sends must also be the one who listens: some services tell only the sender about a click
(dunst 1.9 does). https://specifications.freedesktop.org/notification-spec/1.2/
"""

from __future__ import annotations

import asyncio
import html
from collections.abc import Callable, Sequence
from typing import Any

from dbus_fast import BusType, DBusError, Message, MessageType, Variant
from dbus_fast.aio import MessageBus

NAME = "org.freedesktop.Notifications"
PATH = "/org/freedesktop/Notifications"
WAIT_S = 5.0

Pressed = Callable[[str, str], None]
"""Called with the key of the notification and the name of the button."""


class DesktopNotifications:
    """A connection to the session bus, made when there is something to show for the first time."""

    def __init__(self, address: str, pressed: Pressed) -> None:
        self._address, self._pressed = address, pressed
        self._bus: MessageBus | None = None
        self._numbers: dict[str, int] = {}

    async def show(
        self, key: str, title: str, text: str, buttons: Sequence[tuple[str, str]]
    ) -> bool:
        """Show it in the place of the one with the same key; False where nobody shows any.

        Args:
            key: names the notification from one call to the next.
            title: plain text.
            text: plain text; services that read markup get it escaped.
            buttons: name and label of each; the name `default` is a click on the whole.
        """
        names = [word for button in buttons for word in button]
        hints = {"urgency": Variant("y", 1), "desktop-entry": Variant("s", "sidelight")}
        body = [
            "Sidelight",
            self._numbers.get(key, 0),
            "dialog-information",
            title,
            html.escape(text, quote=False),
            names,
            hints,
            -1,
        ]
        answer = await self._call("Notify", "susssasa{sv}i", body)
        if answer is None:
            return False
        self._numbers[key] = int(answer[0])
        return True

    async def close(self) -> None:
        """Leave the bus; what is shown stays."""
        bus, self._bus = self._bus, None
        if bus is not None:
            bus.disconnect()

    async def _call(self, member: str, signature: str, body: list[Any]) -> list[Any] | None:
        try:
            async with asyncio.timeout(WAIT_S):
                bus = await self._connected()
                reply = await bus.call(
                    Message(NAME, PATH, NAME, member, signature=signature, body=body)
                )
        except (OSError, EOFError, TimeoutError, DBusError, ValueError):
            # No bus, or one that has gone: the next notification tries anew.
            await self.close()
            return None
        if reply.message_type is not MessageType.METHOD_RETURN:
            return None
        return list(reply.body)

    async def _connected(self) -> MessageBus:
        if self._bus is not None and self._bus.connected:
            return self._bus
        self._numbers = {}
        bus = await MessageBus(bus_address=self._address, bus_type=BusType.SESSION).connect()
        self._bus = bus
        bus.add_message_handler(self._hear)
        rule = f"type='signal',interface='{NAME}',path='{PATH}',member='ActionInvoked'"
        await bus.call(
            Message(
                "org.freedesktop.DBus",
                "/org/freedesktop/DBus",
                "org.freedesktop.DBus",
                "AddMatch",
                signature="s",
                body=[rule],
            )
        )
        return bus

    def _hear(self, message: Message) -> None:
        if (message.interface, message.member) != (NAME, "ActionInvoked"):
            return
        if message.signature != "us":
            return
        number, button = message.body
        key = next((known for known, held in self._numbers.items() if held == number), None)
        if key is not None:
            self._pressed(key, button)
