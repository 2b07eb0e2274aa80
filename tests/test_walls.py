"""Who may import whom. Each crossing is reported as one line that says who crossed which wall."""

from __future__ import annotations

import ast
import itertools
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CLIENT = "sidelight_client"

SETTINGS = {"settings", "setting_table", "setting_values"}
BASE = {"domain", "ports", *SETTINGS, "errors", "trace", "api", "__init__"}
"""What everything above may use. `__init__` holds the version and nothing else."""

ASSEMBLY = {"cli", "__main__"}
"""They alone put the parts together."""

EDGES = {"link", "adapters", "gateways", "embedded"}
"""They act on the outside world, and know each other only through the gaps below."""

MAY_USE = {
    "domain": {"domain"},
    "ports": {"domain"},
    **dict.fromkeys(SETTINGS, SETTINGS),
    "errors": {"domain"},
    "trace": set[str](),
    "api": {"domain", "ports", *SETTINGS, "trace"},
    "testing": {"domain", "ports"},
    "__init__": set[str](),
}
"""Every other module beside them (the broker, the keeper and their helpers) may use the base and
its like; the edges may use those as well."""

GAPS = {
    "link": {"adapters.folders"},  # where the socket lies
    # The gateway's content rules are matched in linear time, and numbers checked as the preview does.
    "embedded": {
        "adapters.re2_rules",
        "adapters.stdnum_validators",
        "adapters.workspace_rules",  # What a folder closes is not learnt from.
    },
    "adapters": {"gateways"},  # the HTTP client speaks each gateway's dialect
}

DECIDING = {
    "sidelight_tray": {"face": {"face", "heard"}, "panels": {"face", "heard", "panels"}},
}
"""Packages beside the client that decide without any third-party library, and what they may use."""

IMPURE = frozenset(
    ("asyncio", "http", "logging", "os", "random", "secrets", "socket", "subprocess", "threading")
)
"""Of the standard library, what a decision in `domain` does not need."""

IMPORT_NAMES = {
    "dbus-fast": "dbus_fast",
    "google-re2": "re2",
    "python-stdnum": "stdnum",
    "PySide6-Essentials": "PySide6",
    "SecretStorage": "secretstorage",
}

DECLARED = re.compile(
    r'^\s*(?:\w+ = \[)?"([A-Za-z0-9_.-]+?)(?:\[.*?\])?[><=!;~ ].*?"[\],]*\s*# (.*)$'
)


@dataclass(frozen=True)
class Import:
    """`importer` imports `imported`, both as full module names."""

    importer: str
    imported: str
    file: Path
    line: int


def imports(root: Path) -> Iterator[Import]:
    """Every import of the three packages under `root`, those inside functions included."""
    for top in ("client", "lsp", "tray"):
        for file in sorted((root / top).rglob("*.py")):
            importer = file.relative_to(root / top).with_suffix("").parts
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                for imported in names(node, importer):
                    yield Import(".".join(importer), imported, file, node.lineno)


def names(node: ast.AST, importer: tuple[str, ...]) -> list[str]:
    match node:
        case ast.Import():
            return [alias.name for alias in node.names]
        case ast.ImportFrom(level=0):
            return [node.module or ""]
        case ast.ImportFrom():
            base = importer[: len(importer) - node.level]
            if node.module:
                return [".".join((*base, node.module))]
            return [".".join((*base, alias.name)) for alias in node.names]
        case _:
            return []


def places(root: Path) -> dict[str, tuple[str, ...]]:
    """Where each third-party library may be imported, from the comments beside the dependencies."""
    found: dict[str, tuple[str, ...]] = {}
    for line in (root / "pyproject.toml").read_text(encoding="utf-8").splitlines():
        if declared := DECLARED.match(line):
            name = IMPORT_NAMES.get(declared[1], declared[1])
            where = re.findall(r"[\w/]+\.py|sidelight_\w+", declared[2])
            found[name] = tuple(where)
    return found


def crossings(root: Path) -> list[str]:
    """Every import that crosses a wall, as a sentence."""
    allowed = places(root)
    return [
        f"{found.file.relative_to(root).as_posix()}:{found.line} imports {found.imported}: {why}"
        for found in imports(root)
        if (why := crossing(found, allowed))
    ]


def crossing(found: Import, allowed: dict[str, tuple[str, ...]]) -> str:
    """Why the import is a crossing; empty when it is none."""
    package, _, inner = found.importer.partition(".")
    target, _, wanted = found.imported.partition(".")
    area = inner.split(".")[0]
    if target in sys.stdlib_module_names:
        acts = package == CLIENT and area == "domain" and target in IMPURE
        return "domain decides and does not act" if acts else ""
    deciding = DECIDING.get(package, {}).get(area)
    if not target.startswith("sidelight_"):
        decides = "it decides, and needs nothing but the standard library" if deciding else ""
        return decides or third_party(found, target, allowed)
    if package == target:
        beyond = deciding is not None and wanted.split(".")[0] not in deciding
        return inside(area, wanted) if package == CLIENT else "it decides" if beyond else ""
    if package == CLIENT:
        return "" if area in ASSEMBLY else "only cli and __main__ put the packages together"
    if target == CLIENT:
        return "" if wanted.split(".")[0] == "api" else "of the client it may use api alone"
    return "the language server and the tray have never met"


def inside(area: str, wanted: str) -> str:
    """A crossing between two areas of sidelight_client."""
    if area in ASSEMBLY:
        return ""
    target = wanted.split(".", maxsplit=1)[0] or "__init__"
    target = "__init__" if target == "__version__" else target
    if target in ASSEMBLY:
        return "nothing depends on what assembles"
    if target == area or wanted in GAPS.get(area, set()) or target in GAPS.get(area, set()):
        return ""
    if area in MAY_USE:
        return "" if target in MAY_USE[area] else f"{area} knows nothing of {target}"
    if target in BASE:
        return ""
    if target in EDGES:
        return f"{area} reaches the edge only through a port"
    return "only a test or a demonstration uses fakes" if target == "testing" else ""


def third_party(found: Import, target: str, allowed: dict[str, tuple[str, ...]]) -> str:
    if target not in allowed:
        return "pyproject.toml does not declare it with a place of import"
    path = found.file.as_posix()
    at_home = any(
        path.endswith(f"/{CLIENT}/{place}") if place.endswith(".py") else f"/{place}/" in path
        for place in allowed[target]
    )
    return "" if at_home else f"its place is {', '.join(allowed[target])}"


def test_nobody_crosses_a_wall() -> None:
    assert crossings(ROOT) == []


def test_every_dependency_says_where_it_is_imported() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    listed = [*project["dependencies"], *itertools.chain.from_iterable(extras)]
    known = places(ROOT)
    for requirement in listed:
        name = re.split(r"[><=!;~ \[]", requirement)[0]
        assert known.get(IMPORT_NAMES.get(name, name)), f"{name} has no place of import beside it"


PYPROJECT = """
dependencies = [
  "httpx>=0.28,<1", # the gateway; adapters/http.py. BSD
  "pygls>=2", # the protocol; imported only in sidelight_lsp. Apache-2.0
]
tray = ["PySide6-Essentials>=6.8"] # windows; imported only in sidelight_tray. LGPL
"""

PLANTED = {
    ("client/sidelight_client/domain/spending/budget.py", "from ...ports import Clock"): (
        "imports sidelight_client.ports: domain knows nothing of ports"
    ),
    ("client/sidelight_client/domain/spending/budget.py", "import asyncio"): (
        "imports asyncio: domain decides and does not act"
    ),
    ("client/sidelight_client/broker.py", "from .adapters.http import HttpClient"): (
        "broker reaches the edge only through a port"
    ),
    ("client/sidelight_client/broker.py", "from .testing import fakes"): (
        "only a test or a demonstration uses fakes"
    ),
    ("client/sidelight_client/link/serve.py", "from ..embedded import gateway"): (
        "link reaches the edge only through a port"
    ),
    ("client/sidelight_client/link/serve.py", "from .. import cli"): (
        "nothing depends on what assembles"
    ),
    ("client/sidelight_client/link/serve.py", "import sidelight_lsp"): (
        "only cli and __main__ put the packages together"
    ),
    ("client/sidelight_client/gateways/kong.py", "import httpx"): (
        "imports httpx: its place is adapters/http.py"
    ),
    ("client/sidelight_client/adapters/yaml.py", "import yaml"): (
        "pyproject.toml does not declare it with a place of import"
    ),
    ("client/sidelight_client/cli/demo.py", "import pygls.server"): "its place is sidelight_lsp",
    ("lsp/sidelight_lsp/explaining/hover.py", "def f():\n    from PySide6 import QtCore"): (
        "hover.py:2 imports PySide6: its place is sidelight_tray"
    ),
    ("lsp/sidelight_lsp/explaining/hover.py", "from sidelight_client.broker import Broker"): (
        "of the client it may use api alone"
    ),
    ("tray/sidelight_tray/face/face.py", "import sidelight_lsp.session"): (
        "the language server and the tray have never met"
    ),
    ("tray/sidelight_tray/panels/panels.py", "from PySide6.QtGui import QColor"): (
        "it decides, and needs nothing but the standard library"
    ),
    ("tray/sidelight_tray/face/face.py", "from ..windows import theme"): "it decides",
}


@pytest.mark.parametrize("planted", PLANTED, ids=" ".join)
def test_a_planted_crossing_is_told(tmp_path: Path, planted: tuple[str, str]) -> None:
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    plant(tmp_path, *planted)
    (told,) = crossings(tmp_path)
    assert told.startswith(planted[0])
    assert PLANTED[planted] in told


@pytest.mark.parametrize(
    ("file", "source"),
    [
        (
            "client/sidelight_client/domain/spending/budget.py",
            "from .place import Position\nimport re",
        ),
        ("client/sidelight_client/adapters/http.py", "import httpx\nfrom ..ports import Clock"),
        ("client/sidelight_client/link/wire.py", "from .. import __version__"),
        ("client/sidelight_client/cli/lsp.py", "from sidelight_lsp import session"),
        (
            "lsp/sidelight_lsp/wire/server.py",
            "from pygls import x\nfrom sidelight_client.api import Y",
        ),
        (
            "tray/sidelight_tray/icon/menu.py",
            "from PySide6.QtWidgets import QMenu\nfrom .face import F",
        ),
    ],
)
def test_what_stays_inside_is_not_told(tmp_path: Path, file: str, source: str) -> None:
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    plant(tmp_path, file, source)
    assert crossings(tmp_path) == []


def plant(root: Path, file: str, source: str) -> None:
    (root / file).parent.mkdir(parents=True)
    (root / file).write_text(source)
