"""A vault whose key lies in the system keyring; the only file that imports keyring.

The keyring holds 32 bytes that never change: tokens do not fit into a Windows credential (1,280
characters), macOS asks the person again after each write, and gnome-keyring-daemon has been seen
to abort when several processes open sessions at once. So: one item, one thread, one read.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import logging
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

from ..ports import VaultState
from .file_lock import FileLock
from .seal import KEY_BYTES, new_key
from .sealed_vault import OpenedKey, SealedVault

log = logging.getLogger("sidelight.vault")

SERVICE = "sidelight"
ACCOUNT = "session key"
LIMIT_S = 3.0
"""How long the keyring may take: activation over D-Bus has been seen to hang for two minutes."""


class KeyringBackend(Protocol):
    """What is used of `keyring.backend.KeyringBackend`."""

    def get_password(self, service: str, username: str, /) -> str | None: ...

    def set_password(self, service: str, username: str, password: str, /) -> None: ...


class KeyringVault(SealedVault):
    """The record sealed in `folder` by a key from the keyring.

    Nothing here prompts: a locked keyring is told apart by looking, and waited for.
    """

    def __init__(self, folder: Path, backend: Callable[[], KeyringBackend] | None = None) -> None:
        super().__init__(folder)
        self._backend = backend or _system_backend
        self._between_processes = FileLock(folder / "keyring.lock")
        self._worker = _Worker()
        self._known: bytes | None = None

    @property
    def durable_mode(self) -> str:
        return "keyring"

    @asynccontextmanager
    async def _key(self, *, create: bool) -> AsyncGenerator[OpenedKey]:
        if self._known is not None:
            yield self._known
            return
        async with contextlib.AsyncExitStack() as stack:
            # One limit for both: waiting for another process's keyring call, and our own.
            try:
                async with asyncio.timeout(LIMIT_S):
                    await stack.enter_async_context(self._between_processes.hold(LIMIT_S))
                    found = await self._worker.run(lambda: self._look(create=create))
            except TimeoutError:
                log.info("vault: the keyring did not answer within %.0f s", LIMIT_S)
                found = VaultState.LOCKED
            except OSError as error:
                log.info("vault: no lock file in this folder (%s)", error.strerror)
                found = VaultState.UNWRITABLE
            yield found

    def _look(self, *, create: bool) -> OpenedKey:
        """Runs in the worker thread. A late answer is kept in `_known` for the next `reopen`."""
        # An earlier call may have answered between the look at `_known` and this thread.
        found = self._known or find_key(self._backend, create=create)
        if isinstance(found, bytes):
            self._known = found
        return found


def find_key(backend_of: Callable[[], KeyringBackend], *, create: bool) -> OpenedKey:
    """The key from the keyring, made and verified by reading it back where there is none."""
    from keyring import errors

    try:
        backend = backend_of()
        state = _probe(backend)
        if state is not VaultState.READY:
            return state
        key = _decoded(backend.get_password(SERVICE, ACCOUNT))
        if key is not None or not create:
            return key
        made = new_key()
        backend.set_password(SERVICE, ACCOUNT, base64.b64encode(made).decode())
        # Some backends accept a write and keep nothing.
        return made if _decoded(backend.get_password(SERVICE, ACCOUNT)) == made else _absent("null")
    except (errors.KeyringLocked, errors.InitError) as error:
        # InitError: the Secret Service's prompt was dismissed, or could not be shown.
        log.info("vault: the keyring is locked (%s)", type(error).__name__)
        return VaultState.LOCKED
    except Exception as error:
        # Backends raise what their libraries raise: D-Bus, ctypes and OS errors of every kind.
        return _absent(type(error).__name__)


def find_password(name: str, backend_of: Callable[[], KeyringBackend] | None = None) -> str | None:
    """What a person keeps in the keyring under the service `sidelight` and `name`; blocks.

    None where there is none, and where asking for it would prompt.
    """
    try:
        backend = (backend_of or _system_backend)()
        if name == ACCOUNT or _probe(backend) is not VaultState.READY:
            return None
        return backend.get_password(SERVICE, name)
    except Exception as error:
        # As in `find_key`: whatever the backend raises, there is no such entry for us.
        log.info("vault: an entry cannot be looked up (%s)", type(error).__name__)
        return None


def _absent(why: str) -> VaultState:
    log.info("vault: no keyring can be used (%s)", why)
    return VaultState.ABSENT


def _decoded(text: str | None) -> bytes | None:
    """The key, or None where the item is missing or not ours."""
    try:
        key = base64.b64decode(text or "", validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if len(key) == KEY_BYTES else None


def _system_backend() -> KeyringBackend:
    import keyring

    return keyring.get_keyring()


def _probe(backend: KeyringBackend) -> VaultState:
    """Whether the backend can be used without prompting; asked before every use."""
    members: list[Any] = list(getattr(backend, "backends", ())) or [backend]
    for member in members:
        module = type(member).__module__
        if module.startswith("keyrings.alt."):
            return _absent("it would keep the key in a plain file")
        if module == "keyring.backends.SecretService":
            return _probe_secret_service()
    return VaultState.READY


def _probe_secret_service() -> VaultState:
    """Look at the default collection: neither unlock nor create it, for both show a prompt."""
    import secretstorage

    connection = secretstorage.dbus_init()
    try:
        default = "/org/freedesktop/secrets/aliases/default"
        locked = secretstorage.Collection(connection, default).is_locked()
        return VaultState.LOCKED if locked else VaultState.READY
    except secretstorage.ItemNotFoundException:
        return _absent("it has no default collection")
    finally:
        connection.close()


class _Worker:
    """A daemon thread for one call at a time: one that hangs holds up neither loop nor exit."""

    def __init__(self) -> None:
        self._free = threading.Event()
        self._free.set()

    async def run(self, job: Callable[[], OpenedKey]) -> OpenedKey:
        """What `job` returns. Raises TimeoutError while an earlier call still hangs."""
        if not self._free.is_set():
            raise TimeoutError
        self._free.clear()
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[OpenedKey] = loop.create_future()

        def deliver(found: OpenedKey) -> None:
            if not answer.done():
                answer.set_result(found)

        def main() -> None:
            try:
                found = job()
            finally:
                self._free.set()
            with contextlib.suppress(RuntimeError):  # The loop ended before the keyring answered.
                loop.call_soon_threadsafe(deliver, found)

        threading.Thread(target=main, name="sidelight-keyring", daemon=True).start()
        return await answer
