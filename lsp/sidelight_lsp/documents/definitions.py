"""The definitions of what a document imports, found in the documents that are open beside it."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import unquote, urlsplit

from sidelight_client.api import (
    Chunk,
    PartKind,
    Why,
    chunk_of,
    definition_end,
    imported,
    is_module,
    wanted,
)

from .document import TextDocument
from .open_files import OpenFiles

MOST_DEFINITIONS = 12


def definitions(
    document: TextDocument, others: Sequence[TextDocument], files: OpenFiles
) -> list[Chunk]:
    """The definitions of imported names, in the order of the imports."""
    found: list[Chunk] = []
    here = path_of(document.uri)
    paths = [(path_of(other.uri), other) for other in others]
    for module, names in wanted(imported(document.lines, document.language)).items():
        for path, other in paths:
            if not is_module(path, module, here, document.language):
                continue
            for name in names:
                chunk = _definition(other, name, files)
                if chunk is not None:
                    found.append(chunk)
                    if len(found) == MOST_DEFINITIONS:
                        return found
    return found


def _definition(document: TextDocument, name: str, files: OpenFiles) -> Chunk | None:
    row = files.symbol(document, name)
    if row is None:
        return None
    rows = (row, definition_end(document.lines, row))
    return chunk_of(document.lines, rows, document.uri, PartKind.DEFINITION, Why.DEFINITION)


def path_of(uri: str) -> str:
    """The path of a document's uri, with forward slashes; of what is no uri, itself."""
    try:
        return unquote(urlsplit(uri).path)
    except ValueError:
        return uri
