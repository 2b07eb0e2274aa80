"""A private session bus with a real gnome-keyring, and an eye on what is asked of it."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import subprocess
import threading
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jeepney import DBusAddress, MessageType, Properties, message_bus, new_method_call
from jeepney.io.blocking import open_dbus_connection
from jeepney.low_level import HeaderFields

PASSWORD = "correct horse"
SERVICE = DBusAddress(
    "/org/freedesktop/secrets", "org.freedesktop.secrets", "org.freedesktop.Secret.Service"
)
LOGIN = DBusAddress(
    "/org/freedesktop/secrets/collection/login",
    "org.freedesktop.secrets",
    "org.freedesktop.Secret.Collection",
)
UNLOCKER = DBusAddress(
    "/org/freedesktop/secrets",
    "org.freedesktop.secrets",
    "org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface",
)
MONITOR = DBusAddress(
    "/org/freedesktop/DBus", "org.freedesktop.DBus", "org.freedesktop.DBus.Monitoring"
)


@dataclass
class Keyring:
    """The keyring; `asked` are the names of the Secret Service methods that were called."""

    address: str
    environ: dict[str, str]
    daemon: subprocess.Popen[bytes]
    asked: list[str] = field(default_factory=list)

    def call(self, bus: Any, to: DBusAddress, member: str, signature: str, *body: Any) -> Any:
        message = new_method_call(to, member, signature, body)
        reply = bus.send_and_get_reply(message, timeout=10)
        assert reply.header.message_type is MessageType.method_return, reply.body
        return reply.body

    def is_locked(self) -> bool:
        with open_dbus_connection(self.address) as bus:
            reply = bus.send_and_get_reply(Properties(LOGIN).get("Locked"), timeout=10)
            assert reply.header.message_type is MessageType.method_return, reply.body
            return bool(reply.body[0][1])

    def lock(self) -> None:
        with open_dbus_connection(self.address) as bus:
            self.call(bus, SERVICE, "Lock", "ao", [LOGIN.object_path])

    def unlock(self) -> None:
        """As the desktop does when a person logs in: with the password, and without a prompt."""
        with open_dbus_connection(self.address) as bus:
            session = self.call(bus, SERVICE, "OpenSession", "sv", "plain", ("s", ""))[1]
            secret = (session, b"", PASSWORD.encode(), "text/plain")
            arguments = (LOGIN.object_path, secret)
            self.call(bus, UNLOCKER, "UnlockWithMasterPassword", "o(oayays)", *arguments)

    def count(self, *members: str) -> int:
        """How often these were called since `forget`; what was sent before now is counted."""
        self._settle()
        return sum(self.asked.count(member) for member in members)

    def forget(self) -> None:
        self._settle()
        self.asked.clear()

    def _settle(self) -> None:
        """Until the monitor has seen a call of our own it may not have seen the others'."""
        before = self.asked.count("ReadAlias")
        with open_dbus_connection(self.address) as bus:
            self.call(bus, SERVICE, "ReadAlias", "s", "default")
        deadline = time.monotonic() + 5
        while self.asked.count("ReadAlias") == before:
            assert time.monotonic() < deadline
            time.sleep(0.002)


def missing() -> str:
    """Why there can be no keyring here, or ""."""
    for program in ("dbus-daemon", "gnome-keyring-daemon"):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    return ""


@contextlib.contextmanager
def unlocked_keyring(folder: Path) -> Generator[Keyring]:
    """A bus, and on it a keyring that was unlocked with the password; all ends with the block."""
    home, runtime = folder / "home", folder / "run"
    for made in (home, runtime):
        made.mkdir(mode=0o700, parents=True)
    address = f"unix:path={runtime / 'bus'}"
    dropped = ("DISPLAY", "WAYLAND_DISPLAY", "PYTHON_KEYRING_BACKEND", "GNOME_KEYRING_CONTROL")
    environ = {name: value for name, value in os.environ.items() if name not in dropped} | {
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(runtime),
        "XDG_DATA_HOME": str(home / "data"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "DBUS_SESSION_BUS_ADDRESS": address,
    }
    with contextlib.ExitStack() as stack:
        bus = subprocess.Popen(
            ["dbus-daemon", "--session", "--nofork", "--print-address=1", f"--address={address}"],
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        stack.callback(_end, bus)
        assert bus.stdout is not None
        assert select.select([bus.stdout], [], [], 10)[0], "the bus did not start"
        bus.stdout.readline()
        daemon = subprocess.Popen(
            ["gnome-keyring-daemon", "--unlock", "--components=secrets", "--foreground"],
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        stack.callback(_end, daemon)
        assert daemon.stdin is not None
        daemon.stdin.write(PASSWORD.encode())
        daemon.stdin.close()
        keyring = Keyring(address, environ, daemon)
        _wait_until_unlocked(keyring)
        stack.enter_context(_watched(keyring))
        yield keyring


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(10)
    if process.stdout is not None:
        process.stdout.close()


def _wait_until_unlocked(keyring: Keyring) -> None:
    """The daemon ends with 0 even where the password was wrong: only the collection's word counts.

    Until the daemon has its name nothing may be asked of it: the bus would start a second one,
    which is locked.
    """
    deadline = time.monotonic() + 15
    while not _has_owner(keyring):
        assert keyring.daemon.poll() is None, "gnome-keyring-daemon ended"
        assert time.monotonic() < deadline, "gnome-keyring-daemon did not come"
        time.sleep(0.02)
    assert not keyring.is_locked(), "the keyring is locked"


def _has_owner(keyring: Keyring) -> bool:
    with open_dbus_connection(keyring.address) as bus:
        return bool(keyring.call(bus, message_bus, "NameHasOwner", "s", SERVICE.bus_name)[0])


@contextlib.contextmanager
def _watched(keyring: Keyring) -> Generator[None]:
    """Note every method call to the Secret Service while the block lasts."""
    with open_dbus_connection(keyring.address) as bus:
        rules = ["type='method_call',destination='org.freedesktop.secrets'"]
        keyring.call(bus, MONITOR, "BecomeMonitor", "asu", rules, 0)
        over = threading.Event()

        def watch() -> None:
            while not over.is_set():
                with contextlib.suppress(TimeoutError):
                    message = bus.receive(timeout=0.1)
                    if message.header.message_type is MessageType.method_call:
                        keyring.asked.append(message.header.fields[HeaderFields.member])

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join(10)
