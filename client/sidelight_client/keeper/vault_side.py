"""The keeper's side of the vault: its record is taken over at the start, and whenever others replaced it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from ..domain.identity.grant import Grant
from ..domain.identity.session_events import Event, SignedIn, SignedOut
from ..ports import Clock, IdentityProvider, Record, Vault, VaultState
from .facts import KeeperState
from .session_vault import SignInWatch, UnlockWatch, alone, keep_sign_in, keep_sign_out

log = logging.getLogger("sidelight.session")


class VaultSide:
    """Reads, saves and watches one vault for the keeper's session."""

    def __init__(
        self,
        clock: Clock,
        vault: Vault,
        state: KeeperState,
        *,
        dispatch: Callable[[Event], None],
        changed: Callable[[], None],
        spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
    ) -> None:
        """`dispatch`, `changed` and `spawn` are the keeper's own."""
        self._clock = clock
        self._vault = vault
        self._state = state
        self._dispatch = dispatch
        self._changed = changed
        self._spawn = spawn
        self._unlock_watch = UnlockWatch(clock)
        self._sign_in_watch = SignInWatch(clock)

    async def load(self) -> None:
        """Read the record for the first time, and watch it from then on."""
        record = await self._vault.load()
        state = self._state
        known = state.facts.known or self._vault.state is not VaultState.LOCKED
        state.facts = replace(state.facts, loaded=True, known=known)
        self._take_record(record)
        self._changed()
        self._spawn(self._watch())

    def note(self) -> None:
        """Take note of the vault and the session after anything has happened to either."""
        vault, state = self._vault, self._state
        self._unlock_watch.note(vault.state)
        self._sign_in_watch.note(state.session)
        state.facts = replace(state.facts, vault_state=vault.state, vault_mode=vault.mode)

    async def keep_sign_in(self, answer: Grant) -> None:
        """Save the grant of a sign-in, and go on with it."""
        await alone(self._vault, lambda: self._take_sign_in(answer))

    async def keep_sign_out(self, provider: IdentityProvider) -> None:
        """End the session, here first; then empty the vault and tell `provider`."""
        own = self._state.session.grant
        self._state.facts = replace(self._state.facts, known=True, failing_since=None)
        with self._sign_in_watch.resting():
            self._dispatch(SignedOut())
            await alone(self._vault, lambda: keep_sign_out(self._vault, provider, self._clock, own))

    def look_if_due(self) -> asyncio.Task[None] | None:
        """Look for the sign-in of another process, where a request may profit from it."""
        due = self._sign_in_watch.due(self._state.session)
        return self._spawn(self._look_for_sign_in()) if due else None

    def unlock_due_in_s(self) -> float | None:
        """When a locked vault is looked at again; None where it is not locked."""
        return self._unlock_watch.due_in_s()

    async def look_for_unlock(self) -> None:
        """Look whether the vault is still locked, and take over what is in it if not."""
        record = await self._unlock_watch.look(self._vault)
        if self._vault.state is not VaultState.LOCKED:
            log.info("vault: the keyring is no longer locked: %s", self._vault.state)
            self._state.facts = replace(self._state.facts, known=True)
            self._take_record(record)
            self._changed()

    async def _take_sign_in(self, answer: Grant) -> None:
        state = self._state
        grant = await keep_sign_in(self._vault, self._clock, answer, state.session.grant)
        state.facts = replace(
            state.facts, loaded=True, known=True, issuer=grant.issuer, failing_since=None
        )
        state.learned = False
        self._dispatch(SignedIn(grant))

    def _take_record(self, record: Record | None) -> None:
        """Go on with the vault's grant where it is newer than ours."""
        own = self._state.session.grant
        if record is None or record.grant is None:
            return
        if own is None or record.generation > own.generation:
            self._state.facts = replace(self._state.facts, issuer=record.grant.issuer)
            self._dispatch(SignedIn(record.grant, record.rejected))

    async def _watch(self) -> None:
        async with self._vault.watching(self._vault_changed):
            self._vault_changed()  # It may have changed while the watch was being set up.
            await asyncio.Event().wait()

    def _vault_changed(self) -> None:
        """Another process may have saved a record: go on with it where a person signed in there."""
        if self._state.facts.loaded and self._sign_in_watch.wanted(self._state.session):
            self._spawn(self._look_for_sign_in())

    async def _look_for_sign_in(self) -> None:
        self._take_record(await self._sign_in_watch.look(self._vault))
        self._changed()
