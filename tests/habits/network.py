"""Keeps a test on this machine: connections and look-ups that would leave it are refused and told."""

from __future__ import annotations

import errno
import ipaddress
import socket
from typing import Any

import pytest

NEVER_RESOLVED = ("invalid", "test", "example", "example.com", "example.org", "example.net")
"""Names reserved for examples (RFC 2606, RFC 6761): a test may ask for them and gets no address."""


def refuse_the_outside(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Refuse what is not loopback or a Unix socket; the returned list fills with what was tried.

    The caller must look at the list: the code under test may well have caught the error.
    """
    tried: list[str] = []
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex
    look_up = socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        if not _stays_here(self, address):
            tried.append(f"connect {address[0]}")
            raise OSError(errno.ENETUNREACH, "tests stay on this machine")
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        if not _stays_here(self, address):
            tried.append(f"connect {address[0]}")
            return errno.ENETUNREACH
        return connect_ex(self, address)

    def guarded_look_up(host: Any, *rest: Any, **named: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name is None or name in {"", "localhost"} or _is_address(name):
            return look_up(host, *rest, **named)
        if not name.rstrip(".").endswith(tuple(NEVER_RESOLVED)):
            tried.append(f"look up {name}")
        raise socket.gaierror(socket.EAI_NONAME, "tests look up no names")

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
    monkeypatch.setattr(socket, "getaddrinfo", guarded_look_up)
    return tried


def _stays_here(sock: socket.socket, address: Any) -> bool:
    if sock.family not in {socket.AF_INET, socket.AF_INET6}:
        return True
    host = str(address[0]).partition("%")[0]
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
