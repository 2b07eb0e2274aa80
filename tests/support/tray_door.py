"""A door without a broker behind it: the test holds the other end of the tray's connection."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sidelight_client.cli.tray import BrokerDoor
from sidelight_client.domain.pauses import until_tomorrow
from sidelight_client.domain.words.catalogue import say
from sidelight_tray.door import DoorClosedError, Surroundings


class HeldDoor(BrokerDoor):
    """The real frames and codec over a pair of sockets; `ends` are the broker's sides of them."""

    def __init__(self) -> None:
        self.ends: list[socket.socket] = []
        self.closed = False
        self.attempts = 0
        self.may_go = threading.Event()
        self.may_go.set()

    def reach(self, *, start: bool) -> socket.socket:
        self.attempts += 1
        assert self.may_go.wait(10)
        if self.closed:
            raise DoorClosedError(say("broker.unreachable", {"problem": "nobody listens"}))
        ours, theirs = socket.socketpair()
        theirs.settimeout(10)
        self.ends.append(theirs)
        return ours

    def send(self, *messages: Mapping[str, Any]) -> None:
        lines = b"".join(json.dumps(message).encode() + b"\n" for message in messages)
        self.ends[-1].sendall(lines)

    def send_snapshot(self, data: Mapping[str, Any]) -> None:
        self.send({"event": "snapshot", "data": data})

    def asked(self) -> list[dict[str, Any]]:
        """What the tray has asked for since the last call."""
        self.ends[-1].settimeout(0.2)
        received = b""
        try:
            while not received or not received.endswith(b"\n"):
                chunk = self.ends[-1].recv(65_536)
                if not chunk:
                    break
                received += chunk
        except TimeoutError:
            pass
        self.ends[-1].settimeout(10)
        return [json.loads(line) for line in received.splitlines()]

    def close(self) -> None:
        for end in self.ends:
            end.close()


def surroundings(door: BrokerDoor, home: Path, *, shows_notices: bool = False) -> Surroundings:
    """What `sidelight tray` would hand over, in a home of the test's own."""
    (home / "run").mkdir(exist_ok=True)
    return Surroundings(
        door=door,
        say=say,
        version="0.1.0",
        instance=str(home / "run" / "tray.sock"),
        lock_file=home / "run" / "tray.lock",
        log_file=home / "state" / "sidelight.log",
        config_file=home / "config" / "config.toml",
        until_tomorrow=until_tomorrow,
        shows_notices=shows_notices,
    )
