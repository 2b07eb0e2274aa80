"""Every vault keeps the contract; the sealed ones survive whatever a disk or a keyring does."""

from __future__ import annotations

import asyncio
import os
import stat
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path

import keyring
import keyring.backend
import keyring.backends.fail
import keyring.backends.null
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keyring.errors import KeyringLocked, NoKeyringError

from sidelight_client.adapters import seal
from sidelight_client.adapters.file_vault import FileVault
from sidelight_client.adapters.keyring_vault import KeyringVault, find_key
from sidelight_client.adapters.memory_vault import MemoryVault
from sidelight_client.adapters.sealed_vault import session_folder
from sidelight_client.adapters.vault_record import RecordError, decode, encode
from sidelight_client.ports import Record, Vault, VaultState
from sidelight_client.testing.contracts import VaultContract, record
from sidelight_client.testing.fakes import FakeVault

pytestmark = pytest.mark.anyio


class RealishKeyring(keyring.backend.KeyringBackend):
    """A keyring in memory, with the moods real ones have."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # keyring leaves it untyped
        self.items: dict[tuple[str, str], str] = {}
        self.reads = 0
        self.writes = 0
        self.trouble: Exception | None = None
        self.hangs = threading.Event()
        self.hangs.set()

    def _mood(self) -> None:
        self.hangs.wait(30)
        if self.trouble is not None:
            raise self.trouble

    def get_password(self, service: str, username: str) -> str | None:
        self.reads += 1
        self._mood()
        return self.items.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.writes += 1
        self._mood()
        self.items[service, username] = password


@pytest.fixture
def system() -> Generator[RealishKeyring]:
    """The system's keyring for the time of a test."""
    before = keyring.get_keyring()
    backend = RealishKeyring()
    keyring.set_keyring(backend)
    yield backend
    backend.hangs.set()
    keyring.set_keyring(before)


class TestMemoryVault(VaultContract):
    @pytest.fixture(autouse=True)
    def _vault(self) -> None:
        self._kept = MemoryVault()

    def open(self) -> Vault:
        return self._kept


class TestFakeVault(VaultContract):
    @pytest.fixture(autouse=True)
    def _vault(self) -> None:
        self._kept = FakeVault()

    def open(self) -> Vault:
        return self._kept


class TestFileVault(VaultContract):
    @pytest.fixture(autouse=True)
    def _vault(self, tmp_path: Path) -> None:
        self._folder = tmp_path

    def open(self) -> Vault:
        return FileVault(self._folder)


class TestKeyringVault(VaultContract):
    @pytest.fixture(autouse=True)
    def _vault(self, tmp_path: Path, system: RealishKeyring) -> None:
        self._folder = tmp_path

    def open(self) -> Vault:
        return KeyringVault(self._folder)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def sealed_file(folder: Path) -> Path:
    return folder / "session.sealed"


def test_each_gateway_has_a_session_of_its_own(tmp_path: Path) -> None:
    first = session_folder(tmp_path, "https://gateway.example/")
    assert first == session_folder(tmp_path, "https://gateway.example")
    assert first != session_folder(tmp_path, "https://other.example")
    assert first.parent.parent == tmp_path


# --- the sealed file -----------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
async def test_nobody_else_may_read_anything_the_vault_leaves(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    vault = FileVault(folder)
    async with vault.exclusive(1):
        await vault.save(record(1))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == {"session.sealed": 0o600, "session.key": 0o600, "session.lock": 0o600}


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
async def test_a_key_file_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    await FileVault(tmp_path).save(record(1))
    (tmp_path / "session.key").chmod(0o644)
    assert await FileVault(tmp_path).load() == record(1)
    assert stat.S_IMODE((tmp_path / "session.key").stat().st_mode) == 0o600


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "emptied": lambda _data: b"",
    "cut in the header": lambda data: data[:10],
    "cut in the nonce": lambda data: data[:20],
    "cut in the text": lambda data: data[:-20],
    "one bit of the header": lambda data: bytes([data[0] ^ 1]) + data[1:],
    "one bit of the nonce": lambda data: data[:20] + bytes([data[20] ^ 1]) + data[21:],
    "one bit of the text": lambda data: data[:60] + bytes([data[60] ^ 1]) + data[61:],
    "one bit of the tag": lambda data: data[:-1] + bytes([data[-1] ^ 1]),
    "another format": lambda data: data.replace(b"\x01", b"\x02", 1),
    "something appended": lambda data: data + b"\n",
    "foreign text": lambda _data: b'{"access_token": "x"}',
    "huge": lambda _data: b"x" * (seal.FILE_MAX_BYTES + 1),
    "sealed by another key": lambda _data: seal.seal(seal.new_key(), encode(record(1))),
}


@pytest.mark.parametrize("damage", DAMAGES)
async def test_a_damaged_record_is_set_aside_and_absent(damage: str, tmp_path: Path) -> None:
    vault = FileVault(tmp_path)
    await vault.save(record(1))
    damaged = DAMAGES[damage](sealed_file(tmp_path).read_bytes())
    sealed_file(tmp_path).write_bytes(damaged)
    assert await vault.load() is None
    assert not sealed_file(tmp_path).exists()
    assert (tmp_path / "session.unreadable").read_bytes() == damaged
    assert await vault.save(record(2)) is VaultState.READY
    assert await FileVault(tmp_path).load() == record(2)


async def test_a_well_sealed_record_of_another_shape_is_absent_too(tmp_path: Path) -> None:
    vault = FileVault(tmp_path)
    await vault.save(record(1))
    key = (tmp_path / "session.key").read_bytes()
    for plain in (b"", b"[]", b'{"format": 2}', b'{"format": 1, "generation": true}', b"\xff"):
        sealed_file(tmp_path).write_bytes(seal.seal(key, plain))
        assert await vault.load() is None


async def test_a_damaged_record_is_left_alone_while_somebody_is_at_it(tmp_path: Path) -> None:
    vault, other = FileVault(tmp_path), FileVault(tmp_path)
    await vault.save(record(1))
    sealed_file(tmp_path).write_bytes(b"half of it")
    async with other.exclusive(1):
        assert await vault.load() is None
        assert sealed_file(tmp_path).exists()
        assert await other.load() is None
        assert not sealed_file(tmp_path).exists()


async def test_a_folder_or_a_link_where_the_record_should_be_is_no_disaster(tmp_path: Path) -> None:
    vault = FileVault(tmp_path)
    await vault.save(record(1))
    sealed_file(tmp_path).unlink()
    sealed_file(tmp_path).mkdir()
    assert await vault.load() is None
    assert await vault.save(record(2)) is VaultState.UNWRITABLE
    assert await vault.load() == record(2)
    sealed_file(tmp_path).rmdir()
    assert await vault.save(record(3)) is VaultState.READY
    assert await FileVault(tmp_path).load() == record(3)


async def test_a_full_disk_keeps_the_old_file_whole_and_the_new_record_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = FileVault(tmp_path)
    await vault.save(record(1))

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert await vault.save(record(2)) is VaultState.UNWRITABLE
    assert vault.mode == "memory"
    assert await vault.load() == record(2)
    assert await FileVault(tmp_path).load() == record(1)
    monkeypatch.undo()
    assert await vault.reopen() is VaultState.READY
    assert await FileVault(tmp_path).load() == record(2)
    assert names(tmp_path) == ["session.key", "session.sealed"]


async def test_a_folder_that_cannot_be_made_leaves_a_vault_in_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    vault = FileVault(tmp_path / "file" / "state")
    async with vault.exclusive(1):
        assert await vault.save(record(1)) is VaultState.UNWRITABLE
    assert await vault.load() == record(1)
    assert vault.mode == "memory"


@given(st.binary(max_size=300))
def test_no_bytes_whatever_are_taken_for_sealed_ones(data: bytes) -> None:
    key = bytes(32)
    with pytest.raises(seal.UnsealError):
        seal.unseal(key, data)
    with pytest.raises(seal.UnsealError):
        seal.unseal(key, b"SIDELIGHT-SEALED\x01" + data)


@given(st.binary(max_size=200))
def test_what_is_sealed_opens_with_its_key_only(plain: bytes) -> None:
    key = seal.new_key()
    sealed = seal.seal(key, plain)
    assert seal.unseal(key, sealed) == plain
    assert sealed != seal.seal(key, plain)
    with pytest.raises(seal.UnsealError):
        seal.unseal(seal.new_key(), sealed)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
        max_leaves=6,
    )
)
def test_no_json_whatever_breaks_the_reading_of_a_record(value: object) -> None:
    import json

    base = json.loads(encode(record(1)))
    for shape in (value, {**base, "grant": value}, {**base, "generation": value}):
        try:
            assert isinstance(decode(json.dumps(shape).encode()), Record)
        except RecordError:
            continue


# --- the keyring ---------------------------------------------------------------------------------


async def test_the_keyring_is_left_alone_until_somebody_signed_in(
    tmp_path: Path, system: RealishKeyring
) -> None:
    vault = KeyringVault(tmp_path)
    assert await vault.load() is None
    assert system.reads + system.writes == 0
    assert vault.state is VaultState.READY


async def test_the_keyring_is_read_once_and_never_for_a_renewal(
    tmp_path: Path, system: RealishKeyring
) -> None:
    await KeyringVault(tmp_path).save(record(1))
    system.reads = system.writes = 0
    vault = KeyringVault(tmp_path)
    for generation in range(2, 12):
        await vault.load()
        await vault.save(record(generation))
    assert (system.reads, system.writes) == (1, 0)


async def test_the_item_fits_into_a_windows_credential_and_is_written_once(
    tmp_path: Path, system: RealishKeyring
) -> None:
    vault = KeyringVault(tmp_path)
    await vault.save(record(1))
    await vault.save(record(2))
    assert system.writes == 1
    assert [len(text) for text in system.items.values()] == [44]


async def test_processes_that_sign_in_first_at_once_agree_on_one_key(
    tmp_path: Path, system: RealishKeyring
) -> None:
    vaults = [KeyringVault(tmp_path) for _ in range(4)]
    await asyncio.gather(*(v.save(record(n)) for n, v in enumerate(vaults, 1)))
    assert system.writes == 1
    loaded = await asyncio.gather(*(v.load() for v in vaults))
    assert loaded[0] is not None
    assert all(r == loaded[0] for r in loaded)


async def test_a_locked_keyring_is_waited_for_and_picked_up_when_it_opens(
    tmp_path: Path, system: RealishKeyring
) -> None:
    await KeyringVault(tmp_path).save(record(5))
    system.trouble = KeyringLocked("locked")
    vault = KeyringVault(tmp_path)
    assert await vault.load() is None
    assert (vault.state, vault.mode) == (VaultState.LOCKED, "memory")
    asked = system.reads
    assert await vault.load() is None
    assert system.reads == asked
    assert await vault.reopen() is VaultState.LOCKED
    system.trouble = None
    assert await vault.reopen() is VaultState.READY
    assert await vault.load() == record(5)
    assert vault.mode == "keyring"


async def test_a_sign_in_while_locked_replaces_the_older_record_after_the_unlock(
    tmp_path: Path, system: RealishKeyring
) -> None:
    await KeyringVault(tmp_path).save(record(5))
    system.trouble = KeyringLocked("locked")
    vault = KeyringVault(tmp_path)
    await vault.load()
    newer = Record(1, record(5).saved_at + 60, record(1).grant)
    assert await vault.save(newer) is VaultState.LOCKED
    assert await vault.load() == newer
    system.trouble = None
    assert await vault.reopen() is VaultState.READY
    loaded = await KeyringVault(tmp_path).load()
    assert loaded is not None
    assert loaded.grant is not None
    assert newer.grant is not None
    assert loaded.grant.access_token == newer.grant.access_token
    assert loaded.generation == loaded.grant.generation == 6


async def test_what_another_process_saved_meanwhile_beats_an_older_memory(
    tmp_path: Path, system: RealishKeyring
) -> None:
    await KeyringVault(tmp_path).save(record(5))
    system.trouble = KeyringLocked("locked")
    vault = KeyringVault(tmp_path)
    await vault.load()
    await vault.save(record(4))
    system.trouble = None
    assert await vault.reopen() is VaultState.READY
    assert await vault.load() == record(5)


TROUBLES = {
    "no keyring": (NoKeyringError("none"), VaultState.ABSENT),
    "locked": (KeyringLocked("locked"), VaultState.LOCKED),
    "a prompt was dismissed": (keyring.errors.InitError("dismissed"), VaultState.LOCKED),
    "a bus error": (OSError("bus"), VaultState.ABSENT),
    "anything": (LookupError("x"), VaultState.ABSENT),
}


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_a_keyring_in_trouble_leaves_the_session_in_memory(
    trouble: str, tmp_path: Path, system: RealishKeyring
) -> None:
    system.trouble, state = TROUBLES[trouble]
    vault = KeyringVault(tmp_path)
    assert await vault.save(record(1)) is state
    assert (vault.state, vault.mode) == (state, "memory")
    assert await vault.load() == record(1)
    assert not sealed_file(tmp_path).exists()


async def test_a_backend_that_keeps_nothing_is_found_out_by_reading_back(tmp_path: Path) -> None:
    vault = KeyringVault(tmp_path, keyring.backends.null.Keyring)
    assert await vault.save(record(1)) is VaultState.ABSENT


async def test_no_backend_at_all_is_absent(tmp_path: Path) -> None:
    vault = KeyringVault(tmp_path, keyring.backends.fail.Keyring)
    assert await vault.save(record(1)) is VaultState.ABSENT


def test_a_backend_that_writes_plain_files_is_refused() -> None:
    plain = type("PlaintextKeyring", (RealishKeyring,), {"__module__": "keyrings.alt.file"})()
    assert find_key(lambda: plain, create=True) is VaultState.ABSENT
    assert plain.items == {}


async def test_a_key_that_vanished_makes_the_record_absent_and_a_new_one_is_made(
    tmp_path: Path, system: RealishKeyring
) -> None:
    await KeyringVault(tmp_path).save(record(1))
    system.items.clear()
    vault = KeyringVault(tmp_path)
    assert await vault.load() is None
    assert vault.state is VaultState.READY
    assert await vault.save(record(2)) is VaultState.READY
    assert await KeyringVault(tmp_path).load() == record(2)


async def test_a_keyring_that_hangs_costs_three_seconds_once_and_never_the_loop(
    tmp_path: Path, system: RealishKeyring
) -> None:
    await KeyringVault(tmp_path).save(record(1))
    system.hangs.clear()
    vault = KeyringVault(tmp_path)
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0.01)

    counting = asyncio.ensure_future(count())
    began = time.monotonic()
    assert await vault.load() is None
    first_s = time.monotonic() - began
    counting.cancel()
    assert vault.state is VaultState.LOCKED
    assert 2.5 < first_s < 4.0
    assert turns > first_s / 0.01 / 4
    began = time.monotonic()
    assert await vault.load() is None
    assert await vault.reopen() is VaultState.LOCKED
    assert time.monotonic() - began < 1.0
    print(f"a hanging keyring: {first_s:.2f} s, {turns} turns of the loop meanwhile")
    # The call that hung answers at last: its key is used without asking again.
    reads = system.reads
    system.hangs.set()
    for _ in range(200):
        if await vault.reopen() is VaultState.READY:
            break
        await asyncio.sleep(0.01)
    assert await vault.load() == record(1)
    assert system.reads == reads
