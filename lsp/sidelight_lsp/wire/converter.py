"""The converter between JSON and the protocol's types, one for all sessions, made ready off the loop.

cattrs generates code for a type when it first meets it, which takes up to 20 ms for those of a
request, and forgets it again whenever it meets a new kind of list. So here it is made once.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from lsprotocol import types
from pygls.protocol import JsonRPCResponseMessage, default_converter

SENT: tuple[type[Any], ...] = (
    types.Position,
    types.Range,
    types.Location,
    types.CodeDescription,
    types.Diagnostic,
    types.Command,
    types.MarkupContent,
    types.TextEdit,
    types.WorkspaceEdit,
    types.CodeAction,
    types.CodeActionOptions,
    types.CodeLens,
    types.CodeLensOptions,
    types.CompletionOptions,
    types.DiagnosticOptions,
    types.ExecuteCommandOptions,
    types.HoverOptions,
    types.InlineCompletionOptions,
    types.TextDocumentSyncOptions,
    types.ServerCapabilities,
    types.ServerInfo,
    types.InitializeResult,
    types.Hover,
    types.RelatedFullDocumentDiagnosticReport,
    types.ConfigurationRequest,
    types.DiagnosticRefreshRequest,
    types.ShowDocumentRequest,
    types.ApplyWorkspaceEditRequest,
    types.PublishDiagnosticsNotification,
    JsonRPCResponseMessage,
)
"""What a session sends, the parts before what they are parts of."""

READ: tuple[type[Any], ...] = (
    types.Position,
    types.Range,
    types.TextDocumentIdentifier,
    types.Diagnostic,
    types.InitializeRequest,
    types.InitializedNotification,
    types.HoverRequest,
    types.CodeActionRequest,
    types.CodeLensRequest,
    types.DocumentDiagnosticRequest,
    types.ExecuteCommandRequest,
    types.DidSaveTextDocumentNotification,
    types.DidChangeConfigurationNotification,
    types.DidChangeWorkspaceFoldersNotification,
    types.CancelNotification,
    types.SetTraceNotification,
    types.ConfigurationResponse,
    types.ShowDocumentResponse,
)
"""What a session reads through pygls, likewise."""

Hook = Callable[..., Any]


@lru_cache(maxsize=1)
def converter() -> Any:
    """The converter. It keeps no state but code; building it takes 10 ms."""
    made: Any = default_converter()  # type: ignore[no-untyped-call] # pygls leaves it untyped
    reads, writes = _Kept(made.get_structure_hook), _Kept(made.get_unstructure_hook)
    made.register_structure_hook_factory(reads.may_make, reads.hook)
    made.register_unstructure_hook_factory(writes.may_make, writes.hook)
    return made


def make_ready() -> None:
    """Make the code for everything a session reads and sends: 150 ms, so not on the loop."""
    for sent in SENT:
        converter().get_unstructure_hook(sent)
    for read in READ:
        converter().get_structure_hook(read)


class _Kept:
    """The code of one direction, by type."""

    def __init__(self, make: Callable[..., Hook]) -> None:
        self._make = make
        self._hooks: dict[Any, Hook] = {}
        self._under_way: set[Any] = set()

    def may_make(self, wanted: Any) -> bool:
        """Whether the type is asked for here; if not, cattrs makes what is missing."""
        return hasattr(wanted, "__attrs_attrs__") and wanted not in self._under_way

    def hook(self, wanted: Any) -> Hook:
        """The code for a type, made only once."""
        known = self._hooks.get(wanted)
        if known is None:
            self._under_way.add(wanted)
            try:
                known = self._make(wanted, cache_result=False)
            finally:
                self._under_way.discard(wanted)
            self._hooks[wanted] = known
        return known
