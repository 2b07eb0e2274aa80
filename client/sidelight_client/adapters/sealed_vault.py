"""What the vaults with a sealed file have in common; they differ in where the key comes from."""

from __future__ import annotations

import hashlib
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path

from ..ports import Record, VaultState
from .file_lock import FileLock
from .sealed_store import SealedStore, newest

log = logging.getLogger("sidelight.vault")

OpenedKey = bytes | VaultState | None
"""The key; or why there can be none now; or None where none has been made yet."""


def session_folder(state: Path, gateway_url: str) -> Path:
    """The folder for the session with one gateway.

    A token travels to one gateway only: one that was signed in to before must not be found when
    the setting names another.
    """
    name = hashlib.sha256(gateway_url.rstrip("/").encode()).hexdigest()[:16]
    return state / "sessions" / name


class SealedVault(ABC):
    """A `ports.Vault` on a sealed file. Without its key, or without disk, it keeps to memory.

    Once it has fallen back only `reopen` tries the key again, so that a keyring that hangs is
    waited for when a person signs in or time has passed, and never by a renewal.
    """

    def __init__(self, folder: Path) -> None:
        self._store = SealedStore(folder)
        self._state = VaultState.READY
        self._memory: Record | None = None

    @property
    @abstractmethod
    def durable_mode(self) -> str:
        """The mode while READY."""

    @abstractmethod
    def _key(self, *, create: bool) -> AbstractAsyncContextManager[OpenedKey]:
        """The key; a first record is written inside, before another process may look for one."""

    @property
    def mode(self) -> str:
        return self.durable_mode if self._state is VaultState.READY else "memory"

    @property
    def state(self) -> VaultState:
        return self._state

    @property
    def place(self) -> str:
        return str(self._store.folder)

    @property
    def lock(self) -> FileLock:
        """The lock, for `sidelight doctor` to name its holder."""
        return self._store.lock

    def exclusive(self, wait_s: float) -> AbstractAsyncContextManager[None]:
        return self._store.exclusive(wait_s)

    def watching(self, changed: Callable[[], None]) -> AbstractAsyncContextManager[None]:
        return self._store.watching(changed)

    async def load(self) -> Record | None:
        # Without a file nobody has signed in here, and the keyring is left alone.
        if self._state in (VaultState.LOCKED, VaultState.ABSENT) or not self._store.exists():
            return self._memory
        async with self._key(create=False) as key:
            if isinstance(key, VaultState):
                self._fall_back(key, self._memory)
            if not isinstance(key, bytes):
                return self._memory
            return newest(self._memory, await self._store.read(key))

    async def save(self, record: Record) -> VaultState:
        if self._state in (VaultState.LOCKED, VaultState.ABSENT):
            self._memory = record
            return self._state
        return await self._write(record)

    async def reopen(self) -> VaultState:
        """See `ports.Vault.reopen`; call it inside `exclusive`, because it may write.

        A record that was kept in memory meanwhile and is newer than the file's replaces it.
        """
        if self._state is VaultState.READY:
            return self._state
        async with self._key(create=self._memory is not None) as key:
            if isinstance(key, VaultState):
                return self._fall_back(key, self._memory)
            stored = None if key is None else await self._store.read(key)
        kept = self._memory
        self._state, self._memory = VaultState.READY, None
        if kept is None or newest(kept, stored) is not kept:
            return self._state
        if stored is not None:
            kept = replace(kept, generation=max(kept.generation, stored.generation + 1))
            if kept.grant is not None:
                kept = replace(kept, grant=replace(kept.grant, generation=kept.generation))
        return await self._write(kept)

    async def _write(self, record: Record) -> VaultState:
        async with self._key(create=True) as key:
            if not isinstance(key, bytes):
                return self._fall_back(key or VaultState.ABSENT, record)
            try:
                await self._store.write(key, record)
            except OSError as error:
                log.info("vault: the record cannot be written (%s)", error.strerror)
                return self._fall_back(VaultState.UNWRITABLE, record)
        self._state, self._memory = VaultState.READY, None
        return self._state

    def _fall_back(self, state: VaultState, record: Record | None) -> VaultState:
        if state is not self._state:
            log.info("vault: %s, so the session is kept in memory", state)
        self._state, self._memory = state, record
        return state
