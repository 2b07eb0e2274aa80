"""What is published: the wheel, the sdist, their metadata, and the pinned requirements."""

from __future__ import annotations

import email
import email.message
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PACKAGES = {"sidelight_client", "sidelight_lsp", "sidelight_tray"}
REQUIREMENTS = sorted((ROOT / "requirements").glob("*.txt"))

SDIST = {
    *("client", "lsp", "tray", "installers", "tests", "docs", "requirements"),
    *("README.md", "CHANGELOG.md", "LICENSE", "pyproject.toml", "PKG-INFO", ".gitignore"),
}
"""What may be at the top of the sdist; .gitignore comes along with hatchling."""


def build(target: str, folder: Path) -> Path:
    """Build with the hatchling of this environment, without the network."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
        timeout=100,
    )
    (built,) = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> email.message.Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return email.message_from_bytes(archive.read(name))


def test_the_wheel_holds_the_three_packages_typed_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        files = set(archive.namelist())
    tops = {name.partition("/")[0] for name in files}
    assert {top for top in tops if not top.endswith(".dist-info")} == PACKAGES
    assert {f"{package}/py.typed" for package in PACKAGES} <= files
    assert not [name for name in files if re.search(r"(^|/)tests?/|__pycache__|\.pyc$", name)]


def test_the_same_sources_make_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    assert build("wheel", tmp_path).read_bytes() == wheel.read_bytes()


def test_the_metadata_says_what_an_installer_and_a_lawyer_ask(
    metadata: email.message.Message,
) -> None:
    assert metadata["Name"] == "sidelight"
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata.get_all("License-File") == ["LICENSE"]
    assert metadata["Requires-Python"] == ">=3.11"
    assert set(metadata.get_all("Provides-Extra", [])) == {"tray", "entra", "local"}


def test_the_command_is_the_only_script(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("entry_points.txt")]
        text = archive.read(name).decode()
    assert text.split() == [
        "[console_scripts]",
        "sidelight",
        "=",
        "sidelight_client.__main__:main",
    ]


def test_the_sdist_holds_what_is_on_the_list(tmp_path: Path) -> None:
    with tarfile.open(build("sdist", tmp_path)) as archive:
        names = [name.split("/", 1)[1] for name in archive.getnames()]
    assert {name.partition("/")[0] for name in names} - SDIST == set()
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]


@pytest.mark.parametrize(
    ("python", "version", "taken"),
    [
        ("3.11", "6.11.3", True),
        ("3.11", "6.12.0", False),
        ("3.11", "6.12.1", False),
        ("3.12", "6.11.3", True),
        ("3.12", "6.12.0", False),
        ("3.12", "6.12.1", True),
        ("3.13", "6.12.0", False),
    ],
)
def test_the_qt_release_that_ends_the_process_is_never_taken(
    python: str, version: str, taken: bool
) -> None:
    """PySide6 6.12.0 releases None on every void call, which kills Python before 3.12."""
    wanted = [Requirement(text) for text in PROJECT["optional-dependencies"]["tray"]]
    environment = {"python_version": python, "extra": "tray"}
    (applies,) = [w for w in wanted if w.marker is None or w.marker.evaluate(environment)]
    assert applies.name == "PySide6-Essentials"
    assert applies.specifier.contains(version) is taken


def pins(file: Path) -> dict[str, tuple[str, int]]:
    """The version and the number of hashes of each package in a requirements file."""
    found: dict[str, tuple[str, int]] = {}
    name = ""
    for line in file.read_text(encoding="utf-8").splitlines():
        if pinned := re.match(r"([a-z0-9-]+)==(\S+)", line):
            name = pinned[1]
            found[name] = (pinned[2], 0)
        elif re.match(r" +--hash=sha256:[0-9a-f]{64}", line):
            version, hashes = found[name]
            found[name] = (version, hashes + 1)
        else:
            assert line.lstrip().startswith("#"), line
    return found


@pytest.mark.parametrize("file", REQUIREMENTS, ids=lambda file: file.name)
def test_requirements_are_pinned_by_hash_and_name_no_address(file: Path) -> None:
    assert "://" not in file.read_text(encoding="utf-8")
    # A wheel and an sdist at least: a single hash would be that of one machine's file.
    assert [name for name, (_, hashes) in pins(file).items() if hashes < 2] == []


def test_the_requirements_agree_with_each_other_and_with_the_project() -> None:
    runtime, build_only, tray, dev = (
        pins(ROOT / "requirements" / f"{name}.txt") for name in ("runtime", "build", "tray", "dev")
    )
    assert runtime.items() <= tray.items()
    assert runtime.items() <= dev.items()
    assert build_only.items() <= dev.items()
    for text in PROJECT["dependencies"]:
        wanted = Requirement(text)
        assert wanted.specifier.contains(runtime[wanted.name.lower()][0]), text


def test_no_lock_with_addresses_is_committed() -> None:
    assert "uv.lock" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
