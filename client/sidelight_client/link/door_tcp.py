"""The door where there are no Unix sockets: loopback TCP, opened by a key in a file of ours alone.

Both ends prove with HMAC-SHA256 (RFC 2104) over fresh challenges that they can read the key; it
never travels. The proofs name their side, so neither end's answer can be played back to it.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import os
import secrets
import socket
from pathlib import Path

from .door import PORT_NAME

CHALLENGE_BYTES = 32
_FILE_LIMIT = 4096
_BACKLOG = 128


def listen(folder: str) -> tuple[str, socket.socket, bytes]:
    """Listen on a free loopback port and publish it with a fresh key. Raises OSError."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.bind(("127.0.0.1", 0))
        listener.listen(_BACKLOG)
        listener.setblocking(False)
        key = secrets.token_bytes(32)
        path = Path(folder, PORT_NAME)
        port: int = listener.getsockname()[1]
        _publish(path, json.dumps({"port": port, "key": key.hex()}).encode())
    except BaseException:
        listener.close()
        raise
    return str(path), listener, key


def connect(folder: str, timeout_s: float) -> socket.socket:
    """Connect and prove ourselves; whoever listens must have proved itself, too. Raises OSError."""
    port, key = _published(Path(folder, PORT_NAME))
    connection = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        theirs = _receive(connection, CHALLENGE_BYTES)
        ours = secrets.token_bytes(CHALLENGE_BYTES)
        connection.sendall(ours + _proof(key, b"client", theirs, ours))
        answer = _receive(connection, CHALLENGE_BYTES)
        if not hmac.compare_digest(answer, _proof(key, b"broker", theirs, ours)):
            raise PermissionError("whoever listens there does not know the key")
    except BaseException:
        connection.close()
        raise
    return connection


async def admit(connection: socket.socket, key: bytes) -> bool:
    """Whether a client that just connected knows the key; it is told that we do, too.

    The caller bounds the time. Raises OSError when the client goes away.
    """
    loop = asyncio.get_running_loop()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    ours = secrets.token_bytes(CHALLENGE_BYTES)
    await loop.sock_sendall(connection, ours)
    said = bytearray()
    while len(said) < 2 * CHALLENGE_BYTES:
        chunk = await loop.sock_recv(connection, 2 * CHALLENGE_BYTES - len(said))
        if not chunk:
            return False
        said += chunk
    theirs, proof = bytes(said[:CHALLENGE_BYTES]), bytes(said[CHALLENGE_BYTES:])
    if not hmac.compare_digest(proof, _proof(key, b"client", ours, theirs)):
        return False
    await loop.sock_sendall(connection, _proof(key, b"broker", ours, theirs))
    return True


def _proof(key: bytes, side: bytes, brokers: bytes, clients: bytes) -> bytes:
    return hmac.digest(key, side + brokers + clients, "sha256")


def _receive(connection: socket.socket, count: int) -> bytes:
    received = bytearray()
    while len(received) < count:
        chunk = connection.recv(count - len(received))
        if not chunk:
            raise ConnectionResetError("the broker closed the connection")
        received += chunk
    return bytes(received)


def _publish(path: Path, content: bytes) -> None:
    """Write `content` for our eyes only, and show it whole or not at all.

    On Windows the mode is without effect; the file lies in the profile, whose ACL shuts others out.
    """
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    draft.unlink(missing_ok=True)
    try:
        descriptor = os.open(draft, flags, 0o600)
        try:
            written = 0
            while written < len(content):
                written += os.write(descriptor, content[written:])
        finally:
            os.close(descriptor)
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def _published(path: Path) -> tuple[int, bytes]:
    with path.open("rb") as file:
        content = file.read(_FILE_LIMIT)
    try:
        told = json.loads(content)
        port, key = int(told["port"]), bytes.fromhex(told["key"])
    except (ValueError, TypeError, KeyError) as error:
        raise ConnectionRefusedError("the port file is not readable") from error
    if not 0 < port < 1 << 16 or len(key) < CHALLENGE_BYTES:
        raise ConnectionRefusedError("the port file is not readable")
    return port, key
