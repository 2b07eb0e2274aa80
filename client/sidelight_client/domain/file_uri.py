"""Which file of this machine, or of another, a document's uri names."""

from __future__ import annotations

import sys
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, urlsplit


@lru_cache(maxsize=1024)
def path_of(uri: str) -> Path | None:
    """The absolute path a `file` uri names (RFC 8089); None for any other."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return None
    if parts.scheme != "file" or parts.netloc not in ("", "localhost"):
        return None
    path = Path(_local(parts.path))
    return path if path.is_absolute() and "\0" not in str(path) else None


def _local(path: str) -> str:
    if sys.platform == "win32":
        # It brings the library's own HTTP and mail with it, so it is loaded where it is needed.
        from urllib.request import url2pathname

        return url2pathname(path)
    return unquote(path)


def path_elsewhere(uri: str) -> str | None:
    """The path of a file on another machine, by an address that names a host; None for any other.

    `vscode-remote://ssh-remote+host/home/ada/a.py` is one, and so is `file://host/home/ada/a.py`.
    """
    try:
        parts = urlsplit(uri)
    except ValueError:
        return None
    if not parts.netloc or (parts.scheme == "file" and parts.netloc == "localhost"):
        return None
    return unquote(parts.path)
