"""Sidelight is put on a machine and taken away again: the built wheel, in a home of its own.

What it needs comes from the environment of the tests instead of from the network: to pip it is
installed already. Downloading it is what every set-up of these tests does, by the same function.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.realparts,
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.platform != "linux", reason="each system has its own places"),
]

RealPart = Callable[[str, object, str], None]

ROOT = Path(__file__).resolve().parents[2]
DATA = ".local/share"
AUTOSTART = ".config/autostart/sidelight-tray.desktop"


class Person:
    """Somebody with an empty home, of whom nothing is known elsewhere."""

    def __init__(self, home: Path, wheel: Path) -> None:
        self.home, self.wheel = home, wheel
        self.venv = home / DATA / "sidelight" / "venv"

    def call(self, *words: str | Path, code: int = 0) -> str:
        """What a call says; it must end with `code`."""
        dropped = ("XDG_", "SIDELIGHT_", "PYTHONPATH")
        kept = {n: v for n, v in os.environ.items() if not n.startswith(dropped)}
        done = subprocess.run(
            [str(word) for word in words],
            env={**kept, "HOME": str(self.home), "SIDELIGHT_VAULT": "memory"},
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == code, done.stdout
        return done.stdout

    def install(self, *words: str, code: int = 0) -> str:
        script = ROOT / "installers" / "install.py"
        return self.call(
            sys.executable, script, "--no-uv", "--wheel", self.wheel, *words, code=code
        )

    def sidelight(self, *words: str, code: int = 0) -> str:
        return self.call(self.home / ".local" / "bin" / "sidelight", *words, code=code)

    def files(self) -> set[str]:
        """What lies below the folders for programs' own files, outside of the private environment."""
        found = (path for top in (".local", ".config") for path in (self.home / top).rglob("*"))
        return {
            str(path.relative_to(self.home))
            for path in found
            if (path.is_symlink() or path.is_file()) and self.venv not in path.parents
        }


@pytest.fixture
def person(tmp_path: Path, real_part: RealPart) -> Iterator[Person]:
    try:
        import PySide6.QtGui  # noqa: F401
    except ImportError as error:
        real_part("Qt", None, f"the pictures of the menu are drawn with it ({error})")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist")],
        cwd=ROOT,
        capture_output=True,
        check=True,
        timeout=100,
    )
    (wheel,) = (tmp_path / "dist").iterdir()
    home = tmp_path / "home"
    home.mkdir()
    made = Person(home, wheel)
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", str(made.venv)], check=True, timeout=100
    )
    (site,) = made.venv.glob("lib/python*/site-packages")
    (site / "of_the_tests.pth").write_text(sysconfig.get_path("purelib"))
    yield made
    made.call(sys.executable, ROOT / "installers" / "install.py", "--uninstall", "--forget")


def test_it_is_installed_runs_and_leaves_nothing_but_what_it_says(
    person: Person, real_part: RealPart
) -> None:
    theirs = person.home / ".local" / "bin" / "sidelight"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("somebody else's")
    assert f"{theirs} is there already" in person.install(code=1)
    theirs.unlink()

    assert f"Next: {theirs} login\n" in person.install("--autostart")
    pictures = {path for path in person.files() if path.endswith("apps/sidelight.png")}
    assert len(pictures) == 8
    assert person.files() - pictures == {
        ".local/bin/sidelight",
        AUTOSTART,
        f"{DATA}/applications/sidelight.desktop",
        f"{DATA}/metainfo/dev.sidelight.sidelight.metainfo.xml",
    }
    where = "import sidelight_client, sys; sys.stdout.write(sidelight_client.__file__)"
    python = person.venv / "bin" / "python"
    assert Path(person.call(python, "-P", "-c", where)).is_relative_to(person.venv)
    assert person.sidelight("tray", "--autostart", "status") == "on\n"
    assert person.sidelight("tray", "--menu", "status") == "on\n"
    for entry in (AUTOSTART, f"{DATA}/applications/sidelight.desktop"):
        # Both start this very installation, and the desktop takes them away with it (TryExec).
        assert f"TryExec={python}\n" in (person.home / entry).read_text()
    person.sidelight("pause", "30m")

    # Once more over a broker that runs: the next call starts a new one, of the new files.
    person.install()
    assert "Paused" in person.sidelight("status")

    told = person.install("--uninstall")
    state = person.home / ".local" / "state" / "sidelight"
    assert f"Kept: {state}\n" in told
    assert all(Path(path).is_relative_to(".local/state/sidelight") for path in person.files())
    assert not (person.home / DATA / "sidelight").exists()
    assert not (person.home / DATA / "icons").exists()
    assert "not installed" in person.install("--uninstall")


def test_what_software_centres_are_told_is_valid(real_part: RealPart) -> None:
    validator = shutil.which("appstreamcli")
    real_part("appstreamcli", validator, "it knows the rules")
    file = ROOT / "installers" / "linux" / "dev.sidelight.sidelight.metainfo.xml"
    done = subprocess.run(
        [str(validator), "validate", "--no-net", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
