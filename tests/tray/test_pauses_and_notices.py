"""One language paused, notifications muted, silence while a panel is open, and the tray's own notices."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidelight_client.domain.pauses import until_tomorrow
from sidelight_tray.face.acts import Act, Action
from sidelight_tray.face.face import Submenu, face, written_lately
from sidelight_tray.face.state import Heard, TrayState, changes_at
from sidelight_tray.heard.view import view_of
from sidelight_tray.icon.balloon import TEXT_LIMIT, TITLE_LIMIT, balloon_of
from support.tray_absurd import ANYTHING
from support.tray_door import HeldDoor, surroundings
from support.tray_samples import NOW, decision, paused, snapshot

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from sidelight_tray.tray import Tray

Until = Callable[..., None]
NOTICE = {"topic": "outage", "title": "No answer from G", "text": "It is silent.", "warning": True}
SHELL = {"decisions": [decision("completed", language="shellscript")]}


def heard(data: dict[str, Any]) -> Heard:
    return Heard(view_of(data), connected=True)


def labels(known: Heard) -> list[str]:
    """Every choice in the menu, those behind a submenu after its name."""
    found: list[str] = []
    for item in face(known, NOW).menu:
        if isinstance(item, Action):
            found.append(item.label.replace("&", ""))
        elif isinstance(item, Submenu):
            name = item.label.replace("&", "")
            found += [
                f"{name} › {one.label.replace('&', '')}"
                for one in item.actions
                if isinstance(one, Action)
            ]
    return found


def test_this_language_is_that_of_the_latest_request_and_only_while_it_is_on() -> None:
    said = labels(heard(snapshot(**SHELL)))
    assert "Pause suggestions › Shell for 30 minutes" in said
    assert "Pause suggestions › Shell until tomorrow" in said
    assert written_lately(heard(snapshot()), NOW) == ""
    off = [decision("completed", language="markdown")]
    assert written_lately(heard(snapshot(decisions=off)), NOW) == ""
    over = snapshot(**SHELL, languages_paused=[paused("shellscript", -1)])
    assert written_lately(heard(over), NOW) == "shellscript"


def test_a_paused_language_is_offered_to_go_on_with_the_end_of_its_pause() -> None:
    known = heard(snapshot(**SHELL, languages_paused=[paused("shellscript"), paused("go", -1)]))
    (resume,) = [one for one in labels(known) if one.startswith("Resume")]
    assert resume.startswith("Resume Shell (paused until ")
    assert not any("Shell for" in one for one in labels(known))
    assert face(known, NOW).state is TrayState.OK
    assert changes_at(known, NOW) == NOW + 600


def test_muted_notifications_are_shown_with_their_end_and_can_be_shown_again() -> None:
    assert "Mute notifications › For 1 hour" in labels(heard(snapshot()))
    muted = heard(snapshot(muted_until=NOW + 120))
    said = labels(muted)
    assert any(one.startswith("Unmute notifications (muted until ") for one in said)
    assert not any(one.startswith("Mute") for one in said)
    assert changes_at(muted, NOW) == NOW + 120
    assert "Mute notifications › For 1 hour" in labels(heard(snapshot(muted_until=NOW - 1)))


def test_without_a_broker_nothing_can_be_paused_or_muted() -> None:
    known = replace(heard(snapshot(**SHELL, languages_paused=[paused("go")])), connected=False)
    assert not any("ause" in one or "ute" in one for one in labels(known))


@pytest.mark.parametrize("name", ["x" * 64, "a&b", "مؤسسة"])
def test_the_name_of_a_language_makes_no_menu_wide_and_underlines_nothing(name: str) -> None:
    known = heard(snapshot(decisions=[decision("completed", language=name)]))
    (submenu,) = [
        one
        for one in face(known, NOW).menu
        if isinstance(one, Submenu) and one.label.startswith("&Pause")
    ]
    shown = [one.label for one in submenu.actions if isinstance(one, Action)][2:]
    assert all(len(label) < 50 for label in shown)
    assert all(label.replace("&&", "").count("&") == 1 for label in shown)


# --- notifications where the broker leaves them to the tray ---


def test_a_notice_is_shown_unless_the_person_sees_a_panel() -> None:
    shown = balloon_of(NOTICE, looking=False)
    assert shown is not None
    assert (shown.title, shown.text, shown.warning) == ("No answer from G", "It is silent.", True)
    assert balloon_of(NOTICE, looking=True) is None


@given(
    st.dictionaries(st.sampled_from(["topic", "title", "text", "warning"]), ANYTHING | st.text())
)
def test_no_notice_however_absurd_is_more_than_the_system_shows(data: dict[str, Any]) -> None:
    shown = balloon_of(data, looking=False)
    if shown is not None:
        assert 0 < len(shown.title.encode("utf-16-le")) <= 2 * TITLE_LIMIT
        assert len(shown.text.encode("utf-16-le")) <= 2 * TEXT_LIMIT


class Scene:
    """A tray with a held door, and the notices that Qt was asked to show."""

    def __init__(self, home: Path, *, shows_notices: bool) -> None:
        from sidelight_tray.tray import Tray

        self.door = HeldDoor()
        around = surroundings(self.door, home, shows_notices=shows_notices)
        self.tray: Tray = Tray(around, lambda: None, lambda: NOW)
        self.shown: list[tuple[Any, ...]] = []

    def asked(self, qt: QApplication) -> list[tuple[str, dict[str, Any]]]:
        qt.processEvents()
        return [(one["method"], one["params"]) for one in self.door.asked()]


@pytest.fixture
def scene_of(
    qt: QApplication, private_home: Path, until: Until, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[bool], Scene]]:
    from PySide6.QtWidgets import QSystemTrayIcon

    made: list[Scene] = []

    def make(shows_notices: bool) -> Scene:
        scene = Scene(private_home, shows_notices=shows_notices)
        made.append(scene)
        monkeypatch.setattr(
            QSystemTrayIcon, "showMessage", lambda _item, *told: scene.shown.append(told)
        )
        scene.tray.begin()
        until(lambda: scene.tray.link.connected)
        scene.door.send_snapshot(snapshot())
        until(lambda: scene.tray.heard.view is not None)
        return scene

    yield make
    for scene in made:
        scene.tray.end()
        scene.door.close()


def test_where_the_tray_shows_notices_it_offers_to_and_a_click_opens_the_window(
    scene_of: Callable[[bool], Scene], until: Until, qt: QApplication
) -> None:
    scene = scene_of(True)
    assert ("notices", {}) in scene.asked(qt)
    scene.door.send({"event": "notice", "data": NOTICE})
    until(lambda: scene.shown)
    assert scene.shown[0][:2] == ("No answer from G", "It is silent.")
    scene.tray.host.item.messageClicked.emit()
    assert scene.tray.windows.open_names() == ["details"]
    scene.door.send(
        {"event": "notice", "data": NOTICE}, {"event": "snapshot", "data": snapshot(seq=9)}
    )
    until(lambda: scene.tray.heard.view is not None and scene.tray.heard.view.seq == 9)
    assert len(scene.shown) == 1


def test_on_linux_the_tray_leaves_notifications_to_the_broker(
    scene_of: Callable[[bool], Scene], qt: QApplication
) -> None:
    assert [method for method, _ in scene_of(False).asked(qt)] == ["watch"]


def looks(asked: list[tuple[str, dict[str, Any]]]) -> list[bool]:
    return [params["open"] for method, params in asked if method == "looking"]


def test_the_broker_is_told_when_a_panel_opens_and_when_the_last_one_closes(
    scene_of: Callable[[bool], Scene], until: Until, qt: QApplication
) -> None:
    scene = scene_of(False)
    scene.asked(qt)
    scene.tray.toggle()
    assert looks(scene.asked(qt)) == [True]
    scene.tray.windows.show_details()
    window = scene.tray.windows._details
    assert window is not None
    scene.tray.windows.close()
    assert looks(scene.asked(qt))[-1] is False
    scene.tray.windows.show_details()
    assert looks(scene.asked(qt)) == [True]
    scene.tray.windows._details.showMinimized()  # type: ignore[union-attr]
    qt.processEvents()
    assert looks(scene.asked(qt)) == [False]
    scene.tray.windows._details.showNormal()  # type: ignore[union-attr]
    assert looks(scene.asked(qt)) == [True]


def test_a_broker_that_comes_back_is_told_again_that_a_panel_is_open(
    scene_of: Callable[[bool], Scene], until: Until, qt: QApplication
) -> None:
    scene = scene_of(False)
    scene.tray.windows.show_details()
    assert looks(scene.asked(qt)) == [True]
    scene.door.ends[-1].close()
    until(lambda: len(scene.door.ends) == 2 and scene.tray.link.connected)
    assert looks(scene.asked(qt)) == [True]


def test_clicks_become_pauses_of_a_language_and_mutes(
    scene_of: Callable[[bool], Scene], qt: QApplication
) -> None:
    scene = scene_of(False)
    scene.asked(qt)
    tomorrow = until_tomorrow(NOW)
    expected: dict[Action, tuple[str, dict[str, Any]]] = {
        Action(Act.PAUSE_LANGUAGE_SHORT, "", "go"): (
            "pause_language",
            {"language": "go", "until": NOW + 1_800},
        ),
        Action(Act.PAUSE_LANGUAGE_LONG, "", "go"): (
            "pause_language",
            {"language": "go", "until": tomorrow},
        ),
        Action(Act.RESUME_LANGUAGE, "", "go"): (
            "pause_language",
            {"language": "go", "until": None},
        ),
        Action(Act.MUTE_SHORT, ""): ("mute", {"until": NOW + 3_600}),
        Action(Act.MUTE_LONG, ""): ("mute", {"until": tomorrow}),
        Action(Act.UNMUTE, ""): ("mute", {"until": None}),
        Action(Act.PAUSE_LONG, ""): ("pause", {"until": tomorrow}),
    }
    for action, wish in expected.items():
        scene.tray.wishes.perform(action)
        assert scene.asked(qt) == [wish]


def test_an_older_broker_that_does_not_know_a_wish_is_told_about(
    scene_of: Callable[[bool], Scene], until: Until, qt: QApplication
) -> None:
    scene = scene_of(False)
    scene.asked(qt)
    scene.tray.wishes.perform(Action(Act.MUTE_SHORT, ""))
    qt.processEvents()
    (asked,) = scene.door.asked()
    scene.door.send({"id": asked["id"], "error": {"code": "wire.malformed"}})
    until(lambda: scene.tray.windows._texts)
    assert scene.tray.windows._texts[0].windowTitle() == "Not possible yet"


def test_the_menu_follows_what_can_be_chosen_without_being_opened(
    scene_of: Callable[[bool], Scene], until: Until
) -> None:
    scene = scene_of(False)

    def entries() -> list[str]:
        return [entry.text() for entry in scene.tray.menu.actions()]

    before = entries()
    scene.door.send_snapshot(snapshot(seq=8, as_of=NOW))
    until(lambda: scene.tray.heard.view.seq == 8)  # type: ignore[union-attr]
    assert entries() == before
    scene.door.send_snapshot(snapshot(seq=9, muted_until=NOW + 60, languages_paused=[paused("go")]))
    until(lambda: scene.tray.heard.view.seq == 9)  # type: ignore[union-attr]
    assert sum("muted until" in entry or "paused until" in entry for entry in entries()) == 2
