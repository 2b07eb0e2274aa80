"""The floor: the least a Python program does to speak LSP; it answers every request with nothing.

Started as a script with `-I -S -E`; it imports nothing that is not needed, and nothing of ours.
"""

from __future__ import annotations

import json
import os

CHUNK = 1 << 16
NOTHING: dict[str, list[str]] = {"items": []}


def main() -> None:
    """Answer until stdin ends."""
    buffer = bytearray()
    while data := os.read(0, CHUNK):
        buffer += data
        while (end := buffer.find(b"\r\n\r\n")) >= 0:
            length = int(buffer[buffer.find(b":") + 1 : end].split(b"\r")[0])
            if len(buffer) < end + 4 + length:
                break
            message = json.loads(bytes(buffer[end + 4 : end + 4 + length]))
            del buffer[: end + 4 + length]
            if message.get("method") == "exit":
                return
            if "id" in message:
                answer = {"jsonrpc": "2.0", "id": message["id"], "result": NOTHING}
                body = json.dumps(answer).encode()
                os.write(1, b"Content-Length: %d\r\n\r\n%b" % (len(body), body))


if __name__ == "__main__":
    main()
