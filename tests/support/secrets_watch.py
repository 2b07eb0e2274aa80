"""Finds tokens where none may be: in the log at every level, in files, in what processes wrote."""

from __future__ import annotations

import logging


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
