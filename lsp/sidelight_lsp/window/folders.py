"""The workspace folders of one editor window, told to the broker while they are open."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from sidelight_client.api import Broker, Subscription

MAX_FOLDERS = 100


class Folders:
    """Opens and closes folders at the broker."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._open: dict[str, Subscription] = {}

    def opened(self, uri: str) -> None:
        """A folder was opened; what is not a local folder is left out."""
        path = local_path(uri)
        if path is not None and uri not in self._open and len(self._open) < MAX_FOLDERS:
            self._open[uri] = self._broker.workspace_opened(path)

    def closed(self, uri: str) -> None:
        """A folder was closed."""
        leave = self._open.pop(uri, None)
        if leave is not None:
            leave()

    def close(self) -> None:
        """The window was closed."""
        for uri in list(self._open):
            self.closed(uri)


def local_path(uri: str) -> Path | None:
    """The absolute path of a `file:` uri on this machine (RFC 8089), or None."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return None
    if parts.scheme != "file" or parts.netloc not in ("", "localhost"):
        return None
    path = url2pathname(parts.path) if os.name == "nt" else unquote(parts.path)
    if "\0" in path or not Path(path).is_absolute():
        return None
    return Path(path)
