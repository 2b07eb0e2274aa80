"""What the pages of the editors say to paste, so that the tests run just that."""

from __future__ import annotations

import re

from .neovim import CHECKOUT

FOLDER = CHECKOUT / "docs" / "editors"
PLACE = "/path/to/sidelight"
"""Where the pages have the checkout."""


def pasted(page: str, language: str) -> list[str]:
    """The blocks of a page in a language, as they are, but with paths into this checkout."""
    text = (FOLDER / f"{page}.md").read_text(encoding="utf-8")
    found = re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert found, f"the page {page} has no block of {language}"
    return [str(block).replace(PLACE, str(CHECKOUT)) for block in found]
