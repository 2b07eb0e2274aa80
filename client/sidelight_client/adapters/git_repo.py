"""Which repository a folder is, read from git's own small files; git itself is never run."""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

_MAX_BYTES = 256 * 1024
_MAX_REMOTES = 16
_SCP_LIKE = re.compile(r"(?:[^@/\s]+@)?(?P<host>[A-Za-z0-9.-]+):(?P<path>[^/\\].*)")
"""`user@host:owner/name`, the scp-like form of git-clone(1)."""


@dataclass(frozen=True, slots=True)
class Repository:
    """A work tree and its canonical remotes (`host/owner/name`), origin first."""

    root: Path
    remotes: tuple[str, ...] = ()

    @property
    def remote(self) -> str | None:
        """The one it is known by; None where it has none."""
        return self.remotes[0] if self.remotes else None


def repository_at(root: Path) -> Repository | None:
    """The repository whose work tree begins at `root`; None where none does.

    One that cannot be read has no remote.
    """
    # Asked for each folder above a file before each request; nearly always there is none.
    with contextlib.suppress(OSError):
        if not _is_there(os.path.join(root, ".git")):  # noqa: PTH118 -- a tenth of a path's cost
            return None
    marker = root / ".git"
    try:
        if marker.is_dir():
            return Repository(root, _remotes(marker))
        if marker.is_file():
            return Repository(root, _remotes(_linked(root, marker)))
    except OSError:
        return Repository(root)
    return None


def _is_there(path: str) -> bool:
    """Whether there is anything. Raises OSError where that cannot be told."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def canonical_remote(url: str) -> str | None:
    """`host/owner/name` in lower case, without credentials, scheme, port and `.git`.

    None for a remote that is a folder of this machine. Credentials in the address are dropped
    here and go nowhere.
    """
    url = url.strip().strip('"')
    if "://" in url:
        try:
            parts = urlsplit(url)
            host, path = parts.hostname, parts.path
        except ValueError:
            return None
    elif (scp := _SCP_LIKE.fullmatch(url)) and not re.match(r"[A-Za-z]:[\\/]", url):
        host, path = scp["host"], scp["path"]
    else:
        return None
    name = path.strip("/").removesuffix(".git").strip("/")
    return f"{host}/{name}".lower() if host and name else None


def _linked(root: Path, marker: Path) -> Path:
    """The git folder a work tree's or submodule's `.git` file points to (gitrepository-layout(5)).

    It is followed once, so that files which point to each other lead nowhere.
    """
    target = _text(marker).removeprefix("gitdir:").strip()
    git = Path(os.path.normpath(root / target))
    common = git / "commondir"
    if common.is_file():
        return Path(os.path.normpath(git / _text(common).strip()))
    return git


def _remotes(git: Path) -> tuple[str, ...]:
    """The canonical remotes, origin first and then in the order of the file."""
    config = git / "config"
    if not config.is_file():
        return ()
    section = ""
    found: dict[str, str] = {}
    for line in map(str.strip, _text(config).splitlines()):
        if line.startswith("["):
            section = line
        elif section[:9].lower() == '[remote "':
            key, _, value = line.partition("=")
            remote = canonical_remote(value) if key.strip().lower() == "url" else None
            name = section[9:].partition('"')[0]
            if remote is not None and len(found) < _MAX_REMOTES:
                found.setdefault(name, remote)
    ordered = sorted(found, key=lambda name: name != "origin")
    return tuple(dict.fromkeys(found[name] for name in ordered))


def _text(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(_MAX_BYTES).decode("utf-8", errors="replace")
