"""The key of a gateway that this person serves on this machine: a file only its owner can read."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Generator
from pathlib import Path

from ..adapters.folders import Folders, make_private
from ..domain.identity.secret import Secret


def key_path(places: Folders, url: str) -> Path:
    """Where a gateway served on this machine leaves its key."""
    return places.runtime / f"gateway-{url.rpartition(':')[2]}.key"


def read_key(places: Folders, url: str) -> Secret | None:
    """The key of the gateway served at `url` by this person, if there is one."""
    try:
        return Secret(key_path(places, url).read_text("ascii").strip())
    except (OSError, UnicodeDecodeError):
        return None


@contextlib.contextmanager
def key_file(places: Folders, url: str, key: Secret) -> Generator[Path]:
    """The file with the key, while the gateway is served."""
    make_private(places.runtime)
    path = key_path(places, url)
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(key.reveal())
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)
