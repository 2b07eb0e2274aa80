"""Sockets without the module `socket`, whose `enum` and `selectors` cost each editor window 14 ms.

The shim imports this file, so it imports next to nothing.
"""

from __future__ import annotations

import _socket
import sys

TYPE_CHECKING = False  # The checkers know the name; importing `typing` would cost the shim 5 ms.
if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

LightSocket = _socket.socket
"""What `socket.socket` is built on, and all that a client needs of it."""

_INT_BYTES = 4


def unix_socket() -> LightSocket:
    """A socket for a connection to a path; not inherited by children, as Python has it."""
    if sys.platform == "win32":
        raise OSError("there are no Unix sockets here")
    return LightSocket(_socket.AF_UNIX, _socket.SOCK_STREAM)


def is_unix(link: LightSocket) -> bool:
    """Whether descriptors can be sent through it."""
    if sys.platform == "win32":
        return False
    return link.family == _socket.AF_UNIX


def send_with_descriptors(link: LightSocket, data: bytes, descriptors: Sequence[int]) -> int:
    """`socket.send_fds`: how many bytes of `data` were sent, all descriptors with the first (unix(7)).

    Raises OSError.
    """
    if sys.platform == "win32":
        raise OSError("there are no Unix sockets here")
    rights = b"".join(one.to_bytes(_INT_BYTES, sys.byteorder) for one in descriptors)
    return link.sendmsg([data], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, rights)])


def as_socket(link: LightSocket) -> socket.socket:
    """The same connection as the rest of the world wants it; `link` is not to be used any more."""
    import socket

    if isinstance(link, socket.socket):
        return link
    patience_s = link.gettimeout()
    made = socket.socket(fileno=link.detach())
    made.settimeout(patience_s)
    return made
