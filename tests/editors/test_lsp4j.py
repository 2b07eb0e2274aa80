"""A Java client on LSP4J with LSP4IJ's capabilities, the real server and the embedded gateway behind it.

It is what can be tested of JetBrains IDEs without one: the IDE itself is not run.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support import client_profiles
from support.lsp4j import class_path, compile_client, jars
from support.real_server import CONTINUES, TYPED, real_server

pytestmark = pytest.mark.editors

SOURCE = Path(__file__).parent / "lsp4j" / "Lsp4ijLikeClient.java"
PROFILE = SOURCE.with_name("lsp4ij.json")
"""What LSP4IJ tells of itself, as its source says it: it can only be run inside an IDE."""

RealPart = Callable[[str, object, str], None]


def test_the_library_under_lsp4ij_reads_every_answer_and_shows_a_suggestion(
    tmp_path: Path, private_home: Path, real_part: RealPart
) -> None:
    for program in ("java", "javac"):
        real_part(program, shutil.which(program), "LSP4IJ's library is Java (17 or newer)")
    libraries = jars()
    found = isinstance(libraries, list)
    real_part("LSP4J", found, f"LSP4IJ's library: {libraries}")
    assert isinstance(libraries, list)
    compile_client(SOURCE, libraries, tmp_path)
    with real_server(tmp_path, private_home) as server:
        places = [str(PROFILE), str(server.workspace), str(server.file), TYPED]
        java = ["java", "-cp", class_path([*libraries, tmp_path])]
        done = subprocess.run(
            [*java, SOURCE.stem, *places, "sidelight", "lsp"],
            env=dict(server.environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        told: dict[str, Any] = json.loads(done.stdout)
        assert server.problems() == []
        client_profiles.keep("lsp4j", server.kept)
    assert told["capabilities"]["positionEncoding"] == "utf-16"
    assert "completionProvider" not in told["capabilities"]
    (item,) = told["inline"]["items"][:1]
    # LSP4IJ leaves out what lies between the range's start and the cursor, without comparing it.
    assert item["range"]["start"] == item["range"]["end"]
    assert item["insertText"].startswith(CONTINUES)
    assert told["diagnostics"] is True
    assert told["exit"] == 0
    assert told["shown"] == []
