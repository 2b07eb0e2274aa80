"""What one editor window says of itself while it is open: its folders and its configuration."""

from __future__ import annotations

import asyncio
import logging

from lsprotocol import types

from sidelight_client.api import Broker

from ..wire.plain import find, mapping, sequence
from ..wire.server import SidelightServer
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

        @self._server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
        def folders_changed(params: types.DidChangeWorkspaceFoldersParams) -> None:
            for folder in params.event.removed:
                self._folders.closed(folder.uri)
            for folder in params.event.added:
                self._folders.opened(folder.uri)

        @self._server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
        def configuration_changed(params: types.DidChangeConfigurationParams) -> None:
            section = find(params.settings, "sidelight")
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
        item = types.ConfigurationItem(section="sidelight")
        asked = self._server.request(
            types.WORKSPACE_CONFIGURATION, types.ConfigurationParams(items=[item])
        )
        try:
            answer = await asyncio.shield(asyncio.wrap_future(asked))
        except Exception as error:  # An editor that offers it and then refuses changes nothing.
            log.info("the configuration could not be asked for: %s", type(error).__name__)
            return
        sections = sequence(answer)
        self.preferences.configured(mapping(sections[0]) if sections else {})
