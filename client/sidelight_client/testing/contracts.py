"""What every implementation of a port must do: inherit a class and give it the thing to test.

No test framework is imported: pytest with anyio collects the methods of a subclass.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from dataclasses import replace

from ..ports import Record, Vault, VaultState
from .fakes import grant

_NOW = 1_700_000_000.0


def record(generation: int = 1, **changes: str) -> Record:
    """A record whose tokens name its generation."""
    held = grant(
        generation=generation,
        token=f"access-of-generation-{generation}",
        refresh=changes.get("refresh", f"refresh-of-generation-{generation}"),
    )
    return Record(generation, _NOW + generation, held, changes.get("rejected", ""))


class VaultContract(ABC):
    """The contract of `ports.Vault`."""

    @abstractmethod
    def open(self) -> Vault:
        """The same vault, opened anew as another process would; memory stays the same object."""

    async def test_a_new_vault_is_empty(self) -> None:
        assert await self.open().load() is None

    async def test_what_was_saved_is_loaded_whole(self) -> None:
        vault = self.open()
        saved = replace(record(7), grant=replace(grant(generation=7), scopes=("openid", "x")))
        assert await vault.save(saved) is VaultState.READY
        assert await vault.load() == saved
        assert await self.open().load() == saved

    async def test_a_grant_without_a_refresh_token_keeps_being_one(self) -> None:
        vault = self.open()
        saved = Record(1, _NOW, grant(refresh=None))
        await vault.save(saved)
        assert await self.open().load() == saved

    async def test_the_latest_record_replaces_the_one_before(self) -> None:
        vault = self.open()
        for generation in (1, 2, 3):
            await vault.save(record(generation))
        assert await self.open().load() == record(3)

    async def test_what_another_process_saved_is_seen_at_once(self) -> None:
        first, second = self.open(), self.open()
        await first.save(record(1))
        assert await second.load() == record(1)
        await second.save(record(2))
        assert await first.load() == record(2)

    async def test_a_rejection_is_remembered(self) -> None:
        await self.open().save(record(4, rejected="invalid_grant"))
        loaded = await self.open().load()
        assert loaded is not None
        assert loaded.rejected == "invalid_grant"

    async def test_a_sign_out_leaves_a_record_without_a_grant(self) -> None:
        vault = self.open()
        await vault.save(record(4))
        await vault.save(Record(4, _NOW + 9, None))
        assert await self.open().load() == Record(4, _NOW + 9, None)

    async def test_who_watches_hears_of_what_another_process_saved_and_later_of_nothing(
        self,
    ) -> None:
        watching, other, told = self.open(), self.open(), asyncio.Event()
        async with watching.watching(told.set):
            await other.save(record(1))
            if watching.mode != "memory":
                async with asyncio.timeout(10):
                    await told.wait()
            assert await watching.load() == record(1)
        told.clear()
        await other.save(record(2))
        await asyncio.sleep(0)
        assert not told.is_set()

    async def test_inside_exclusive_nobody_else_is_in(self) -> None:
        inside = 0
        most = 0

        async def visit(vault: Vault) -> None:
            nonlocal inside, most
            async with vault.exclusive(10.0):
                inside += 1
                most = max(most, inside)
                await asyncio.sleep(0)
                inside -= 1

        shared = self.open()
        await asyncio.gather(*(visit(v) for v in (shared, shared, self.open(), self.open())))
        assert most == 1

    async def test_exclusive_gives_up_after_its_wait(self) -> None:
        first, second = self.open(), self.open()
        async with first.exclusive(1.0):
            for vault in (first, second):
                try:
                    async with vault.exclusive(0.05):
                        entered = True
                except TimeoutError:
                    entered = False
                assert not entered
        async with second.exclusive(1.0):
            pass

    async def test_an_error_inside_exclusive_lets_the_next_one_in(self) -> None:
        vault = self.open()
        try:
            async with vault.exclusive(1.0):
                raise LookupError
        except LookupError:
            pass
        async with self.open().exclusive(1.0):
            pass

    async def test_reading_and_replacing_inside_exclusive_loses_no_update(self) -> None:
        await self.open().save(record(1))

        async def renew(vault: Vault) -> None:
            async with vault.exclusive(10.0):
                held = await vault.load()
                assert held is not None
                await vault.save(record(held.generation + 1))

        await asyncio.gather(*(renew(self.open()) for _ in range(5)))
        loaded = await self.open().load()
        assert loaded is not None
        assert loaded.generation == 6  # noqa: PLR2004  one and five renewals

    async def test_its_words_about_itself_need_no_question(self) -> None:
        vault = self.open()
        assert vault.mode in ("keyring", "memory", "file")
        assert vault.state is VaultState.READY
        assert await vault.reopen() is VaultState.READY
