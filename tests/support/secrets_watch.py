"""Finds tokens where none may be: in the log at every level, in files, in what processes wrote."""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path


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

    def found_in(self, text: str) -> list[str]:
        """The tokens that are in `text`, cut short."""
        return [token[:12] + "…" for issued in self.tokens for token in issued if token in text]


@contextmanager
def watching_secrets(folder: Path) -> Generator[Secrets]:
    """Search every log line and every file below `folder` for each token issued in the block."""
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
    texts = [*recorder.lines, *watch.texts]
    texts += [p.read_bytes().decode("latin-1") for p in folder.rglob("*") if p.is_file()]
    found = watch.found_in("\n".join(texts))
    assert not found, f"{len(found)} tokens were left in a log or a file"
