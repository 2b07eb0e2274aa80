"""*What was sent?* for editors that show documents by address: a private file, gone with the session."""

from __future__ import annotations

import contextlib
import logging
import os
from pathlib import Path

from sidelight_client.api import SentText, sent_document

log = logging.getLogger("sidelight.lsp")

FILES_KEPT = 8
"""A session's; the oldest goes when another comes."""


class SentFiles:
    """The files of one session. Nobody but this person can read them."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._files: list[Path] = []

    def write(self, sent: SentText) -> Path | None:
        """The file with what was sent; None where none can be written."""
        if self._folder is None:
            return None
        path = self._folder / f"sent-{os.getpid()}-{sent.trace_id}.md"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            # Made private and only then written; read-only, because editing it would change nothing.
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(sent_document(sent).encode("utf-8", "replace"))
            path.chmod(0o400)
        except OSError as error:
            log.info("what was sent cannot be shown as a file: %s", type(error).__name__)
            return None
        if path not in self._files:
            self._files.append(path)
        for old in self._files[:-FILES_KEPT]:
            self._remove(old)
        self._files = self._files[-FILES_KEPT:]
        return path

    def close(self) -> None:
        """Leave nothing behind."""
        for path in self._files:
            self._remove(path)
        self._files.clear()

    @staticmethod
    def _remove(path: Path) -> None:
        with contextlib.suppress(OSError):
            # Windows does not remove a file that is read-only.
            path.chmod(0o600)
            path.unlink(missing_ok=True)
