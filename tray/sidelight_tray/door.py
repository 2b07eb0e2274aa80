"""What the tray needs from whoever starts it: a way to the broker, the catalogue, and where files lie.

Architecture invariant: the tray never holds a token. The broker's connection carries snapshots
and wishes, and what reaches it is decided in one place for every client of the broker.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import socket

    from sidelight_client.api import Message

    from .face.cause import Say

Json = Mapping[str, Any]


class DoorClosedError(Exception):
    """The broker cannot be reached or started; `message` is what a person should read."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.code)
        self.message = message


class BrokenLineError(Exception):
    """What arrived is no message, or longer than a message may be: nothing more can be read."""


class Frames(Protocol):
    """Turns bytes into messages, holding at most one message's worth."""

    def feed(self, chunk: bytes) -> list[Json]:
        """The messages that `chunk` completes. Raises BrokenLineError."""
        ...


class Door(Protocol):
    """The way to this person's broker."""

    def reach(self, *, start: bool) -> socket.socket:
        """A connection on which both ends have said hello; starts a broker where none is.

        It blocks for seconds at worst, so it is called on a thread of its own.
        Raises DoorClosedError.
        """
        ...

    def frames(self) -> Frames: ...

    def encode(self, message: Json) -> bytes: ...


class LoginStart(Protocol):
    """Whether the tray starts when the person logs in."""

    def is_on(self) -> bool: ...

    def turn(self, *, on: bool) -> None:
        """Raises OSError where it cannot be written."""
        ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Everything outside of the tray.

    Attributes:
        instance: the name of the tray's own socket, which only this person can open.
        lock_file: held by the one tray that runs.
        log_file: the broker's log.
        config_file: the settings, which may not exist yet.
        icon: for which panel the icon is drawn, `dark`, `light` or `mask`; `auto` for the desktop's.
        until_tomorrow: when a pause until tomorrow ends, of the moment it begins.
        login_start: switches the start at login; None where there is no such switch.
        shows_notices: whether notifications are the tray's to show; on Linux the broker has a better
            way, and Qt's own would neither replace one nor have buttons.
    """

    door: Door
    say: Say
    version: str
    instance: str
    lock_file: Path
    log_file: Path
    config_file: Path
    until_tomorrow: Callable[[float], float]
    icon: str = "auto"
    login_start: LoginStart | None = None
    shows_notices: bool = False
