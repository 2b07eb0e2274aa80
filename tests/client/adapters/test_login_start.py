"""The start at login: what is written for each system, and that it is taken away again."""

from __future__ import annotations

import configparser
import plistlib
import subprocess
import sys
from pathlib import Path

import pytest

from sidelight_client.adapters.login_start import (
    AGENT_LABEL,
    launch_agent,
    login_start,
    run_value,
    tray_command,
)
from sidelight_client.adapters.login_start_linux import DESKTOP_FILE, desktop_entry
from sidelight_client.cli import main

linux = pytest.mark.skipif(sys.platform != "linux", reason="each system has its own")


def entry_of(content: bytes) -> configparser.SectionProxy:
    read = configparser.RawConfigParser()
    read.optionxform = str  # type: ignore[assignment,method-assign]
    read.read_string(content.decode())
    return read["Desktop Entry"]


def test_the_desktop_entry_waits_for_the_panel_and_shows_in_no_menu() -> None:
    entry = entry_of(desktop_entry(tray_command()))
    assert entry["TryExec"] == tray_command()[0]
    assert entry["Type"] == "Application"
    assert entry["NoDisplay"] == "true"
    assert entry["X-GNOME-Autostart-Delay"] == "2"
    assert entry["X-KDE-autostart-after"] == "panel"
    assert entry["Exec"].endswith('"-P" "-m" "sidelight_client" "tray" "--background"')


@pytest.mark.parametrize(
    ("word", "written"),
    [
        ("/opt/my tools/python", '"/opt/my tools/python"'),
        ("/opt/100%/python", '"/opt/100%%/python"'),
        ("/opt/$x/`y`", '"/opt/\\\\$x/\\\\`y\\\\`"'),
        ('a"b', '"a\\\\"b"'),
        ("a\\b", '"a\\\\\\\\b"'),
    ],
)
def test_a_path_keeps_its_characters_in_the_desktop_entry(word: str, written: str) -> None:
    assert entry_of(desktop_entry([word]))["Exec"] == written


def test_the_launch_agent_needs_a_graphical_session() -> None:
    agent = plistlib.loads(launch_agent(["/opt/a & b/python", "tray"]))
    assert agent["Label"] == AGENT_LABEL
    assert agent["ProgramArguments"] == ["/opt/a & b/python", "tray"]
    assert agent["RunAtLoad"] is True
    assert agent["LimitLoadToSessionType"] == "Aqua"


@pytest.mark.parametrize(
    ("program", "first"),
    [
        (r"C:\Program Files\Py\python.exe", r'"C:\Program Files\Py\pythonw.exe"'),
        (r"C:\Py\sidelight.exe", r"C:\Py\sidelight.exe"),
    ],
)
def test_the_run_key_starts_without_a_console(program: str, first: str) -> None:
    assert run_value([program, "tray", "--background"]) == f"{first} tray --background"


@linux
def test_it_is_switched_on_and_off_below_the_config_folder_and_nowhere_else(tmp_path: Path) -> None:
    home, config = tmp_path / "home", tmp_path / "config"
    switch = login_start({"XDG_CONFIG_HOME": str(config), "XDG_CONFIG_DIRS": str(home)}, home)
    assert not switch.is_on()
    switch.turn(on=False)
    switch.turn(on=True)
    switch.turn(on=True)
    assert switch.is_on()
    assert [file.name for file in (config / "autostart").iterdir()] == [DESKTOP_FILE]
    assert not home.exists()
    switch.turn(on=False)
    assert not switch.is_on()
    # A relative folder is to be ignored (XDG Base Directory 0.8).
    login_start({"XDG_CONFIG_HOME": "config"}, home).turn(on=True)
    assert (home / ".config" / "autostart" / DESKTOP_FILE).is_file()


@linux
def test_what_an_administrator_starts_for_everybody_a_person_can_switch_off_and_on(
    tmp_path: Path,
) -> None:
    everybodys, home = tmp_path / "etc", tmp_path / "home"
    everybody = login_start({"XDG_CONFIG_HOME": str(everybodys)}, home)
    everybody.turn(on=True)
    assert everybody.is_on()
    environ = {"XDG_CONFIG_DIRS": f"relative:{tmp_path / 'missing'}:{everybodys}"}
    mine = login_start(environ, home)
    own = home / ".config" / "autostart" / DESKTOP_FILE
    assert mine.is_on()
    mine.turn(on=False)
    assert not mine.is_on()
    assert entry_of(own.read_bytes())["Hidden"] == "true"
    mine.turn(on=True)
    assert mine.is_on()
    assert not own.exists()
    assert everybody.is_on()
    # Once the administrator starts it no longer, "off" needs no file either.
    mine.turn(on=False)
    everybody.turn(on=False)
    mine.turn(on=False)
    assert not own.exists()


@linux
def test_an_entry_that_everybody_has_may_itself_say_that_it_is_hidden(tmp_path: Path) -> None:
    hidden = tmp_path / "autostart" / DESKTOP_FILE
    hidden.parent.mkdir()
    hidden.write_text("[Desktop Entry]\nHidden = TRUE\n")
    switch = login_start({"XDG_CONFIG_DIRS": str(tmp_path)}, tmp_path / "home")
    assert not switch.is_on()
    switch.turn(on=True)
    assert switch.is_on()
    switch.turn(on=False)
    assert not switch.is_on()


@linux
def test_the_command_says_what_is_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for wish, told in (("status", "off"), ("on", "on"), ("status", "on"), ("off", "off")):
        assert main(["tray", "--autostart", wish]) == 0
        assert capsys.readouterr().out == f"{told}\n"
    (tmp_path / "autostart").rmdir()
    (tmp_path / "autostart").write_text("in the way")
    assert main(["tray", "--autostart", "on"]) == 1
    assert "[tray.login_start_refused]" in capsys.readouterr().err


@linux
def test_the_command_that_is_written_down_is_one_that_runs() -> None:
    command = [*tray_command()[:-1], "--help"]
    assert subprocess.run(command, capture_output=True, timeout=30, check=False).returncode == 0
