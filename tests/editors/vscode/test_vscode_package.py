"""The extension as it is packaged: what is in it, that it is small and reproducible, and its unit tests."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from support import code_server

pytestmark = [pytest.mark.editors, pytest.mark.timeout(300)]

VSIX_MAX_BYTES = 150_000


def test_the_package_holds_what_it_needs_and_is_small(vsix: Path) -> None:
    with zipfile.ZipFile(vsix) as packed:
        names = set(packed.namelist())
        manifest = json.loads(packed.read("extension/package.json"))
    assert "extension/dist/extension.js" in names
    assert not any("node_modules" in n or n.endswith((".ts", ".map")) for n in names)
    assert vsix.stat().st_size <= VSIX_MAX_BYTES
    assert manifest["engines"]["vscode"] == "^1.91.0"


def test_the_same_sources_make_the_same_bytes(vsix: Path) -> None:
    before = vsix.read_bytes()
    assert code_server.build_extension().read_bytes() == before


def test_the_parts_that_need_no_editor_do_what_they_say(vsix: Path) -> None:
    assert "fail 0" in code_server.run_extension_tests()
