"""A private system bus with Debian's mocked logind and NetworkManager, for one test."""

from __future__ import annotations

import contextlib
import select
import subprocess
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jeepney import DBusAddress, MessageType, new_method_call
from jeepney.io.blocking import open_dbus_connection

LOGIN = DBusAddress(
    "/org/freedesktop/login1", "org.freedesktop.login1", "org.freedesktop.DBus.Mock"
)
NETWORK = DBusAddress(
    "/org/freedesktop/NetworkManager",
    "org.freedesktop.NetworkManager",
    "org.freedesktop.DBus.Mock",
)
SYSTEM_PYTHON = "/usr/bin/python3"
"""dbusmock is Debian's and lives beside the system's own Python."""


@dataclass
class SystemBus:
    """The bus; `call` speaks to the mocks."""

    address: str
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def call(self, to: DBusAddress, member: str, signature: str = "", *body: Any) -> Any:
        with open_dbus_connection(self.address, enable_fds=True) as bus:
            call = new_method_call(to, member, signature or None, body)
            reply = bus.send_and_get_reply(call, timeout=5)
            assert reply.header.message_type is MessageType.method_return, reply.body
            return reply.body

    def prepare_for_sleep(self, going: bool) -> None:
        interface = "org.freedesktop.login1.Manager"
        self.call(LOGIN, "EmitSignal", "sssav", interface, "PrepareForSleep", "b", [("b", going)])

    def network(self, state: int) -> None:
        self.call(NETWORK, "SetGlobalConnectionState", "u", state)

    def inhibitors(self) -> list[Any]:
        manager = DBusAddress(LOGIN.object_path, LOGIN.bus_name, "org.freedesktop.login1.Manager")
        return list(self.call(manager, "ListInhibitors")[0])


def missing() -> str:
    """Why the mocks cannot run here, or ""."""
    probe = [SYSTEM_PYTHON, "-c", "import dbusmock"]
    environ = {"PATH": "/usr/bin:/bin"}
    try:
        found = subprocess.run(probe, env=environ, capture_output=True, check=False)
        subprocess.run(["dbus-daemon", "--version"], capture_output=True, check=False)
    except FileNotFoundError as error:
        return f"{error.filename} is not installed"
    return "" if found.returncode == 0 else "python3-dbusmock is not installed"


@contextlib.contextmanager
def system_bus(folder: Path) -> Generator[SystemBus]:
    """Start the bus and the mocks; all of it ends with the block."""
    address = f"unix:path={folder / 'system_bus'}"
    environ = {"PATH": "/usr/bin:/bin", "DBUS_SYSTEM_BUS_ADDRESS": address}
    bus = SystemBus(address)
    try:
        daemon = ["dbus-daemon", "--session", "--nofork", "--print-address=1"]
        started = subprocess.Popen(
            [*daemon, f"--address={address}"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        bus.processes.append(started)
        assert started.stdout is not None
        assert select.select([started.stdout], [], [], 10)[0], "the bus did not start"
        started.stdout.readline()
        for template in ("logind", "networkmanager"):
            bus.processes.append(
                subprocess.Popen(
                    [SYSTEM_PYTHON, "-m", "dbusmock", "--system", "-t", template],
                    env=environ,
                    cwd=folder,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            )
        _wait_for_mocks(bus)
        yield bus
    finally:
        for process in reversed(bus.processes):
            process.terminate()
        for process in bus.processes:
            process.wait(10)
            if process.stdout is not None:
                process.stdout.close()
        with contextlib.suppress(FileNotFoundError):
            (folder / "system_bus").unlink()


def _wait_for_mocks(bus: SystemBus) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            bus.inhibitors()
            bus.network(70)
            return
        except AssertionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
