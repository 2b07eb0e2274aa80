"""A fake editor: it opens files, types and asks for ghost text, as VS Code or Neovim would."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from .stdio_client import StdioClient


class FakeEditor(StdioClient):
    """One editor window with one language server."""

    async def initialize(
        self,
        *,
        folder: Path | None = None,
        capabilities: Mapping[str, Any] | None = None,
        options: Mapping[str, Any] | None = None,
        client_name: str = "fake-editor",
    ) -> dict[str, Any]:
        """Open the session and return the server's answer.

        Args:
            folder: the one workspace folder.
            capabilities: laid over those of an editor that shows ghost text.
            options: `initializationOptions`.
            client_name: `clientInfo.name`.
        """
        uri = folder.as_uri() if folder is not None else None
        result: dict[str, Any] = await self.request(
            "initialize",
            {
                "processId": os.getpid(),
                "clientInfo": {"name": client_name},
                "rootUri": uri,
                "workspaceFolders": (
                    [{"uri": uri, "name": folder.name}] if folder is not None else None
                ),
                "capabilities": {
                    "general": {"positionEncodings": ["utf-16"]},
                    "textDocument": {"inlineCompletion": {"dynamicRegistration": False}},
                    **(capabilities or {}),
                },
                **({"initializationOptions": options} if options is not None else {}),
            },
            within_s=30.0,
        )
        self.notify("initialized", {})
        return result

    def open(self, uri: str, language: str, text: str, version: int = 1) -> None:
        """Open a document."""
        document = {"uri": uri, "languageId": language, "version": version, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})

    def insert(self, uri: str, version: int, line: int, character: int, text: str) -> None:
        """Type `text` at a place; `version` is the document's version afterwards."""
        place = {"line": line, "character": character}
        change = {"range": {"start": place, "end": place}, "text": text}
        document = {"uri": uri, "version": version}
        self.notify(
            "textDocument/didChange", {"textDocument": document, "contentChanges": [change]}
        )

    async def complete_inline(
        self, uri: str, line: int, character: int, *, invoked: bool = False, within_s: float = 10.0
    ) -> list[dict[str, Any]] | None:
        """Ask for ghost text: the items, or None for superseded."""
        answer: Any = await self.request(
            "textDocument/inlineCompletion",
            {
                "textDocument": {"uri": uri},
                "position": {"line": line, "character": character},
                "context": {"triggerKind": 1 if invoked else 2},
            },
            within_s=within_s,
        )
        return None if answer is None else cast("list[dict[str, Any]]", answer["items"])
