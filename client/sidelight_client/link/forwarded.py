"""The far end of a broker's socket that SSH forwards to this machine: which one is trusted, and what is said.

`ssh -R` makes sshd listen here for a broker elsewhere. Whoever can connect to that socket uses the
person's session, so it must be as private as the broker's own. Architecture invariant: where
SIDELIGHT_SOCKET is set, no broker is started here and nobody signs in here.
"""

# ruff: noqa: PTH110, PTH117, PTH118, PTH120, PTH123
# os.path instead of pathlib: the shim comes past here, and pathlib would cost it 3 ms.

from __future__ import annotations

import os
import socket
import stat
import sys

from .door import folder_problem, is_same_person

TYPE_CHECKING = False  # The checkers know the name; importing `typing` would cost the shim 5 ms.
if TYPE_CHECKING:
    from ..errors import BrokerUnreachableError

_OTHERS = 0o077
_RULES_FILE = ".sidelight.toml"
_RULES_LIMIT = 256 * 1024
_MAX_DEPTH = 64


def connect(path: str, timeout_s: float = 5.0) -> socket.socket:
    """A blocking connection to whoever forwards the socket, who must be the same user as we are.

    The process at this end is sshd, which has become the user who signed in (sshd_config(5),
    UsePrivilegeSeparation's successor); that the broker is ours, the SSH connection vouches for.

    Raises:
        BrokerUnreachableError: `remote.missing`, `remote.stale` or `remote.unsafe`.
    """
    problem = _problem(path)
    if problem:
        raise _refused("remote.unsafe", path, problem)
    if sys.platform == "win32":
        raise _refused("remote.unsafe", path, "there are no Unix sockets here")
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(timeout_s)
        connection.connect(path)
        if not is_same_person(connection):
            raise _refused("remote.unsafe", path, "another user listens on it")
    except FileNotFoundError:
        connection.close()
        raise _refused("remote.missing", path) from None
    except OSError:
        connection.close()
        raise _refused("remote.stale", path) from None
    except BaseException:
        connection.close()
        raise
    return connection


def refuse_own_rules(folder: str) -> None:
    """Refuse to serve a work tree that has place rules of its own, for the broker cannot read them.

    Only the folder the editor starts its server in and those above it are looked at.

    Raises:
        BrokerUnreachableError: `remote.own_rules`.
    """
    for _ in range(_MAX_DEPTH):
        if _has_rules(os.path.join(folder, _RULES_FILE)):
            from ..errors import BrokerUnreachableError

            raise BrokerUnreachableError("remote.own_rules", folder=folder)
        above = os.path.dirname(folder)
        if above == folder or os.path.exists(os.path.join(folder, ".git")):
            return
        folder = above


def _has_rules(path: str) -> bool:
    """Whether a workspace file holds place rules; one that cannot be read may have been meant to."""
    try:
        with open(path, "rb") as file:
            raw = file.read(_RULES_LIMIT + 1)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    # Imported here because hardly any folder has such a file.
    import tomllib

    try:
        return len(raw) > _RULES_LIMIT or bool(tomllib.loads(raw.decode()).get("place", []))
    except (ValueError, RecursionError):
        return True


def _problem(path: str) -> str:
    """What is wrong with the socket or its folder, as the end of a sentence; empty when nothing is.

    Raises BrokerUnreachableError `remote.missing`.
    """
    if not os.path.isabs(path):
        return "its path is not absolute"
    folder = os.path.dirname(path)
    try:
        wrong = folder_problem(os.lstat(folder))
        if wrong:
            return f"its folder {wrong}"
        facts = os.lstat(path)
    except OSError:
        raise _refused("remote.missing", path) from None
    if not stat.S_ISSOCK(facts.st_mode):
        return "it is not a socket"
    if os.name == "posix" and facts.st_uid != os.geteuid():
        return "it belongs to another user"
    if os.name == "posix" and facts.st_mode & _OTHERS:
        return "other users may open it"
    return ""


def nobody(path: str) -> BrokerUnreachableError:
    """The error for a connection whose other end leads to no broker."""
    return _refused("remote.nobody", path)


def _refused(code: str, path: str, problem: str = "") -> BrokerUnreachableError:
    from ..errors import BrokerUnreachableError

    return BrokerUnreachableError(code, path=path, problem=problem)
