"""Each page of `docs/editors` has a block to paste, a picture, and what works and what does not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "docs" / "editors"
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


def test_every_picture_is_small_and_on_some_page() -> None:
    used = {picture for page in FOLDER.glob("*.md") for picture in shown(page)}
    kept = {
        picture.resolve()
        for page in FOLDER.glob("*.md")
        for picture in PICTURES.glob(f"{page.stem}*")
    }
    assert kept == used
    assert [one.name for one in used if one.stat().st_size > PICTURE_MAX_BYTES] == []
