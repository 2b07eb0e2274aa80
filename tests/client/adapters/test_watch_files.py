"""A configuration file that changes is noticed, once, and only it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from sidelight_client.adapters import watch_files
from sidelight_client.adapters.watch_files import watching, watching_path

pytestmark = pytest.mark.anyio

NAMES = frozenset({"config.toml"})


@pytest.fixture(autouse=True)
def _settle_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_files, "SETTLE_S", 0.05)


async def test_a_burst_of_writes_is_told_once_on_the_loop(tmp_path: Path) -> None:
    told: asyncio.Queue[asyncio.AbstractEventLoop] = asyncio.Queue()

    def changed() -> None:
        told.put_nowait(asyncio.get_running_loop())

    async with watching(tmp_path, NAMES, changed):
        for number in range(20):
            (tmp_path / "config.toml").write_text(f"# {number}")
        async with asyncio.timeout(10):
            assert await told.get() is asyncio.get_running_loop()
        assert told.empty()


async def test_an_editor_that_replaces_the_file_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("old")
    changed = asyncio.Event()
    async with watching(tmp_path, NAMES, changed.set):
        (tmp_path / "config.toml~").write_text("new")
        (tmp_path / "config.toml~").replace(tmp_path / "config.toml")
        async with asyncio.timeout(10):
            await changed.wait()


async def test_other_files_and_reading_are_not_told(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("x")
    seen: list[str] = []
    done = asyncio.Event()

    def changed() -> None:
        seen.append("changed")
        done.set()

    async with watching(tmp_path, NAMES, changed):
        (tmp_path / "other.txt").write_text("x")
        (tmp_path / "config.toml").read_text()
        # What is told now can only be about this write: events come in order.
        (tmp_path / "config.toml").write_text("y")
        async with asyncio.timeout(10):
            await done.wait()
    assert seen == ["changed"]


async def test_a_folder_that_does_not_exist_is_no_error(tmp_path: Path) -> None:
    async with watching(tmp_path / "none", NAMES, lambda: None):
        pass


async def test_a_file_is_noticed_in_folders_that_are_made_later(tmp_path: Path) -> None:
    path = tmp_path / "etc" / "sidelight" / "policy.json"
    seen: asyncio.Queue[str] = asyncio.Queue()

    def changed() -> None:
        seen.put_nowait(path.read_text() if path.exists() else "")

    async def until(text: str) -> None:
        async with asyncio.timeout(10):
            while await seen.get() != text:
                pass

    async with watching_path(path, changed):
        path.parent.parent.mkdir()
        await until("")
        path.parent.mkdir()
        path.write_text("one")
        await until("one")
        path.with_suffix(".new").write_text("two")
        path.with_suffix(".new").replace(path)
        await until("two")
        path.unlink()
        await until("")
