"""Each page of `docs/editors` has a block to paste, a picture, and what works and what does not."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from support.pasted import FOLDER, PLACE, pasted

ROOT = Path(__file__).parent.parent
INSTALLERS = ROOT / "installers"
PICTURES = ROOT / "docs" / "pictures"
PICTURE_MAX_BYTES = 150_000
NOT_AN_EDITOR = ("remote",)

pages = pytest.mark.parametrize(
    "page", sorted(FOLDER.glob("*.md")), ids=lambda page: str(page.stem)
)
editors = pytest.mark.parametrize(
    "page",
    sorted(page for page in FOLDER.glob("*.md") if page.stem not in NOT_AN_EDITOR),
    ids=lambda page: str(page.stem),
)


def shown(page: Path) -> list[Path]:
    """The pictures of a page."""
    found = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", page.read_text(encoding="utf-8"))
    return [(page.parent / address).resolve() for address in found]


@pages
def test_every_link_of_an_editors_page_leads_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", text)
    assert [link for link in links if not (page.parent / link).exists()] == []


@editors
def test_an_editors_page_has_a_block_to_paste_and_says_what_works(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.search(r"^```", text, re.MULTILINE)
    assert "| works | does not |" in text


@editors
def test_an_editors_page_has_a_picture_or_says_why_there_is_none(page: Path) -> None:
    text = " ".join(page.read_text(encoding="utf-8").split())
    assert bool(shown(page)) is not ("there is no picture" in text.lower())


@pages
def test_every_path_into_the_checkout_that_a_page_names_exists(page: Path) -> None:
    named = re.findall(rf"{PLACE}/([^'\s\"]+)", page.read_text(encoding="utf-8"))
    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize(
    ("page", "language", "file"),
    [
        ("helix", "toml", "helix/languages.toml"),
        ("kate", "json", "kate/settings.json"),
        ("zed", "json", "zed/settings.json"),
        ("emacs", "elisp", "emacs/*.el"),
    ],
)
def test_what_is_pasted_is_a_part_of_the_file_that_is_tested(
    page: str, language: str, file: str
) -> None:
    texts = [found.read_text(encoding="utf-8") for found in sorted(INSTALLERS.glob(file))]
    blocks = pasted(page, language)
    assert len(blocks) == len(texts)
    assert [block for block in blocks if not any(block in text for text in texts)] == []


def test_what_is_typed_into_a_jetbrains_ide_is_what_the_template_starts() -> None:
    template = json.loads((INSTALLERS / "jetbrains" / "template.json").read_text(encoding="utf-8"))
    assert pasted("jetbrains", "") == [f"{template['programArgs']['default']}\n"]


def test_the_settings_that_are_pasted_into_vs_code_are_settings_of_the_extension() -> None:
    package = json.loads((INSTALLERS / "vscode" / "package.json").read_text(encoding="utf-8"))
    known = package["contributes"]["configuration"]["properties"]
    (block,) = pasted("vscode", "json")
    given = json.loads(f"{{{block}}}")
    kinds = {"string": str, "array": list, "boolean": bool}
    assert [key for key in given if key not in known] == []
    assert all(isinstance(value, kinds[known[key]["type"]]) for key, value in given.items())


def test_every_picture_is_small_and_on_some_page() -> None:
    used = {picture for page in FOLDER.glob("*.md") for picture in shown(page)}
    kept = {
        picture.resolve()
        for page in FOLDER.glob("*.md")
        for picture in PICTURES.glob(f"{page.stem}*")
    }
    assert kept == used
    assert [one.name for one in used if one.stat().st_size > PICTURE_MAX_BYTES] == []
