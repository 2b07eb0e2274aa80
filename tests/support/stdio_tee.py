"""Stands between an editor and a language server and keeps what passes.

Run as `python stdio_tee.py TRAFFIC COMMAND…`. The bytes pass unchanged; messages are cut only for
the record. It ends when the server ends, with the server's exit code.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TextIO

from sidelight_client.testing.lsp_frames import FrameReader
from sidelight_client.testing.lsp_traffic import Direction

READ_BYTES = 65_536


def main(traffic_file: Path, command: list[str]) -> int:
    """Run `command` between this process's stdin and stdout."""
    lock = threading.Lock()
    with (
        traffic_file.open("a", encoding="utf-8") as traffic,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        ) as server,
    ):
        assert server.stdin is not None
        assert server.stdout is not None
        inward = threading.Thread(
            target=_pump,
            args=(0, server.stdin.fileno(), Direction.TO_SERVER, traffic, lock, True),
            daemon=True,  # Whoever holds our stdin may keep it open when the server is gone.
        )
        inward.start()
        _pump(server.stdout.fileno(), 1, Direction.TO_CLIENT, traffic, lock)
        code = server.wait()
        with lock:
            traffic.flush()
        os._exit(code)


def _pump(
    source: int,
    target: int,
    direction: Direction,
    traffic: TextIO,
    lock: threading.Lock,
    close: bool = False,
) -> None:
    frames = FrameReader()
    while data := os.read(source, READ_BYTES):
        with lock:
            for message in frames.feed(data):
                entry = {"direction": direction, "message": message, "at_s": time.monotonic()}
                traffic.write(json.dumps(entry) + "\n")
            traffic.flush()
        rest = data
        while rest:
            rest = rest[os.write(target, rest) :]
    if close:
        os.close(target)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
