"""What the code declares once has its line in docs/: settings, conditions, sentences, commands."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from sidelight_client import cli
from sidelight_client.domain.health import CONDITIONS
from sidelight_client.domain.words import catalogue as words
from sidelight_client.errors import ExitCode
from sidelight_client.setting_table import SETTINGS

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def make_docs() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_docs", ROOT / "installers/make_docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_generated_files_are_what_the_code_says(make_docs: ModuleType) -> None:
    stale = [name for name, text in make_docs.pages().items() if text != make_docs.written(name)]
    assert not stale, "python3 installers/dev.py docs"


@pytest.mark.parametrize("key", SETTINGS)
def test_every_setting_has_its_section(key: str) -> None:
    section = sections("settings.md")[f"`{key}`"]
    assert SETTINGS[key].sentence in section
    assert SETTINGS[key].environment_name in section


@pytest.mark.parametrize("code", CONDITIONS)
def test_every_condition_has_its_line_and_its_words(code: str) -> None:
    assert f"`{code}`" in page("conditions.md")
    assert code in words.CODES


@pytest.mark.parametrize("code", words.CODES)
def test_every_sentence_has_its_section(code: str) -> None:
    assert words.words(code).what in sections("explanations.md")[f"`{code}`"]


@pytest.mark.parametrize("code", ExitCode)
def test_every_exit_code_has_its_line(code: ExitCode) -> None:
    assert f"| `{code.value}` | {code.name} |" in sections("commands.md")["Exit codes"]


@pytest.mark.parametrize("command", cli.COMMANDS, ids=lambda command: command.name)
def test_every_command_has_its_section_with_every_option(command: cli.Command) -> None:
    section = sections("commands.md")[f"`sidelight {command.name}`"]
    parser = argparse.ArgumentParser(add_help=False)
    importlib.import_module(f"sidelight_client.cli.{command.module}").add_arguments(parser)
    missing = [name for name in options(parser) if not re.search(rf"`[^`]*{name}\b", section)]
    assert not missing


def test_no_section_is_about_something_that_does_not_exist() -> None:
    known = {f"`sidelight {command.name}`" for command in cli.COMMANDS} | {"Exit codes"}
    assert set(sections("commands.md")) == known


@pytest.mark.parametrize(
    "file",
    [*DOCS.glob("*.md"), *ROOT.glob("*.md")],
    ids=lambda file: file.relative_to(ROOT).as_posix(),
)
def test_every_link_between_pages_leads_somewhere(file: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", file.read_text(encoding="utf-8"))
    assert [link for link in links if not (file.parent / link).exists()] == []


def sections(name: str) -> dict[str, str]:
    """The page's second-level sections by their heading."""
    parts = re.split(r"^## (.*)$", page(name), flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def options(parser: argparse.ArgumentParser) -> list[str]:
    """The options and actions of a command, as they are typed."""
    found: list[str] = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, sub in action.choices.items():
                found += [name, *options(sub)]
        else:
            found += [word for word in action.option_strings if word.startswith("--")]
    return [name for name in found if name != "--help"]
