"""The tray and a real broker process with the embedded gateway: what changes there shows here."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sidelight_client.adapters.pauses_file import PausesFile
from sidelight_client.cli import main
from sidelight_client.cli.tray import BrokerDoor
from sidelight_tray.face.acts import Act, Action
from sidelight_tray.face.face import resume_languages
from sidelight_tray.face.state import TrayState
from sidelight_tray.heard.view import DataUse, View
from support.tray_door import surroundings
from support.tray_process import brokers_of, end_brokers

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from sidelight_tray.tray import Tray

Until = Callable[..., None]


@pytest.fixture
def tray(
    qt: QApplication, private_home: Path, until: Until, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Tray]:
    from sidelight_tray.tray import Tray

    monkeypatch.setenv("SIDELIGHT_VAULT", "memory")
    made = Tray(surroundings(BrokerDoor(), private_home), lambda: None)
    made.begin()
    try:
        until(lambda: made.face.state is TrayState.OK)
        yield made
    finally:
        made.end()
        end_brokers(private_home)


def test_what_a_person_does_is_in_the_icon_at_once(
    tray: Tray, until: Until, figure: Callable[[str], None]
) -> None:
    took = []
    for act, expected in ((Act.PAUSE_SHORT, TrayState.PAUSED), (Act.RESUME, TrayState.OK)) * 5:
        began = time.monotonic()
        tray.wishes.perform(Action(act, ""))
        until(lambda: tray.face.state is expected)  # noqa: B023 - used within the turn
        took.append((time.monotonic() - began) * 1000)
    figure(
        f"tray: broker change to icon {sorted(took)[5]:.0f} ms in the middle, {max(took):.0f} at most"
    )
    assert "0 of 120 requests this hour" in tray.face.tooltip


def test_usage_and_windows_show_the_brokers_own_numbers(tray: Tray, until: Until) -> None:
    from sidelight_tray.windows.ask_window import AskWindow

    tray.windows.show_details()
    window = tray.windows._details
    assert window is not None
    assert window.panel is not None
    until(lambda: tray.heard.usage is not None or not tray.link._waiting)
    titles = [card.title for column in window.panel.columns for card in column]
    assert "My requests this hour" in titles
    assert "Session and editors" in titles
    until(lambda: view(tray).data_use)
    assert view(tray).data_use == DataUse("this machine", 0, trained_on=False)
    assert view(tray).takes_messages is True
    tray.wishes.perform(Action(Act.ASK_FOR_MORE, "", "user:requests"))
    asking = tray.windows._texts[-1]
    assert isinstance(asking, AskWindow)
    asking.reason.setPlainText("the release is due today")
    asking.send.click()
    until(lambda: [one for one in tray.windows._texts if one.windowTitle().startswith("Sent")])


def test_a_broker_that_is_killed_is_shown_as_gone_and_comes_back(
    tray: Tray, until: Until, private_home: Path, figure: Callable[[str], None]
) -> None:
    (before,) = brokers_of(private_home)
    for act in (Act.PAUSE_LANGUAGE_SHORT, Act.MUTE_SHORT):
        tray.wishes.perform(Action(act, "", "python"))
    until(lambda: view(tray).languages_paused and view(tray).muted_until)
    kept = PausesFile(private_home / "state" / "pauses.json")
    until(lambda: kept.read(time.time()).muted_until)
    os.kill(before, signal.SIGKILL)
    until(lambda: tray.face.state is TrayState.DOWN)
    assert "as of" in tray.face.tooltip
    began = time.monotonic()
    until(lambda: tray.face.state is TrayState.OK)
    figure(f"tray: a new broker was there after {time.monotonic() - began:.1f} s")
    assert brokers_of(private_home) != [before]
    assert [one.language for one in view(tray).languages_paused] == ["python"]
    assert view(tray).muted_until is not None


def test_a_language_is_paused_by_command_too_and_goes_on_by_a_click(
    tray: Tray, until: Until, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["pause", "tomorrow", "--language", "python"]) == 0
    assert capsys.readouterr().out.startswith("Suggestions in python pause until ")
    until(lambda: view(tray).languages_paused)
    assert tray.face.state is TrayState.OK
    (resume,) = resume_languages(tray.heard, time.time())
    tray.wishes.perform(resume)
    until(lambda: not view(tray).languages_paused)
    assert main(["pause", "--language", "two words"]) == 2
    assert "cannot be the name of a language" in capsys.readouterr().err


def view(tray: Tray) -> View:
    assert tray.heard.view is not None
    return tray.heard.view
