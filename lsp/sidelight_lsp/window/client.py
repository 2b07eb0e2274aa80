"""What an editor said about itself in `initialize`, read once from the plain message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..wire.plain import find, mapping, sequence, text


@dataclass(frozen=True, slots=True)
class Client:
    """The editor's name and what it can do.

    Attributes:
        name: name and version as the editor states them.
        inline_completion: shows ghost text (LSP 3.18).
        pull_diagnostics: asks for diagnostics and can be told to ask again.
        show_document: opens a URL for us.
        progress: shows a progress we begin.
        creates_files: makes a file as part of an edit.
        configuration: answers `workspace/configuration`.
        messages: opted in to `$/sidelight/*` by `initializationOptions.sidelight.messages`.
        options: the rest of `initializationOptions.sidelight`.
        folders: uris of the workspace folders.
    """

    name: str = "an editor"
    inline_completion: bool = False
    pull_diagnostics: bool = False
    show_document: bool = False
    progress: bool = False
    creates_files: bool = False
    configuration: bool = False
    messages: bool = False
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    folders: tuple[str, ...] = ()


def read_client(params: Any) -> Client:
    """The editor as `InitializeParams` describe it; what cannot be read is taken as absent."""
    capabilities = find(params, "capabilities")
    words = (text(find(params, "clientInfo", "name")), text(find(params, "clientInfo", "version")))
    options = mapping(find(params, "initializationOptions", "sidelight"))
    return Client(
        name=" ".join(word[:100] for word in words if word) or "an editor",
        inline_completion=find(capabilities, "textDocument", "inlineCompletion") is not None,
        pull_diagnostics=find(capabilities, "textDocument", "diagnostic") is not None
        and find(capabilities, "workspace", "diagnostics", "refreshSupport") is True,
        show_document=find(capabilities, "window", "showDocument", "support") is True,
        progress=find(capabilities, "window", "workDoneProgress") is True,
        creates_files=find(capabilities, "workspace", "workspaceEdit", "documentChanges") is True
        and "create"
        in sequence(find(capabilities, "workspace", "workspaceEdit", "resourceOperations")),
        configuration=find(capabilities, "workspace", "configuration") is True,
        messages=options.get("messages") is True,
        options=options,
        folders=_folders(params),
    )


def _folders(params: Any) -> tuple[str, ...]:
    """Workspace folders, else the root of clients from before LSP 3.6."""
    uris = [text(find(one, "uri")) for one in sequence(find(params, "workspaceFolders"))]
    named = tuple(uri for uri in uris if uri is not None)
    root = text(find(params, "rootUri"))
    return named or ((root,) if root is not None else ())
