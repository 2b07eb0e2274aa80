"""What a person's sign-in and sign-out leave in the vault, done alone under its lock."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from .domain.session import Grant
from .ports import Clock, IdentityProvider, Record, Vault, VaultState
from .renewal import LOCK_WAIT_S

log = logging.getLogger("sidelight.session")


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
