"""Where pictures of editors go: beside the other artefacts, and on request into the documentation."""

from __future__ import annotations

import os
from pathlib import Path

VARIABLE = "SIDELIGHT_PICTURES"
"""Names the folder that the pages' own pictures are written to; unset, they are only artefacts."""


def keep(name: str, content: bytes) -> Path:
    """Keep a picture for whoever looks at a test run."""
    folder = Path(os.environ.get("SIDELIGHT_ARTEFACTS", "artifacts"))
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_bytes(content)
    return file


def keep_for_the_pages(name: str, content: bytes) -> None:
    """Keep a picture that a page of the documentation shows."""
    keep(name, content)
    if folder := os.environ.get(VARIABLE):
        (Path(folder) / name).write_bytes(content)
