"""Stands before a language server and takes the command off each suggestion.

Run as `python stdio_without_commands.py COMMAND…`. The editor behind it then has nothing to run when
a suggestion is accepted, like one that never tells what became of it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from typing import Any, cast

from sidelight_client.testing.lsp_frames import FrameReader, Message, frame

READ_BYTES = 65_536


def without_commands(message: Message) -> Message:
    """The same message; the items of a suggestion without what to run on acceptance."""
    result = message.get("result")
    if isinstance(result, dict):
        for item in cast("dict[str, Any]", result).get("items", []):
            item.pop("command", None)
    return message


def pump(source: int, target: int) -> None:
    """Pass bytes on until `source` ends or nobody reads `target` any more."""
    while data := os.read(source, READ_BYTES):
        if not _written(target, data):
            return


def main(command: list[str]) -> int:
    """Run `command` between this process's stdin and stdout."""
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    assert server.stdin is not None
    assert server.stdout is not None
    inward, outward = server.stdin, server.stdout

    def listen() -> None:
        pump(0, inward.fileno())
        inward.close()

    # Whoever holds our stdin may keep it open when the server is gone: the thread may stay.
    threading.Thread(target=listen, daemon=True).start()
    frames = FrameReader()
    while data := os.read(outward.fileno(), READ_BYTES):
        for message in frames.feed(data):
            if not _written(1, frame(without_commands(message))):
                return server.wait()
    return server.wait()


def _written(target: int, data: bytes) -> bool:
    while data:
        try:
            data = data[os.write(target, data) :]
        except BrokenPipeError:
            return False
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
