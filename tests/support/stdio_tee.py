"""Stands between an editor and a language server and keeps what passes.

Run as `python stdio_tee.py FOLDER COMMAND…`. The bytes pass unchanged; messages are cut only for
the record, a new file in FOLDER. It ends when the server ends, with the server's exit code.
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


class Tee:
    """Writes down what passes; both directions share one file."""

    def __init__(self, traffic: TextIO) -> None:
        self._traffic = traffic
        self._lock = threading.Lock()

    def pump(self, source: int, target: int, direction: Direction) -> None:
        """Pass bytes on until `source` ends or nobody reads `target` any more."""
        frames = FrameReader()
        while data := os.read(source, READ_BYTES):
            with self._lock:
                for message in frames.feed(data):
                    entry = {"direction": direction, "message": message, "at_s": time.monotonic()}
                    self._traffic.write(json.dumps(entry) + "\n")
                self._traffic.flush()
            while data:
                try:
                    data = data[os.write(target, data) :]
                except BrokenPipeError:
                    return


def main(folder: Path, command: list[str]) -> int:
    """Run `command` between this process's stdin and stdout."""
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    assert server.stdin is not None
    assert server.stdout is not None
    inward, outward = server.stdin, server.stdout
    with (folder / f"{time.monotonic_ns()}.jsonl").open("w", encoding="utf-8") as traffic:
        tee = Tee(traffic)

        def listen() -> None:
            tee.pump(0, inward.fileno(), Direction.TO_SERVER)
            inward.close()

        # Whoever holds our stdin may keep it open when the server is gone: the thread may stay.
        threading.Thread(target=listen, daemon=True).start()
        tee.pump(outward.fileno(), 1, Direction.TO_CLIENT)
        return server.wait()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
