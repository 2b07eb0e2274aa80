"""`sidelight tray`: what it loads, what it refuses, and how a later call speaks to the first."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sidelight_client.cli import main
from sidelight_client.cli.tray import _instance_name
from sidelight_client.errors import ExitCode
from support.tray_process import TrayProcess, end_brokers

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

NOT_FOR_AN_ICON = {
    *("asyncio", "ssl", "hashlib", "subprocess", "httpx", "keyring", "msal", "pygls"),
    "PySide6.QtNetwork",
    *("sidelight_client.api", "sidelight_client.settings", "sidelight_client.broker"),
    *(
        "sidelight_tray.windows.windows",
        "sidelight_tray.panels.panels",
        "sidelight_tray.panels.content",
    ),
}
LOADED = """
import json, sys
import sidelight_client.cli.tray, sidelight_tray.app
print(json.dumps(sorted(sys.modules)))
"""


def call(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_an_icon_needs_neither_the_panels_nor_what_the_broker_needs(
    application: QApplication,
) -> None:
    done = call("-c", LOADED)
    assert done.returncode == 0, done.stderr
    assert NOT_FOR_AN_ICON.intersection(json.loads(done.stdout)) == set()


def test_without_qt_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    monkeypatch.setitem(sys.modules, "PySide6", None)
    monkeypatch.delitem(sys.modules, "sidelight_tray.release", raising=False)
    assert main(["tray"]) == ExitCode.FINDING
    said = capsys.readouterr().err
    assert "pip install 'sidelight[tray]'" in said
    assert "[tray.not_installed]" in said


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there always is one")
def test_without_a_display_it_says_so_and_qt_is_not_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    assert main(["tray"]) == ExitCode.FINDING
    assert "[tray.no_display]" in capsys.readouterr().err


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="no release is unfit there")
def test_the_bad_release_is_refused_before_qt_is_loaded(
    application: QApplication, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import PySide6

    monkeypatch.setattr(PySide6, "__version__", "6.12.0")
    assert main(["tray"]) == ExitCode.FINDING
    assert "[tray.qt_unfit]" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="a pipe has no path there")
def test_the_trays_socket_lies_beside_the_brokers_even_where_the_path_is_too_long(
    tmp_path: Path,
) -> None:
    assert _instance_name(str(tmp_path)) in {str(tmp_path / "tray.sock"), *short(tmp_path)}
    deep = tmp_path / ("x" * 120)
    deep.mkdir()
    (name,) = short(deep)
    assert _instance_name(str(deep)) == name
    assert len(name) < 100


def short(folder: Path) -> set[str]:
    from sidelight_client.link.door import socket_path

    path = socket_path(str(folder))
    return (
        {path.removesuffix(".sock") + "-tray.sock"} if path.startswith("/tmp/sidelight-") else set()
    )


@pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
def test_a_later_call_asks_the_first_and_ends_it(
    application: QApplication, private_home: Path
) -> None:
    first = TrayProcess(private_home)
    try:
        first.until_answer()
        home = str(private_home)
        asked = call("-m", "sidelight_client", "tray", "--state", SIDELIGHT_HOME=home)
        assert asked.returncode == 0, asked.stderr
        assert set(json.loads(asked.stdout)) == {
            *("state", "tooltip", "connected", "seq", "tray", "windows")
        }
        opened = call("-m", "sidelight_client", "tray", SIDELIGHT_HOME=home)
        assert opened.returncode == 0, opened.stderr
        told = first.ask()
        assert told is not None
        assert told["windows"] == ["details"]
        ended = call("-m", "sidelight_client", "tray", "--quit", SIDELIGHT_HOME=home)
        assert ended.returncode == 0, ended.stderr
        assert first.process.wait(10) == 0
    finally:
        first.close()


def test_asking_a_tray_that_does_not_run_ends_with_a_sentence(
    application: QApplication, private_home: Path
) -> None:
    done = call("-m", "sidelight_client", "tray", "--state", SIDELIGHT_HOME=str(private_home))
    assert done.returncode == ExitCode.FINDING
    assert "[tray.not_running]" in done.stderr
    end_brokers(private_home)
