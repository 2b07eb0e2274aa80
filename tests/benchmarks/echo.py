"""The floor: the least a Python program does to speak LSP; it answers every request with nothing.

`echo.py HOST PORT` is the floor of a fetched answer, too: for each completion it asks the gateway there
over one connection that stays open, 4 kB a question as Sidelight's are, and shows what comes back.
Started as a script with `-I -S -E`; it imports nothing that is not needed, and nothing of ours.
"""

from __future__ import annotations

import json
import os
import sys

TYPE_CHECKING = False  # As checkers read it; `typing` itself would be a part of the floor.
if TYPE_CHECKING:
    import socket

CHUNK = 1 << 16
NOTHING: dict[str, list[dict[str, str]]] = {"items": []}
ASKED = json.dumps({"model": "stub", "prompt": "x" * 3_000, "suffix": "y" * 1_000}).encode()
HEAD = b"POST /v1/completions HTTP/1.1\r\nhost: stub\r\ncontent-length: %d\r\n\r\n" % len(ASKED)


def main() -> None:
    """Answer until stdin ends."""
    gateway = connected() if len(sys.argv) > 1 else None
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
                result = NOTHING
                if gateway is not None and message["method"] == "textDocument/inlineCompletion":
                    result = {"items": [{"insertText": fetched(gateway)}]}
                answer = {"jsonrpc": "2.0", "id": message["id"], "result": result}
                body = json.dumps(answer).encode()
                os.write(1, b"Content-Length: %d\r\n\r\n%b" % (len(body), body))


def connected() -> socket.socket:
    """The connection to the gateway."""
    import socket  # Here: the floor that asks nobody does not pay for it.

    gateway = socket.create_connection((sys.argv[1], int(sys.argv[2])))
    gateway.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return gateway


def fetched(gateway: socket.socket) -> str:
    """What the gateway's model says."""
    gateway.sendall(HEAD + ASKED)
    said = b""
    while (end := said.find(b"\r\n\r\n")) < 0:
        said += gateway.recv(CHUNK)
    length = int(said[:end].lower().split(b"content-length:")[1].split(b"\r\n")[0])
    while len(said) < end + 4 + length:
        said += gateway.recv(CHUNK)
    text: str = json.loads(said[end + 4 :])["choices"][0]["text"]
    return text


if __name__ == "__main__":
    main()
