"""What a person paused, in a small file: a broker that comes later keeps to it."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import os
import tempfile
from pathlib import Path
from typing import Any, cast

from ..domain.pauses import LANGUAGES_LIMIT, LanguagePause, Pauses, is_language
from .folders import make_private

log = logging.getLogger("sidelight.broker")

FILE_NAME = "pauses.json"
_SIZE_LIMIT = 64 * 1024


class PausesFile:
    """Reads once, at the start; writes on a thread, and of several changes only the newest."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._newest: Pauses | None = None
        self._writing: asyncio.Task[None] | None = None

    def read(self, now: float) -> Pauses:
        """What still holds at `now`; nothing where the file is missing or damaged."""
        try:
            with self._path.open("rb") as file:
                return pauses_of(file.read(_SIZE_LIMIT)).at(now)
        except OSError:
            return Pauses()

    def keep(self, pauses: Pauses) -> None:
        """Write `pauses` soon. Called on the loop."""
        self._newest = pauses
        if self._writing is None or self._writing.done():
            self._writing = asyncio.get_running_loop().create_task(self._write())

    async def close(self) -> None:
        """Return when everything is written."""
        if self._writing is not None:
            await self._writing

    async def _write(self) -> None:
        while self._newest is not None:
            newest, self._newest = self._newest, None
            try:
                await asyncio.to_thread(_replace, self._path, as_json(newest))
            except OSError as error:
                # The pause holds all the same, for as long as this broker runs.
                log.info("what is paused cannot be kept: %s", error.strerror)


def as_json(pauses: Pauses) -> bytes:
    """The content of the file."""
    told = {
        "everything_until": pauses.everything_until,
        "languages": {one.language: one.until for one in pauses.languages},
        "muted_until": pauses.muted_until,
    }
    return json.dumps(told).encode()


def pauses_of(content: bytes) -> Pauses:
    """What the file says, as far as it can be read. Never raises."""
    try:
        told: object = json.loads(content)
    except (ValueError, RecursionError):
        return Pauses()
    if not isinstance(told, dict):
        return Pauses()
    data = cast("dict[str, Any]", told)
    languages: object = data.get("languages")
    named = cast("dict[str, Any]", languages) if isinstance(languages, dict) else dict[str, Any]()
    found = (
        LanguagePause(name, until)
        for name, value in named.items()
        if is_language(name) and (until := _moment(value)) is not None
    )
    return Pauses(
        _moment(data.get("everything_until")),
        tuple(found)[:LANGUAGES_LIMIT],
        _moment(data.get("muted_until")),
    )


def _moment(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        moment = float(value)
    except OverflowError:
        return None
    return moment if math.isfinite(moment) and moment > 0 else None


def _replace(path: Path, content: bytes) -> None:
    make_private(path.parent)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
