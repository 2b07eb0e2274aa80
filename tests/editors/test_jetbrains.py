"""The template for LSP4IJ keeps to the rules by which LSP4IJ reads it; the IDE itself is not run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from sidelight_client.setting_table import SETTINGS
from support.lsp4ij_template import commands, problems

TEMPLATE = Path(__file__).resolve().parents[2] / "installers" / "jetbrains"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    folder = tmp_path / "template"
    shutil.copytree(TEMPLATE, folder)
    return folder


def test_lsp4ij_takes_the_whole_template() -> None:
    assert problems(TEMPLATE) == []


def test_every_command_line_starts_or_installs_sidelight() -> None:
    assert commands(TEMPLATE) == {
        *("sidelight lsp", "sidelight.exe lsp"),
        *("sidelight --version", "sidelight.exe --version"),
        *("pipx install sidelight", "pipx.exe install sidelight"),
    }


def test_no_pattern_is_given_to_two_languages() -> None:
    template = json.loads((TEMPLATE / "template.json").read_text(encoding="utf-8"))
    patterns = [p for m in template["fileTypeMappings"] for p in m["fileType"]["patterns"]]
    assert len(patterns) == len(set(patterns))


def test_the_schema_knows_the_settings_of_an_editor_and_no_others() -> None:
    schema = json.loads((TEMPLATE / "settings.schema.json").read_text(encoding="utf-8"))
    expected = {f"sidelight.{key}" for key in SETTINGS if key.startswith("completions.")}
    assert set(schema["properties"]) == expected


def test_the_template_sets_nothing_for_a_person() -> None:
    """What a template sets would win over config.toml without anybody having chosen it."""
    assert json.loads((TEMPLATE / "settings.json").read_text(encoding="utf-8")) == {}
    options = json.loads((TEMPLATE / "initializationOptions.json").read_text(encoding="utf-8"))
    assert options == {"sidelight": {}}


def test_it_is_said_plainly_that_the_ide_was_not_run() -> None:
    assert "The IDE itself was not run." in (TEMPLATE / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "change", "why"),
    [
        ("template.json", {"programArgs": "sidelight lsp"}, "programArgs is no object"),
        ("template.json", {"programArgs": None}, "programArgs is no object"),
        ("template.json", {"programArgs": {"windows": "x"}}, "has no default"),
        ("template.json", {"fileTypeMappings": [{"languageId": "x"}]}, "no fileType"),
        ("template.json", {"env": {"variables": {}}}, "env loses PATH"),
        ("installer.json", {"run": None}, "installer.json has no run"),
        ("installer.json", {"check": {"shell": {}}}, "shell is no task"),
    ],
)
def test_the_rules_find_what_lsp4ij_refuses(
    copy: Path, file: str, change: dict[str, Any], why: str
) -> None:
    content = json.loads((copy / file).read_text(encoding="utf-8"))
    (copy / file).write_text(json.dumps(content | change), encoding="utf-8")
    (problem,) = problems(copy)
    assert why in problem
