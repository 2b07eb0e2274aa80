"""`sidelight tray`: the tray icon, with the broker's door and the catalogue in its hands."""

from __future__ import annotations

import argparse
import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import __version__
from ..adapters.folders import folders
from ..domain.pauses import until_tomorrow
from ..errors import ExitCode, RefusedError, SidelightError
from ..link.door import SOCKET_NAME, make_private_folder, socket_path
from ..link.frames import FrameBuffer, WireError, decode, encode
from ..link.light_socket import as_socket
from ..link.reach import reach
from ..link.spawn import reap_in_background

if TYPE_CHECKING:
    from sidelight_tray.door import Frames

    from ..adapters.login_start import LoginStart
    from ..domain.words.catalogue import Message

NAME = "sidelight-tray"
"""How the tray introduces itself to the broker."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--window", action="store_true", help="open the window at once, with or without a tray"
    )
    parser.add_argument(
        "--icon",
        choices=["auto", "dark", "light", "mask"],
        default="auto",
        help="for which panel the icon is drawn; auto follows the desktop's own colours",
    )
    parser.add_argument(
        "--background",
        action="store_true",
        help="open no window by itself, even where there is no tray: for a start at login",
    )
    parser.add_argument(
        "--state", action="store_true", help="print what the tray that runs shows, as JSON, and end"
    )
    parser.add_argument(
        "--autostart",
        choices=["on", "off", "status"],
        help="start the tray when you log in, or stop doing so, or say which; and end",
    )
    parser.add_argument(
        "--menu",
        choices=["on", "off", "status"],
        help="put Sidelight into the menu of applications, or take it out, or say which; and end",
    )
    parser.add_argument("--quit", action="store_true", help="end the tray that runs")


def run(arguments: argparse.Namespace) -> ExitCode:
    if arguments.autostart:
        return _autostart(arguments.autostart)
    if arguments.menu:
        return _menu(arguments.menu)
    names = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    if sys.platform == "linux" and not any(os.environ.get(name) for name in names):
        # Asked here because Qt itself would abort the process.
        raise RefusedError("tray.no_display")
    try:
        from sidelight_tray.release import unfit_release

        unfit = unfit_release()
        if unfit is not None:
            raise RefusedError("tray.qt_unfit", version=unfit, python=sys.version.split()[0])
        from sidelight_tray.app import run as run_tray
    except ImportError as error:
        # Qt's own message names the system's library that is missing, for example libEGL.so.1.
        raise RefusedError("tray.not_installed", problem=str(error)) from error
    from sidelight_tray.door import Surroundings

    places = folders()
    make_private_folder(str(places.runtime))
    around = Surroundings(
        door=BrokerDoor(),
        say=_say,
        version=__version__,
        instance=_instance_name(str(places.runtime)),
        lock_file=places.runtime / "tray.lock",
        log_file=places.log_file,
        config_file=places.config_file,
        until_tomorrow=until_tomorrow,
        icon=arguments.icon,
        login_start=AtLogin(),
        shows_notices=sys.platform != "linux",
    )
    wish = "state" if arguments.state else "quit" if arguments.quit else ""
    code = run_tray(around, wish=wish, window=arguments.window, quiet=arguments.background)
    if code:
        raise RefusedError(code)
    return ExitCode.OK


def _say(code: str, facts: Mapping[str, str | float | None]) -> Message:
    # Imported here because the icon needs no sentence, and the catalogue takes as long as drawing it.
    from ..domain.words.catalogue import say

    return say(code, facts)


def _autostart(wish: str) -> ExitCode:
    switch = AtLogin()
    if wish != "status":
        try:
            switch.turn(on=wish == "on")
        except OSError as error:
            problem = error.strerror or type(error).__name__
            raise RefusedError("tray.login_start_refused", problem=problem) from error
    print("on" if switch.is_on() else "off")
    return ExitCode.OK


def _menu(wish: str) -> ExitCode:
    if sys.platform != "linux":
        raise RefusedError("menu.not_here")
    from ..adapters.application_menu import application_menu
    from ..adapters.login_start import THIS_PROGRAM

    menu = application_menu(os.environ, Path.home(), [*THIS_PROGRAM, "tray"])
    try:
        if wish == "on":
            from sidelight_tray.icon.emblem import png

            menu.put_up(png)
        elif wish == "off":
            menu.take_down()
    except ImportError as error:
        raise RefusedError("tray.not_installed", problem=str(error)) from error
    except OSError as error:
        problem = error.strerror or type(error).__name__
        raise RefusedError("menu.refused", problem=problem) from error
    print("on" if menu.is_on() else "off")
    return ExitCode.OK


class AtLogin:
    """This system's start at login; its code is loaded when somebody looks at it."""

    def is_on(self) -> bool:
        return self._switch().is_on()

    def turn(self, *, on: bool) -> None:
        self._switch().turn(on=on)

    def _switch(self) -> LoginStart:
        from ..adapters.login_start import login_start

        return login_start(os.environ, Path.home())


def _instance_name(runtime: str) -> str:
    """The name of the tray's own socket, beside the broker's; a named pipe's on Windows."""
    if sys.platform == "win32":
        from hashlib import sha256

        return f"sidelight-tray-{sha256(runtime.encode()).hexdigest()[:16]}"
    folder, name = os.path.split(socket_path(runtime))
    make_private_folder(folder)
    own = "tray.sock" if name == SOCKET_NAME else f"{name.removesuffix('.sock')}-tray.sock"
    return os.path.join(folder, own)  # noqa: PTH118 - the door speaks of paths as texts


class BrokerDoor:
    """The way to this person's broker, by the rules every other client follows."""

    def reach(self, *, start: bool) -> socket.socket:
        """A connection to a broker that said hello. Raises DoorClosedError."""
        from sidelight_tray.door import DoorClosedError

        try:
            reached = reach(str(folders().runtime), __version__, NAME, os.environ, start=start)
        except SidelightError as error:
            raise DoorClosedError(error.message) from error
        if reached.process is not None:
            reap_in_background(reached.process)
        return as_socket(reached.line.link)

    def frames(self) -> Frames:
        return _Frames()

    def encode(self, message: Mapping[str, Any]) -> bytes:
        return encode(message)


class _Frames:
    """The socket's frames, with the tray's own error for what is none."""

    def __init__(self) -> None:
        self._buffer = FrameBuffer()

    def feed(self, chunk: bytes) -> list[Mapping[str, Any]]:
        from sidelight_tray.door import BrokenLineError

        try:
            return [decode(line) for line in self._buffer.feed(chunk)]
        except WireError as error:
            raise BrokenLineError from error
