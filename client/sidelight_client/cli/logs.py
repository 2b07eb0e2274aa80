"""Where a long-running process writes its log: one bounded file, or nowhere when that is impossible."""

from __future__ import annotations

import logging
import os
import sys
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler

from ..adapters.folders import Folders, make_private

_MAX_BYTES = 1_000_000
_OLD_FILES = 2
_FORMAT = "%(asctime)s %(levelname)s %(process)d %(name)s: %(message)s"


def write_log(places: Folders, level: str) -> str:
    """Send the `sidelight` loggers to the log file; return why that is not possible, or "".

    A full disk or a read-only home must not keep anybody from completing code: then nothing is
    logged. Everybody else's loggers stay silent below WARNING, and their text is not written:
    a library may quote what it was sent.
    """
    root = logging.getLogger("sidelight")
    root.setLevel(level.upper())
    root.propagate = False
    logging.raiseExceptions = False
    try:
        make_private(places.state)
        handler = _PrivateFile(
            places.log_file, maxBytes=_MAX_BYTES, backupCount=_OLD_FILES, encoding="utf-8"
        )
    except OSError as error:
        root.addHandler(logging.NullHandler())
        return error.strerror or type(error).__name__
    handler.setFormatter(logging.Formatter(_FORMAT))
    root.addHandler(handler)
    others = _OthersOnlyByName()
    others.setFormatter(logging.Formatter(_FORMAT))
    others.setLevel(logging.WARNING)
    logging.getLogger().addHandler(others)
    return ""


class _PrivateFile(RotatingFileHandler):
    """A log file nobody else can read."""

    def _open(self) -> TextIOWrapper:
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return open(descriptor, "a", encoding=self.encoding, errors=self.errors)  # noqa: PTH123  a descriptor


class _OthersOnlyByName(logging.Handler):
    """Notes in our log that a library complained, without what it said."""

    def emit(self, record: logging.LogRecord) -> None:
        if not record.name.startswith("sidelight"):
            kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else ""
            logging.getLogger("sidelight.others").warning("%s complained %s", record.name, kind)


def complain(sentence: str) -> None:
    """Say something on stderr, where an editor keeps the output of its language servers."""
    sys.stderr.write(f"sidelight: {sentence}\n")
    sys.stderr.flush()
