"""The door of the local socket: its folder, its permissions, its life-long lock, and who may enter.

Architecture invariant: nothing else touches the permissions of the socket. The shim imports this
file, so it imports next to nothing.
"""

# ruff: noqa: PTH100, PTH101, PTH102, PTH103, PTH108, PTH116, PTH118, PTH120
# os.path instead of pathlib: it is there already, and pathlib would cost the shim 3 ms.

from __future__ import annotations

import _socket
import os
import stat
import sys
from struct import calcsize, unpack

from .light_hash import sha256_hex
from .light_socket import LightSocket, as_socket, unix_socket

TYPE_CHECKING = False  # The checkers know the name; importing `typing` would cost the shim 5 ms.
if TYPE_CHECKING:
    import socket
    from typing import Self

    from ..errors import BrokerUnreachableError

LOCK_NAME = "broker.lock"
SOCKET_NAME = "broker.sock"
FORWARDED_NAME = "broker-remote.sock"
"""For `ssh -R`: who comes in there may attach an editor and look at the status, and no more."""
PORT_NAME = "broker.tcp"
"""Port and key in one file, so that they can never disagree."""
UNIX = "unix"
TCP = "tcp"
DEFAULT_KIND = TCP if sys.platform == "win32" else UNIX
"""Python offers no Unix sockets on Windows, so the door there is loopback TCP with a shared key."""

_PATH_LIMIT = 107 if sys.platform == "linux" else 103
"""`sun_path` without its terminating zero: 108 bytes on Linux (unix(7)), 104 on macOS and BSD."""

_BACKLOG = 128
_OTHERS = 0o077
_OTHERS_WRITE = 0o022


class BrokerRunningError(Exception):
    """Another broker holds the lock: the one that starts now is not needed."""


class Door:
    """An open door: the listening socket and the lock that is held until `close`."""

    def __init__(
        self,
        kind: str,
        listener: socket.socket,
        paths: list[str],
        lock: int,
        forwarded: socket.socket | None = None,
    ) -> None:
        self.kind = kind
        self.listener = listener
        self.forwarded = forwarded
        """Listens for other machines; None at a TCP door, which has no permissions to rely on."""
        self.key = b""
        """The secret both ends of a TCP door share; a Unix door has the kernel's word instead."""
        self._paths = paths
        self._lock = lock

    def stop_accepting(self) -> None:
        """Close the socket and remove its files; the lock stays, so nobody else can start yet."""
        self.listener.close()
        if self.forwarded is not None:
            self.forwarded.close()
        for path in self._paths:
            _remove(path)
        self._paths = []

    def close(self) -> None:
        """Stop accepting and release the lock; calling it twice does no harm.

        The lock's file stays: removing it would let two brokers lock two files of the same name.
        """
        self.stop_accepting()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_door(runtime: str | os.PathLike[str], kind: str = DEFAULT_KIND) -> Door:
    """Take the lock, clear away what a dead broker left, and listen.

    Args:
        runtime: the runtime folder; created, 0700, when it does not exist.
        kind: `unix`, or `tcp` for loopback with a key.

    Raises:
        BrokerRunningError: another broker runs.
        BrokerUnreachableError: `broker.runtime_unsafe` or `storage.unwritable`.
    """
    folder = os.fspath(runtime)
    make_private_folder(folder)
    lock = _take_lock(folder)
    try:
        if kind == UNIX:
            return _open_unix(folder, lock)
        # Imported here because it needs hmac and json, which a Unix door does not.
        from . import door_tcp

        path, listener, key = door_tcp.listen(folder)
        door = Door(TCP, listener, [path], lock)
        door.key = key
        return door
    except OSError as error:
        os.close(lock)
        raise unwritable(folder, error) from error
    except BaseException:
        os.close(lock)
        raise


def connect(runtime: str | os.PathLike[str], timeout_s: float = 5.0) -> socket.socket:
    """`connect_lightly`, for who has the module `socket` anyway."""
    return as_socket(connect_lightly(runtime, timeout_s))


def connect_lightly(runtime: str | os.PathLike[str], timeout_s: float = 5.0) -> LightSocket:
    """A blocking connection to the broker, with both ends sure of each other.

    Raises:
        OSError: nobody listens, or whoever listens is not us.
        BrokerUnreachableError: `broker.runtime_unsafe`.
    """
    folder = os.fspath(runtime)
    _refuse_unsafe(folder, os.lstat(folder))
    path = socket_path(folder)
    if sys.platform != "win32" and os.path.lexists(path):
        connection = unix_socket()
        try:
            connection.settimeout(timeout_s)
            connection.connect(path)
            if not is_same_person(connection):
                raise PermissionError("the socket belongs to another user")
        except BaseException:
            connection.close()
            raise
        return connection
    # Asked first, because the other door's imports cost 40 ms and 8 MB while a broker starts.
    os.stat(os.path.join(folder, PORT_NAME))
    from . import door_tcp

    return door_tcp.connect(folder, timeout_s)


def socket_path(folder: str, name: str = SOCKET_NAME) -> str:
    """Where a socket lies; a path too long for the kernel becomes a short one, always the same."""
    path = os.path.join(folder, name)
    if len(os.fsencode(path)) <= _PATH_LIMIT:
        return path
    short = sha256_hex(os.fsencode(os.path.abspath(folder)))[:16]
    # A fixed place and not TMPDIR: the editor's and the broker's environment may differ. The
    # folder is checked like the runtime folder itself, so another user can only be in the way.
    return f"/tmp/sidelight-{_our_uid()}/{short}{name.removeprefix('broker')}"  # noqa: S108 – see the comment above


def make_private_folder(folder: str) -> None:
    """Create `folder` for us alone, or make sure that it is ours alone.

    A folder that others may merely read is closed to them; one they may write is refused, for
    they could have put something into it.

    Raises:
        BrokerUnreachableError: `broker.runtime_unsafe` or `storage.unwritable`.
    """
    try:
        try:
            os.mkdir(folder, 0o700)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(folder), mode=0o700, exist_ok=True)
            os.mkdir(folder, 0o700)
        except FileExistsError:
            pass
    except FileExistsError:
        pass  # Another process was quicker; what it made is judged below.
    except OSError as error:
        raise unwritable(folder, error) from error
    facts = os.lstat(folder)
    _refuse_unsafe(folder, facts)
    if os.name == "posix" and facts.st_mode & _OTHERS:
        os.chmod(folder, 0o700)


def _refuse_unsafe(folder: str, facts: os.stat_result) -> None:
    problem = folder_problem(facts)
    if problem:
        from ..errors import BrokerUnreachableError

        raise BrokerUnreachableError("broker.runtime_unsafe", folder=folder, problem=problem)


def folder_problem(facts: os.stat_result) -> str:
    """What makes a folder unfit for the socket, as the end of "the folder … "; empty when fit."""
    if stat.S_ISLNK(facts.st_mode):
        return "is a symbolic link"
    if not stat.S_ISDIR(facts.st_mode):
        return "is not a folder"
    if os.name == "posix":
        if facts.st_uid != _our_uid():
            return "belongs to another user"
        if facts.st_mode & _OTHERS_WRITE:
            return "can be written by other users"
    return ""


def unwritable(folder: str, error: OSError) -> BrokerUnreachableError:
    """The error for a folder that takes nothing: full disk, read-only home, no right."""
    from ..errors import BrokerUnreachableError

    return BrokerUnreachableError(
        "storage.unwritable", folder=folder, problem=error.strerror or type(error).__name__
    )


def is_same_person(connection: LightSocket) -> bool:
    """Whether the process at the other end of a Unix socket runs as the same user as we do."""
    return peer_uid(connection) == _our_uid()


def peer_uid(connection: LightSocket) -> int:
    """The user id the kernel vouches for: SO_PEERCRED (unix(7)), LOCAL_PEERCRED (macOS unix(4))."""
    if sys.platform == "linux":
        layout = "iII"  # struct ucred: pid, uid, gid
        told = connection.getsockopt(_socket.SOL_SOCKET, _socket.SO_PEERCRED, calcsize(layout))
    else:
        # struct xucred: version, uid, number of groups, sixteen groups. SOL_LOCAL is 0 and
        # LOCAL_PEERCRED 1; Python names neither on every system.
        layout = "IIh16I"
        told = connection.getsockopt(0, 1, calcsize(layout))
    return int(unpack(layout, told)[1])


def _our_uid() -> int:
    return os.geteuid() if sys.platform != "win32" else 0


def _open_unix(folder: str, lock: int) -> Door:
    if sys.platform == "win32":
        raise OSError("there are no Unix sockets here")
    listener = _listen(socket_path(folder), folder)
    try:
        forwarded = _listen(socket_path(folder, FORWARDED_NAME), folder)
    except BaseException:
        listener.close()
        raise
    paths = [socket_path(folder), socket_path(folder, FORWARDED_NAME)]
    return Door(UNIX, listener, paths, lock, forwarded)


def _listen(path: str, folder: str) -> socket.socket:
    if os.path.dirname(path) != folder:
        make_private_folder(os.path.dirname(path))
    # Whatever lies there is stale: the lock is ours, so no living broker listens on it.
    _remove(path)
    listener = as_socket(unix_socket())
    try:
        # Born 0600: a chmod after bind would leave a moment in which others could connect.
        before = os.umask(0o177)
        try:
            listener.bind(path)
        finally:
            os.umask(before)
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    return listener


def _take_lock(folder: str) -> int:
    """The descriptor whose lock lasts as long as the process, whatever way it ends."""
    path = os.path.join(folder, LOCK_NAME)
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        lock = os.open(path, flags, 0o600)
    except OSError as error:
        raise unwritable(folder, error) from error
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(lock, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise BrokerRunningError from error
    return lock


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
