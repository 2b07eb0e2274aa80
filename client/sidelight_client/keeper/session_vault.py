"""The vault around sign-in, sign-out and unlock: what is left in it, and when to look again."""

from __future__ import annotations

import contextlib
import logging
import math
from collections.abc import Callable, Coroutine, Generator
from dataclasses import replace
from typing import Any

from ..domain.identity.grant import Grant
from ..domain.identity.session import Session
from ..ports import Clock, IdentityProvider, Record, Vault, VaultState
from .renewal import LOCK_WAIT_S

log = logging.getLogger("sidelight.session")

REOPEN_S = 0.75
"""How often a locked keyring is looked at; an unlock mostly follows soon after a login."""
REOPEN_LATER_S = 5.0
REOPEN_SOON_S = 300.0
ELSEWHERE_S = 1.0
"""How often a request may look whether the person has signed in in another process."""


class UnlockWatch:
    """When to look again whether the keyring was unlocked."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._locked_since: float | None = None
        self._looked_at = 0.0

    def note(self, state: VaultState) -> None:
        """Take note of the vault's state after anything was done with it."""
        if state is not VaultState.LOCKED:
            self._locked_since = None
        elif self._locked_since is None:
            self._locked_since = self._looked_at = self._clock.now()

    def due_in_s(self) -> float | None:
        """How long until the next look; None while nothing is locked."""
        if self._locked_since is None:
            return None
        now = self._clock.now()
        every_s = REOPEN_S if now - self._locked_since < REOPEN_SOON_S else REOPEN_LATER_S
        return max(self._looked_at + every_s - now, 0.0)

    async def look(self, vault: Vault) -> Record | None:
        """Look, without prompting anybody; the record once the vault is no longer locked."""
        self._looked_at = self._clock.now()
        try:
            async with vault.exclusive(REOPEN_S):
                if await vault.reopen() is VaultState.LOCKED:
                    return None
                return await vault.load()
        except TimeoutError:
            return None


class SignInWatch:
    """Finds the sign-in that another process saved, for a session that is over in this one.

    Nothing else would tell it: it has no renewal left to make. It is looked for when the vault's
    file changes and when a request needs it; while nothing happens it costs no wake-up.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._looked_at = -math.inf
        self._newest = 0
        self._resting = False

    def note(self, session: Session) -> None:
        """Take note of the session after anything has happened to it."""
        if session.grant is not None:
            self._newest = max(self._newest, session.grant.generation)

    def due(self, session: Session) -> bool:
        """Whether a request should look; it is told of each change of the file anyway."""
        late = self._clock.monotonic() >= self._looked_at + ELSEWHERE_S
        return late and self.wanted(session)

    def wanted(self, session: Session) -> bool:
        """Whether a sign-in of another process would help."""
        return (session.grant is None or bool(session.rejected)) and not self._resting

    @contextlib.contextmanager
    def resting(self) -> Generator[None]:
        """Look for nothing meanwhile: the record is about to be emptied."""
        self._resting = True
        try:
            yield
        finally:
            self._resting = False

    async def look(self, vault: Vault) -> Record | None:
        """The record, where it is of a sign-in that came after all this session knew."""
        self._looked_at = self._clock.monotonic()
        record = await vault.load()
        newer = record is not None and record.generation > self._newest
        return record if newer and not self._resting else None


async def alone(vault: Vault, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Do `work` under the vault's lock; a person's wish is not lost to a stuck process."""
    try:
        async with vault.exclusive(LOCK_WAIT_S):
            await work()
            return
    except TimeoutError:
        log.info("vault: another process holds the lock; going on without it")
    await work()


async def keep_sign_in(vault: Vault, clock: Clock, grant: Grant, before: Grant | None) -> Grant:
    """Save a sign-in's grant with a generation above every earlier one; returns it with that."""
    await vault.reopen()
    record = await vault.load()
    generation = 1 + max(record.generation if record else 0, before.generation if before else 0)
    grant = replace(grant, generation=generation)
    await vault.save(Record(generation, clock.now(), grant))
    return grant


async def keep_sign_out(
    vault: Vault, provider: IdentityProvider, clock: Clock, own: Grant | None
) -> None:
    """Leave a record without a grant, so that other processes learn of it; revoke the newest grant.

    A locked vault keeps that record in memory and replaces the file's when it is unlocked.
    """
    record = await vault.load()
    if record is None and own is None and vault.state is VaultState.READY:
        return
    grants = [g for g in (own, record.grant if record else None) if g is not None]
    newest = max(grants, key=lambda grant: grant.generation, default=None)
    generation = max(newest.generation if newest else 0, record.generation if record else 0)
    await vault.save(Record(generation, clock.now(), None))
    if newest is not None:
        await provider.revoke(newest)
