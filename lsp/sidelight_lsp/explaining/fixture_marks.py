"""Marks a value as made up, as an edit the person's own editor makes: a comment, or a line in a file."""

from __future__ import annotations

from typing import Any

from sidelight_client.api import MARK_COMMENT, Mark, MarksFile, Position, as_toml

from ..documents.document import TextDocument
from ..documents.documents import Documents

_HASH, _SLASHES, _DASHES = "# ", "// ", "-- "
_COMMENTS = {
    **dict.fromkeys(
        (
            *("python", "ruby", "perl", "shellscript", "fish", "powershell", "yaml", "toml", "r"),
            *("terraform", "dockerfile", "makefile", "elixir", "julia", "properties", "cmake"),
        ),
        _HASH,
    ),
    **dict.fromkeys(
        (
            *("javascript", "javascriptreact", "typescript", "typescriptreact", "go", "rust"),
            *("java", "kotlin", "c", "cpp", "csharp", "swift", "scala", "php", "dart", "groovy"),
            *("jsonc", "objective-c", "fsharp", "zig", "less", "scss"),
        ),
        _SLASHES,
    ),
    **dict.fromkeys(("sql", "lua", "haskell", "elm", "ada"), _DASHES),
    **dict.fromkeys(("clojure", "lisp", "scheme", "ini"), "; "),
    **dict.fromkeys(("erlang", "tex", "latex"), "% "),
}
"""What begins a comment that runs to the end of its line, by the editor's language id."""

_ENCLOSED = {
    **dict.fromkeys(("html", "xml", "markdown", "vue", "svelte"), ("<!-- ", " -->")),
    "css": ("/* ", " */"),
}


def comment_edit(document: TextDocument, line: int) -> dict[str, Any] | None:
    """The mark as a comment at the end of a line; None in a language without comments."""
    if document.language in _COMMENTS:
        begin, end = _COMMENTS[document.language], ""
    elif document.language in _ENCLOSED:
        begin, end = _ENCLOSED[document.language]
    else:
        return None
    text = document.line(line)
    place = document.lsp_position(Position(line, len(text)))
    # Two blanks before a comment behind code, as most styles have it.
    mark = f"{'  ' if text.strip() else ''}{begin}{MARK_COMMENT}{end}"
    return {"changes": {document.uri: [_inserted(place, mark)]}}


def toml_edit(
    documents: Documents, marks: MarksFile, rule: str, *, may_create: bool
) -> dict[str, Any] | None:
    """The mark as a table at the end of `.sidelight.toml`, which is made if there is none.

    None where it would have to be made, and the editor makes no files.
    """
    uri = marks.path.as_uri()
    table = as_toml(Mark(path=marks.inside, rules=(rule,), reason="made up"))
    document = documents.get(uri)
    if document is not None:
        last = len(document.lines) - 1
        place = document.lsp_position(Position(last, len(document.lines[last])))
        gap = "\n" if document.lines[last].strip() else ""
        return {"changes": {uri: [_inserted(place, gap + table)]}}
    if marks.exists:
        place = {"line": marks.lines, "character": marks.last_column}
        gap = "\n" if marks.last_column else ""
        return {"changes": {uri: [_inserted(place, gap + table)]}}
    if not may_create:
        return None
    made = {"kind": "create", "uri": uri, "options": {"ignoreIfExists": True}}
    filled = {
        "textDocument": {"uri": uri, "version": None},
        "edits": [_inserted({"line": 0, "character": 0}, table)],
    }
    return {"documentChanges": [made, filled]}


def _inserted(place: dict[str, int], text: str) -> dict[str, Any]:
    return {"range": {"start": place, "end": place}, "newText": text}
