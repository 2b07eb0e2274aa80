"""The file of what is paused: kept by one broker, read by the next, and never in anybody's way."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sidelight_client.adapters.pauses_file import PausesFile
from sidelight_client.domain.pauses import LanguagePause, Pauses

pytestmark = pytest.mark.anyio

NOW = 1_795_250_000.0
PAUSED = Pauses(NOW + 60, (LanguagePause("python", NOW + 90),), NOW + 30)


async def test_the_next_broker_knows_what_the_last_one_kept(tmp_path: Path) -> None:
    path = tmp_path / "state" / "pauses.json"
    kept = PausesFile(path)
    assert kept.read(NOW) == Pauses()
    for number in range(50):
        kept.keep(Pauses(NOW + number))
    kept.keep(PAUSED)
    await kept.close()
    assert PausesFile(path).read(NOW) == PAUSED
    assert PausesFile(path).read(NOW + 60) == Pauses(None, PAUSED.languages)
    assert [found.name for found in path.parent.iterdir()] == ["pauses.json"]
    if os.name == "posix":
        assert path.stat().st_mode & 0o077 == 0


async def test_where_nothing_can_be_written_the_pause_holds_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    kept = PausesFile(tmp_path / "state" / "pauses.json")
    kept.keep(PAUSED)
    await kept.close()
    assert kept.read(NOW) == Pauses()
