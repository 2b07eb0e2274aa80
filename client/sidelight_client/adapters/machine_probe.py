"""Looks at this machine for `sidelight doctor`: folders, trust store, versions, the session's lock."""

from __future__ import annotations

import os
import platform
import ssl
import stat
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

from .. import __version__
from ..domain.identity.diagnosis import FolderSeen, LockSeen, TrustSeen
from .folders import Folders
from .http_trust import system_trust
from .sealed_store import SealedStore

CA_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""The variables with which programs are told of certificates."""
READ_HERE = () if sys.platform in ("win32", "darwin") else CA_VARIABLES[:2]
"""Those that count for Sidelight: OpenSSL reads them in place of its own file and folder
(SSL_CTX_set_default_verify_paths(3)); Windows and macOS decide by themselves. The other two
belong to requests and curl."""
_LIBRARIES = ("httpx", "truststore", "keyring", "cryptography", "pygls")
_PRIVATE = 0o077


def versions() -> tuple[tuple[str, str], ...]:
    """What runs here, by name."""
    found = [
        ("sidelight", __version__),
        ("python", platform.python_version()),
        ("openssl", ssl.OPENSSL_VERSION),
        ("system", f"{platform.system()} {platform.release()} {platform.machine()}"),
    ]
    for name in _LIBRARIES:
        try:
            found.append((name, metadata.version(name)))
        except metadata.PackageNotFoundError:
            found.append((name, ""))
    return tuple(found)


def trust_seen(environ: Mapping[str, str]) -> TrustSeen:
    """Which trust store is asked, and what the four certificate variables do to that."""
    if type(system_trust()).__module__.startswith("truststore"):
        store = "the system's own, through truststore"
    else:
        known = ssl.get_default_verify_paths()
        store = f"the system's own, as OpenSSL knows it: {known.cafile or known.capath}"
    given = [name for name in CA_VARIABLES if environ.get(name)]
    return TrustSeen(
        store,
        tuple((name, environ[name]) for name in given),
        tuple(n for n in given if n in READ_HERE and not _readable(Path(environ[n]))),
        tuple(name for name in given if name not in READ_HERE),
    )


def _readable(path: Path) -> bool:
    return path.exists() and os.access(path, os.R_OK)


def folders_seen(places: Folders) -> tuple[FolderSeen, ...]:
    """The four folders, as they are; nothing is created or changed."""
    named = (
        ("config", places.config, False),
        ("state", places.state, False),
        ("cache", places.cache, False),
        ("runtime", places.runtime, True),
    )
    return tuple(folder_seen(name, path, private=private) for name, path, private in named)


def folder_seen(name: str, path: Path, *, private: bool) -> FolderSeen:
    """One folder; `private` when nobody else may so much as look into it."""
    try:
        facts = path.lstat() if private else path.stat()
    except FileNotFoundError:
        return FolderSeen(name, str(path))
    except OSError as error:
        return FolderSeen(name, str(path), "", f"cannot be looked at ({error.strerror})")
    mode = f"{stat.S_IMODE(facts.st_mode):04o}"
    return FolderSeen(name, str(path), mode, _folder_problem(path, facts, private=private))


def _folder_problem(path: Path, facts: os.stat_result, *, private: bool) -> str:
    if stat.S_ISLNK(facts.st_mode):
        return "is a symbolic link"
    if not stat.S_ISDIR(facts.st_mode):
        return "is no folder"
    if os.name == "posix":
        if facts.st_uid != os.geteuid():
            return "belongs to another user"
        if private and facts.st_mode & _PRIVATE:
            return "can be entered by other users"
        if facts.st_mode & 0o022:
            return "can be written to by other users"
    return "" if os.access(path, os.W_OK) else "cannot be written to"


def lock_seen(session_folder: Path) -> LockSeen:
    """Who took the lock of a session last: read from its file, so it needs no broker."""
    holder = SealedStore(session_folder).lock.holder()
    return LockSeen(holder, None if holder is None else _alive(holder))


def _alive(pid: int) -> bool | None:
    """Whether a process runs; None where asking would be a risk or the number is nobody's."""
    if os.name != "posix" or pid <= 0:
        return None  # On Windows os.kill with signal 0 is a Ctrl-C for that process.
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return None
    return True
