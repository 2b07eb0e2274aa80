"""The workspace folders of one editor window, told to the broker while they are open."""

from __future__ import annotations

from sidelight_client.api import Broker, Subscription, path_of

MAX_FOLDERS = 100


class Folders:
    """Opens and closes folders at the broker."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._open: dict[str, Subscription] = {}

    def opened(self, uri: str) -> None:
        """A folder was opened; what is not a local folder is left out."""
        path = path_of(uri)
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
