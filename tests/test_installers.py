"""Where an installation goes on each system, and that what calls it names the same places and options."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import install
import install_places
from install_places import NotOfferedError, Places, places

ROOT = Path(__file__).parent.parent
HOME = Path("/home/ada")

posix = pytest.mark.skipif(os.name != "posix", reason="it is a script for a POSIX shell")


@pytest.mark.parametrize(
    ("system", "environ", "everybody", "venv", "link"),
    [
        ("linux", {}, False, "/home/ada/.local/share/sidelight/venv", "/home/ada/.local/bin"),
        ("linux", {"XDG_DATA_HOME": "/d"}, False, "/d/sidelight/venv", "/home/ada/.local/bin"),
        # A folder that is not absolute does not count (XDG Base Directory 0.8).
        (
            *("linux", {"XDG_DATA_HOME": "d"}, False),
            *("/home/ada/.local/share/sidelight/venv", "/home/ada/.local/bin"),
        ),
        ("linux", {"XDG_DATA_HOME": "/d"}, True, "/opt/sidelight/venv", "/usr/local/bin"),
        (
            *("darwin", {}, False),
            *("/home/ada/Library/Application Support/sidelight/venv", "/home/ada/.local/bin"),
        ),
        ("darwin", {}, True, "/opt/sidelight/venv", "/usr/local/bin"),
        ("win32", {"LOCALAPPDATA": "/L"}, False, "/L/Programs/Sidelight/venv", None),
        ("win32", {}, False, "/home/ada/AppData/Local/Programs/Sidelight/venv", None),
    ],
)
def test_each_system_has_its_places(
    system: str, environ: dict[str, str], everybody: bool, venv: str, link: str | None
) -> None:
    found = places(system, environ, HOME, everybody=everybody)
    assert found.venv.as_posix() == venv
    assert found.link == (None if link is None else Path(link) / "sidelight")
    assert found.everybody is everybody
    ending = "Scripts/sidelight.exe" if system == "win32" else "bin/sidelight"
    assert found.program.as_posix() == f"{venv}/{ending}"


def test_what_the_program_writes_for_everybody_lies_where_everybody_looks() -> None:
    linux = places("linux", {}, HOME, everybody=True)
    assert linux.told == {"XDG_DATA_HOME": "/usr/local/share", "XDG_CONFIG_HOME": "/etc/xdg"}
    assert linux.metainfo is not None
    assert linux.metainfo.parent == Path("/usr/local/share/metainfo")
    assert places("darwin", {}, HOME, everybody=True).told == {"HOME": "/"}
    assert not places("linux", {}, HOME, everybody=False).told


def test_on_windows_everybody_installs_for_themselves() -> None:
    with pytest.raises(NotOfferedError):
        places("win32", {}, HOME, everybody=True)


@posix
@pytest.mark.parametrize("made", ["file", "link", "our link", "nothing"])
def test_only_what_is_ours_is_written_over(tmp_path: Path, made: str) -> None:
    where = Places(tmp_path / "venv", tmp_path / "sidelight")
    assert where.link is not None
    if made == "file":
        where.link.touch()
    elif made != "nothing":
        where.link.symlink_to(where.program if made == "our link" else tmp_path / "elsewhere")
    assert install._belongs_to_another(where.link, where) is (made in {"file", "link"})


def test_what_everybody_keeps_is_not_an_administrators_to_remove(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    untouched = Places(tmp_path / "venv", tmp_path / "sidelight", everybody=True)
    untouched.venv.mkdir()
    monkeypatch.setattr(install, "places", lambda *_, **__: untouched)
    assert install.main(["--uninstall", "--forget", "--everybody"]) == 1
    assert "sidelight logout" in capsys.readouterr().err
    assert untouched.venv.exists()


def test_the_powershell_script_offers_what_the_script_does_and_knows_its_folder() -> None:
    text = (ROOT / "installers" / "windows" / "install.ps1").read_text("utf-8")
    (block,) = re.findall(r"param\((.*?)^\)", text, re.DOTALL | re.MULTILINE)
    offered = {f"--{name.lower()}" for name in re.findall(r"\] \$(\w+)", block)}
    known = {option for action in install._parser()._actions for option in action.option_strings}
    assert offered == known - {"-h", "--help", "--everybody", "--no-uv"}
    for option in offered:
        assert f"'{option}'" in text
    venv = places("win32", {"LOCALAPPDATA": "L"}, HOME, everybody=False).venv
    (named,) = re.findall(r"\$env:LOCALAPPDATA '([^']+)'", text)
    assert named.split("\\") == [*venv.relative_to("L").parts, "Scripts"]


@posix
def test_the_package_for_macs_carries_what_its_installer_needs(tmp_path: Path) -> None:
    programs, house, made = (tmp_path / name for name in ("bin", "house", "made"))
    for folder in (programs, house):
        folder.mkdir()
    for wheel in ("sidelight-1.2.3-py3-none-any.whl", "httpx-1-py3-none-any.whl"):
        (house / wheel).touch()
    # In the place of macOS's own: it keeps what it was given, and says how it was called.
    stand_in = programs / "pkgbuild"
    stand_in.write_text(f'#!/bin/sh\ncp -R "$2" {made}\ncp -R "$4" {made}/scripts\necho "$@"\n')
    stand_in.chmod(0o700)
    done = subprocess.run(
        ["sh", str(ROOT / "installers" / "macos" / "make_pkg.sh"), str(house), "Developer"],
        env={**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "--version 1.2.3" in done.stdout
    assert done.stdout.endswith("--sign Developer sidelight-1.2.3.pkg\n")
    carried = made / "opt" / "sidelight" / "installer"
    assert {path.name for path in (carried / "wheelhouse").iterdir()} == {
        "sidelight-1.2.3-py3-none-any.whl",
        "httpx-1-py3-none-any.whl",
    }
    assert (carried / "requirements" / "tray.txt").exists()
    script = carried / "installers" / "install.py"
    helped = subprocess.run(
        [sys.executable, str(script), "--help"], capture_output=True, text=True, check=False
    )
    postinstall = made / "scripts" / "postinstall"
    for option in re.findall(r"--[a-z][a-z-]+", postinstall.read_text()):
        assert option in helped.stdout
    assert os.access(postinstall, os.X_OK)
    subprocess.run(["sh", "-n", str(postinstall)], check=True)


def test_the_page_names_every_place() -> None:
    page = (ROOT / "docs" / "install.md").read_text("utf-8")
    for system in ("linux", "darwin", "win32"):
        environ = {"LOCALAPPDATA": "%LOCALAPPDATA%"}
        found = places(system, environ, Path("~"), everybody=False)
        assert f"`{found.venv.as_posix()}`".replace("/", "\\" if system == "win32" else "/") in page
    assert install_places.METAINFO in page
