"""What was learned about models, remembered for a day in one small file: how to ask, and if to stream."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..domain.routing.fim import KEPT_S, Learned, Mode, Shown
from ..gateways.untrusted import items, mapping, member, number, parsed, text
from ..ports import Clock
from .seal import UnsealError, read_bounded, write_atomically

log = logging.getLogger("sidelight.gateway")

FILE_NAME = "models.json"
MOST = 100
"""Models at addresses; whoever uses more learns some of it again."""
MAX_BYTES = 64 * 1024
VERSION = 1

Key = tuple[str, str]
"""An address and a model's name."""


class LearnedWays:
    """The memory. Without a file, and with one that cannot be read or written, it is this process's own."""

    def __init__(self, file: Path | None, clock: Clock) -> None:
        self._file = file
        self._clock = clock
        self._known: dict[Key, Learned] = {}
        self._loading: asyncio.Task[None] | None = None
        self._saving: asyncio.Task[None] | None = None
        self._changed = False

    async def load(self) -> None:
        """Read the file, once; what was learned meanwhile is newer and stays."""
        if self._file is not None:
            if self._loading is None:
                self._loading = asyncio.get_running_loop().create_task(self._load(self._file))
            await asyncio.shield(self._loading)

    def of(self, endpoint: str, model: str) -> Learned:
        """What is known; nothing after a day, or from a clock that was ahead."""
        learned = self._known.get((endpoint, model))
        fresh = learned is not None and 0 <= self._clock.now() - learned.at < KEPT_S
        return learned if learned is not None and fresh else Learned()

    def learn(self, endpoint: str, model: str, change: Callable[[Learned], Learned]) -> None:
        """Keep `change` of what is known; it is written in the background."""
        before = self.of(endpoint, model)
        after = change(before)
        if (after.ways, after.streams) == (before.ways, before.streams):
            return
        self._known.pop((endpoint, model), None)
        self._known[endpoint, model] = after
        while len(self._known) > MOST:
            del self._known[next(iter(self._known))]
        self._changed = True
        if self._file is not None and (self._saving is None or self._saving.done()):
            self._saving = asyncio.get_running_loop().create_task(self._save(self._file))

    async def close(self) -> None:
        """Wait for what is being written."""
        running = [t for t in (self._loading, self._saving) if t is not None and not t.done()]
        if running:
            await asyncio.wait(running)

    async def _load(self, file: Path) -> None:
        try:
            found = await asyncio.to_thread(read_bounded, file)
        except (OSError, UnsealError) as error:
            log.info("what was learned about models cannot be read (%s)", type(error).__name__)
            return
        kept = mapping(parsed(found or b"") if len(found or b"") <= MAX_BYTES else None)
        if kept.get("version") != VERSION:
            return
        for entry in map(mapping, items(kept.get("models"), MOST)):
            key = (text(entry.get("endpoint"), 2_000), text(entry.get("model")))
            learned = _learned(entry)
            if learned is not None and key not in self._known:
                self._known[key] = learned

    async def _save(self, file: Path) -> None:
        while self._changed:
            self._changed = False
            entries = [
                _entry(endpoint, model, learned)
                for (endpoint, model), learned in self._known.items()
            ]
            data = json.dumps({"version": VERSION, "models": entries}).encode()
            try:
                await asyncio.to_thread(write_atomically, file, data)
            except OSError as error:
                log.info("what was learned about models cannot be kept (%s)", error.strerror)


def _entry(endpoint: str, model: str, learned: Learned) -> dict[str, Any]:
    return {
        "endpoint": endpoint,
        "model": model,
        "at": learned.at,
        "ways": {mode.value: shown.value for mode, shown in learned.ways.items()},
        "streams": learned.streams.value if learned.streams is not None else None,
    }


def _learned(entry: Mapping[str, Any]) -> Learned | None:
    at = number(entry.get("at"))
    if at is None:
        return None
    said = mapping(entry.get("ways"))
    ways = {mode: shown for mode in Mode if (shown := member(Shown, said.get(mode.value)))}
    return Learned(ways, member(Shown, entry.get("streams")), at)
