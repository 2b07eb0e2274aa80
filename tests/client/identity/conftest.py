"""Every token issued in these tests is searched for in everything they left behind."""

from __future__ import annotations

import logging
from collections.abc import Generator
from pathlib import Path

import pytest


class Recorder(logging.Handler):
    """Every log line at every level, arguments and tracebacks included."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


class Secrets:
    """The tokens a test knows of, and the text it collected besides the log and its folder."""

    def __init__(self) -> None:
        self.tokens: list[list[str]] = []
        self.texts: list[str] = []

    def watch(self, issued: list[str]) -> None:
        """Search for what is in `issued` when the test ends."""
        self.tokens.append(issued)


@pytest.fixture(autouse=True)
def secrets_watch(tmp_path: Path) -> Generator[Secrets]:
    watch = Secrets()
    recorder = Recorder()
    root = logging.getLogger()
    level = root.level
    root.addHandler(recorder)
    root.setLevel(logging.DEBUG)
    try:
        yield watch
    finally:
        root.removeHandler(recorder)
        root.setLevel(level)
    text = "\n".join([*recorder.lines, *watch.texts])
    for path in tmp_path.rglob("*"):
        if path.is_file():
            text += path.read_bytes().decode("latin-1")
    found = [token[:12] + "…" for issued in watch.tokens for token in issued if token in text]
    assert not found, f"{len(found)} tokens were left in a log or a file"
