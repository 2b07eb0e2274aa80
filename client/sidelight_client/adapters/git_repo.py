"""Which repository a file lies in, read from git's own small files; git itself is never run."""

from __future__ import annotations

import os
import re
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from ..domain.place import Document

_MAX_BYTES = 256 * 1024
_MAX_DEPTH = 64
_FOLDERS_KEPT = 512
_SCP_LIKE = re.compile(r"(?:[^@/\s]+@)?(?P<host>[A-Za-z0-9.-]+):(?P<path>[^/\\].*)")
"""`user@host:owner/name`, the scp-like form of git-clone(1)."""


@dataclass(frozen=True, slots=True)
class Repository:
    """A work tree and its canonical remote (`host/owner/name`); None where it has no remote."""

    root: Path
    remote: str | None


class GitRepositories:
    """A `ports.RepoFacts`. A folder is looked at once; what was found is kept, bounded."""

    def __init__(self) -> None:
        self._found: OrderedDict[Path, Repository | None] = OrderedDict()

    def document(self, uri: str, language: str) -> tuple[Document, str]:
        """The document with its repository, and its path inside it.

        Of a document that lies in no repository the path is the whole path; of one that is no
        file, such as an unsaved buffer, it is the name.
        """
        path = path_of(uri)
        if path is None:
            return Document(uri, language), unquote(uri.rpartition(":")[2])
        repository = self.repository(path.parent)
        if repository is None:
            return Document(uri, language), path.as_posix()
        inside = path.relative_to(repository.root).as_posix()
        return Document(uri, language, repository.remote), inside

    def folder(self, uri: str) -> Path | None:
        """The root of the repository the document lies in; None where there is none."""
        path = path_of(uri)
        repository = self.repository(path.parent) if path is not None else None
        return repository.root if repository is not None else None

    def repository(self, folder: Path) -> Repository | None:
        """The innermost repository around `folder`."""
        if folder in self._found:
            self._found.move_to_end(folder)
            return self._found[folder]
        found = _look(folder)
        self._found[folder] = found
        if len(self._found) > _FOLDERS_KEPT:
            self._found.popitem(last=False)
        return found

    def forget(self) -> None:
        """Look again from now on: a remote may have been added."""
        self._found.clear()


def path_of(uri: str) -> Path | None:
    """The absolute path a `file` uri names (RFC 8089); None for any other."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return None
    if parts.scheme != "file" or parts.netloc not in ("", "localhost"):
        return None
    path = Path(url2pathname(parts.path))
    return path if path.is_absolute() else None


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


def _look(folder: Path) -> Repository | None:
    for root in [folder, *folder.parents][:_MAX_DEPTH]:
        marker = root / ".git"
        try:
            if marker.is_dir():
                return Repository(root, _remote(marker))
            if marker.is_file():
                return Repository(root, _remote(_linked(root, marker)))
        except OSError:
            # A folder that cannot be looked into is in no repository we could name.
            return None
    return None


def _linked(root: Path, marker: Path) -> Path:
    """The git folder a work tree's or submodule's `.git` file points to (gitrepository-layout(5))."""
    target = _text(marker).removeprefix("gitdir:").strip()
    git = Path(os.path.normpath(root / target))
    common = git / "commondir"
    if common.is_file():
        return Path(os.path.normpath(git / _text(common).strip()))
    return git


def _remote(git: Path) -> str | None:
    """The remote called origin, else the first."""
    config = git / "config"
    if not config.is_file():
        return None
    section = ""
    remotes: dict[str, str] = {}
    for line in map(str.strip, _text(config).splitlines()):
        if line.startswith("["):
            section = line
        elif section.startswith('[remote "') and line.partition("=")[0].strip() == "url":
            remotes.setdefault(section[9:].rstrip('"]'), line.partition("=")[2])
    chosen = remotes.get("origin") or next(iter(remotes.values()), "")
    return canonical_remote(chosen)


def _text(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(_MAX_BYTES).decode("utf-8", errors="replace")
