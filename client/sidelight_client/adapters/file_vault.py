"""A vault whose key lies in a file beside the sealed one: only by explicit setting.

It keeps the tokens out of backups of a single file and of a careless `cat`; who can read the
person's files can read it. Use it where there is no keyring: containers, SSH, headless machines.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from ..ports import VaultState
from .folders import make_private
from .seal import KEY_BYTES, new_key
from .sealed_vault import OpenedKey, SealedVault

log = logging.getLogger("sidelight.vault")


class FileVault(SealedVault):
    """The record sealed in `folder`, with a key file that the person alone can read."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._key_file = folder / "session.key"
        self._known: bytes | None = None

    @property
    def durable_mode(self) -> str:
        return "file"

    @asynccontextmanager
    async def _key(self, *, create: bool) -> AsyncGenerator[OpenedKey]:
        if self._known is None:
            found = await asyncio.to_thread(self._find, create=create)
            if not isinstance(found, bytes):
                yield found
                return
            self._known = found
        yield self._known

    def _find(self, *, create: bool) -> OpenedKey:
        try:
            if create:
                self._make_once()
            return self._read()
        except FileNotFoundError:
            return None
        except OSError as error:
            log.info("vault: the key file cannot be used (%s)", error.strerror)
            return VaultState.UNWRITABLE

    def _make_once(self) -> None:
        """Create the key file unless there is one: complete under its name, or not at all.

        A hard link fails where the name exists, so of two processes the first one's key stays.
        """
        if self._key_file.exists() and self._key_file.stat().st_size == KEY_BYTES:
            return
        make_private(self._key_file.parent)
        temporary = self._key_file.with_name(f".session.key.{os.getpid()}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            try:
                os.write(descriptor, new_key())
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            self._publish(temporary)
        finally:
            temporary.unlink(missing_ok=True)

    def _publish(self, temporary: Path) -> None:
        try:
            os.link(temporary, self._key_file)
        except FileExistsError:
            if self._key_file.stat().st_size != KEY_BYTES:
                temporary.replace(self._key_file)  # A damaged key opens nothing.
        except OSError:
            # No hard links on this file system (FAT, some network drives).
            temporary.replace(self._key_file)

    def _read(self) -> OpenedKey:
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)
        descriptor = os.open(self._key_file, flags)
        try:
            if os.name == "posix" and os.fstat(descriptor).st_mode & 0o077:
                log.info("vault: the key file was readable by others; now it is not")
                os.fchmod(descriptor, 0o600)
            key = os.read(descriptor, KEY_BYTES + 1)
        finally:
            os.close(descriptor)
        return key if len(key) == KEY_BYTES else None
