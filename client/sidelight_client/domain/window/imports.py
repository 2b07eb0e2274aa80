"""Which names a file imports and where a file defines them: line scans, linear in what they read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .edges import indentation, is_blank

HEAD_LINES = 150
"""Imports further down than this are the exception, and not looked for."""
LONGEST_LINE = 400
MOST_IMPORTS = 64
DEFINITION_LINES = 12
"""How much of a definition is shown: its signature and the beginning of its body."""
_SCRIPTS = frozenset(("typescript", "typescriptreact", "javascript", "javascriptreact"))
LANGUAGES = _SCRIPTS | {"python", "go"}
"""Where imports are understood."""

_PYTHON_FROM = re.compile(r"from[ \t]+([.\w]+)[ \t]+import[ \t]+(.*)")
_PYTHON_IMPORT = re.compile(r"import[ \t]+([\w.]+)")
_SCRIPT_FROM = re.compile(r"(?:import|export)\b([^'\"]*)\bfrom[ \t]*['\"]([^'\"]+)['\"]")
_SCRIPT_TAIL = re.compile(r"[ \t]*\}([^'\"]*)from[ \t]*['\"]([^'\"]+)['\"]")
_REQUIRE = re.compile(r"(?:const|let|var)\b([^=]*)=[ \t]*require\(['\"]([^'\"]+)['\"]\)")
_GO_PATH = re.compile(r"(?:import[ \t]+)?[ \t]*(?:[\w.]+[ \t]+)?\"([^\"]+)\"")
_NAME = re.compile(r"[A-Za-z_$][\w$]*")
_DEFINES = {
    "python": re.compile(r"(?:async[ \t]+def|def|class)[ \t]+(\w+)|([A-Za-z_]\w*)[ \t]*[:=]"),
    "script": re.compile(
        r"(?:export[ \t]+)?(?:default[ \t]+)?(?:declare[ \t]+)?(?:abstract[ \t]+)?(?:async[ \t]+)?"
        r"(?:function\*?|class|interface|type|enum|const|let|var)[ \t]+([A-Za-z_$][\w$]*)"
    ),
    "go": re.compile(r"(?:func|type|var|const)[ \t]+(?:\([^)]*\)[ \t]*)?(\w+)"),
}


@dataclass(frozen=True, slots=True)
class Imported:
    """One module that is imported, and the names that are taken from it; none means all of it."""

    module: str
    names: tuple[str, ...] = ()


def imported(lines: Sequence[str], language: str) -> tuple[Imported, ...]:
    """What the first `HEAD_LINES` lines import, in their order."""
    if language not in LANGUAGES:
        return ()
    found: list[Imported] = []
    head = [line[:LONGEST_LINE].rstrip() for line in lines[:HEAD_LINES]]
    for row, line in enumerate(head):
        one = _read(head, row, line, language)
        if one is not None:
            found.append(one)
            if len(found) == MOST_IMPORTS:
                break
    return tuple(found)


def _read(head: Sequence[str], row: int, line: str, language: str) -> Imported | None:
    if language == "python":
        if match := _PYTHON_FROM.match(line):
            names = match[2]
            if names.startswith("("):
                names = _until_closed(head, row, names)
            return Imported(match[1], _names(names))
        match = _PYTHON_IMPORT.match(line)
        return Imported(match[1]) if match else None
    if language == "go":
        match = _GO_PATH.fullmatch(line)
        return Imported(match[1]) if match and "/" in match[1] else None
    match = _SCRIPT_FROM.match(line) or _REQUIRE.match(line)
    if match:
        return Imported(match[2], _names(match[1]))
    if match := _SCRIPT_TAIL.match(line):
        return Imported(match[2], _names(_since_opened(head, row)))
    return None


def _until_closed(head: Sequence[str], row: int, names: str) -> str:
    for line in head[row + 1 : row + 1 + 20]:
        if ")" in names:
            break
        names += " " + line.partition("#")[0]
    return names.partition(")")[0]


def _since_opened(head: Sequence[str], row: int) -> str:
    names = ""
    for line in reversed(head[max(row - 20, 0) : row]):
        names = f"{line} {names}"
        if line.startswith(("import", "export")):
            break
    return names


def _names(text: str) -> tuple[str, ...]:
    """The names in the clause of an import, as they are called where they come from."""
    found: list[str] = []
    for piece in text.replace("{", ",").replace("}", ",").split(","):
        words = [word for word in _NAME.findall(piece) if word not in ("import", "export", "type")]
        if words and words[0] != "as":
            found.append(words[0])
    return tuple(found[:MOST_IMPORTS])


def is_module(path: str, module: str, importer: str, language: str) -> bool:
    """Whether the file at `path` may be what `module` names in the file at `importer`.

    Paths have forward slashes. Only names are compared: it costs nothing, and a wrong guess
    costs a few lines of context.
    """
    stem = path.rpartition(".")[0] or path
    for index in ("/__init__", "/index"):
        stem = stem.removesuffix(index)
    if language == "python":
        wanted = module.lstrip(".").replace(".", "/")
        return bool(wanted) and (stem == wanted or stem.endswith("/" + wanted))
    if language == "go":
        folder = path.rpartition("/")[0]
        pieces = module.split("/")
        return folder.endswith(("/" + "/".join(pieces[-2:]), "/" + pieces[-1]))
    if not module.startswith("."):
        return False
    return stem == _resolved(importer.rpartition("/")[0], module)


def _resolved(folder: str, module: str) -> str:
    pieces = folder.split("/")
    for piece in module.split("/"):
        if piece == "..":
            pieces = pieces[:-1]
        elif piece != ".":
            pieces.append(piece)
    last = pieces[-1] if pieces else ""
    for ending in (".js", ".jsx", ".ts", ".tsx", ".mjs"):
        last = last.removesuffix(ending)
    joined = "/".join([*pieces[:-1], last])
    return joined.removesuffix("/index")


def defined(line: str, language: str) -> str | None:
    """The name that `line` defines for other files; None for most lines."""
    if not line or line[0] in " \t#/}*)\n":
        return None
    scan = _DEFINES.get("script" if language in _SCRIPTS else language)
    match = scan.match(line[:LONGEST_LINE]) if scan else None
    return next((name for name in match.groups() if name), None) if match else None


def definition_end(lines: Sequence[str], row: int) -> int:
    """The row behind what is shown of the definition that begins at `row`."""
    last = min(row + DEFINITION_LINES, len(lines))
    for below in range(row + 1, last):
        line = lines[below]
        if not is_blank(line) and indentation(line) == 0 and line[0] not in ")}]":
            last = below
            break
    while last > row + 1 and is_blank(lines[last - 1]):
        last -= 1
    return last


def wanted(imports: Iterable[Imported]) -> dict[str, tuple[str, ...]]:
    """The names by module; a module that is imported twice counts once."""
    found: dict[str, tuple[str, ...]] = {}
    for one in imports:
        found[one.module] = tuple(dict.fromkeys((*found.get(one.module, ()), *one.names)))
    return found
