"""What one editor window says of itself while it is open: its folders and its configuration."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from sidelight_client.api import Broker

from ..wire.plain import find, mapping, sequence, text
from ..wire.server import RequestRefusedError, SidelightServer
from .client import Client
from .folders import Folders
from .preferences import Preferences

log = logging.getLogger("sidelight.lsp")


class WindowSettings:
    """Follows both, and gives them back when the window is closed."""

    def __init__(self, server: SidelightServer, broker: Broker) -> None:
        self.preferences = Preferences(broker)
        self._server = server
        self._folders = Folders(broker)
        self._pulls: set[asyncio.Task[None]] = set()
        self._asks = False

    def offer(self, client: Client) -> None:
        """Take what `initialize` says, and what the editor will tell later."""
        self._asks = client.configuration
        for uri in client.folders:
            self._folders.opened(uri)

        @self._server.feature(
            "workspace/didChangeWorkspaceFolders",
            workspace={"workspaceFolders": {"supported": True, "changeNotifications": True}},
        )
        def folders_changed(params: Any) -> None:
            for uri in _uris(find(params, "event", "removed")):
                self._folders.closed(uri)
            for uri in _uris(find(params, "event", "added")):
                self._folders.opened(uri)

        @self._server.feature("workspace/didChangeConfiguration")
        def configuration_changed(params: Any) -> None:
            section = find(params, "settings", "sidelight")
            if section is None:
                self.pull()
            else:
                self.preferences.configured(mapping(section))

    def pull(self) -> None:
        """Ask for the configuration, where the editor offers to be asked."""
        if self._asks and not self._pulls:
            pull = asyncio.get_running_loop().create_task(self._configuration())
            self._pulls.add(pull)
            pull.add_done_callback(self._pulls.discard)

    def close(self) -> None:
        """The window was closed."""
        self._folders.close()
        for pull in self._pulls:
            pull.cancel()

    async def _configuration(self) -> None:
        params = {"items": [{"section": "sidelight"}]}
        try:
            answer = await self._server.request("workspace/configuration", params)
        except RequestRefusedError:  # An editor that offers it and then refuses changes nothing.
            log.info("the configuration could not be asked for")
            return
        sections = sequence(answer)
        self.preferences.configured(mapping(sections[0]) if sections else {})


def _uris(folders: Any) -> list[str]:
    return [uri for one in sequence(folders) if (uri := text(find(one, "uri"))) is not None]
