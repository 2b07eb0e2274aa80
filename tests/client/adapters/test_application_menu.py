"""Sidelight in the menu of applications: what is written, that desktops accept it, and its removal."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sidelight_client.adapters.application_menu import SIZES, application_menu
from sidelight_client.adapters.login_start import tray_command
from sidelight_client.adapters.login_start_linux import desktop_entry
from sidelight_client.cli import main

RealPart = Callable[[str, object, str], None]

linux = pytest.mark.skipif(sys.platform != "linux", reason="the menu is that of Linux desktops")


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def qt(real_part: RealPart) -> None:
    try:
        import PySide6.QtGui  # noqa: F401
    except ImportError as error:
        real_part("Qt", None, f"the picture is drawn with it ({error})")


@linux
def test_the_entry_and_its_pictures_are_put_up_and_taken_down(
    qt: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from PySide6.QtGui import QImage

    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    (tmp_path / "applications").mkdir()
    (tmp_path / "applications" / "other.desktop").write_text("somebody else's")
    for wish, told in (("status", "off"), ("on", "on"), ("on", "on"), ("status", "on")):
        assert main(["tray", "--menu", wish]) == 0
        assert capsys.readouterr().out == f"{told}\n"
    pictures = [f"icons/hicolor/{size}x{size}/apps/sidelight.png" for size in SIZES]
    assert files_in(tmp_path) == sorted(
        ["applications/other.desktop", "applications/sidelight.desktop", *pictures]
    )
    for size, picture in zip(SIZES, pictures, strict=True):
        read = QImage(str(tmp_path / picture))
        assert (read.width(), read.height()) == (size, size)
        tile, corner = read.pixelColor(size // 2, size - size // 8 - 1), read.pixelColor(0, 0)
        assert tile.lightness() < 60
        assert corner.alpha() == 0
        white = [
            (x, y)
            for x in range(size)
            for y in range(size)
            if read.pixelColor(x, y).lightness() > 220 and read.pixelColor(x, y).alpha() == 255
        ]
        assert len(white) > size * size / 25
    assert main(["tray", "--menu", "off"]) == 0
    assert files_in(tmp_path) == ["applications/other.desktop"]
    assert not (tmp_path / "icons").exists()


@linux
def test_what_desktops_read_is_valid(qt: None, tmp_path: Path, real_part: RealPart) -> None:
    validator = shutil.which("desktop-file-validate")
    real_part("desktop-file-validate", validator, "the entries are checked by its rules")
    menu = application_menu({"XDG_DATA_HOME": str(tmp_path)}, tmp_path, tray_command()[:-1])
    menu.put_up(lambda _: b"")
    login = tmp_path / "sidelight-tray.desktop"
    login.write_bytes(desktop_entry(tray_command()))
    for entry in (tmp_path / "applications" / "sidelight.desktop", login):
        done = subprocess.run(
            [str(validator), str(entry)], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout + done.stderr) == (0, "")


@linux
def test_a_folder_that_cannot_be_written_is_told_as_such(
    qt: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    (tmp_path / "applications").write_text("in the way")
    assert main(["tray", "--menu", "on"]) == 1
    assert "[menu.refused]" in capsys.readouterr().err


def test_elsewhere_there_is_no_such_menu(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sidelight_client.cli.tray.sys.platform", "darwin")
    assert main(["tray", "--menu", "on"]) == 1
    assert "[menu.not_here]" in capsys.readouterr().err
