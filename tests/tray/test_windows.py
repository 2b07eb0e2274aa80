"""The windows: read aloud in full, used by keyboard alone, never cut off, and given back when closed."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sidelight_tray.face.acts import Act, Action
from sidelight_tray.face.state import TrayState
from support.tray_door import HeldDoor, surroundings
from support.tray_samples import (
    NOW,
    condition,
    decision,
    gateway,
    limit,
    service,
    session,
    snapshot,
    usage,
)

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication, QPushButton, QWidget

    from sidelight_tray.tray import Tray
    from sidelight_tray.windows.details import PanelWindow

Until = Callable[..., None]

SITUATIONS: dict[str, dict[str, Any]] = {
    "ok": {},
    "incident": {"service": service("minor"), "decisions": [decision("blocked")]},
    "outage": {"service": service("critical", stage="seen_here", title="", timeline=[])},
    "signed out": {"session": session(phase="signed_out", account="")},
    "no access": {"conditions": [condition("identity.wrong_group", "error", text="Why. " * 40)]},
    "limited": {"limits": [limit("user", 120, 120)]},
    "arabic": {"session": session(account="مايا تشين " * 3), "gateway": gateway(name="بوابة")},
    "long names": {
        "session": session(account="x" * 200),
        "gateway": gateway(name="y" * 200),
        "editors": [{"id": 1, "name": "z" * 200, "since": NOW}],
        "decisions": [decision("blocked", reason="w" * 200)],
    },
    "nothing known": {"limits": [], "uptime": None, "service": None, "session": None},
}


@pytest.fixture
def tray(qt: QApplication, private_home: Path) -> Iterator[Tray]:
    from sidelight_tray.tray import Tray

    door = HeldDoor()
    asked: list[str] = []
    made = Tray(surroundings(door, private_home), lambda: asked.append("quit"), lambda: NOW)
    made.wishes.open_address = lambda url: asked.append(url.toString()) is None
    made.asked = asked  # type: ignore[attr-defined]
    made.door = door  # type: ignore[attr-defined]
    yield made
    made.end()
    door.close()


def tell(tray: Tray, **changes: Any) -> None:
    from dataclasses import replace

    from sidelight_tray.heard.view import view_of
    from sidelight_tray.heard.view_usage import usage_of

    tray._hear(view_of(snapshot(**changes)))
    tray.heard = replace(tray.heard, usage=usage_of(usage()))
    tray.renew()


def popover_of(tray: Tray) -> PanelWindow:
    tray.toggle()
    window = tray.windows._popover
    assert window is not None
    return window


def details_of(tray: Tray) -> PanelWindow:
    tray.windows.show_details()
    window = tray.windows._details
    assert window is not None
    return window


def buttons(window: QWidget) -> list[QPushButton]:
    from PySide6.QtWidgets import QPushButton

    return window.findChildren(QPushButton)


def button(window: QWidget, act: Act) -> QPushButton:
    return next(one for one in buttons(window) if one.objectName().startswith(f"{act.value}:"))


@pytest.mark.parametrize("name", SITUATIONS)
def test_the_popover_fits_a_small_screen_and_nothing_sticks_out(tray: Tray, name: str) -> None:
    tell(tray, **SITUATIONS[name])
    window = popover_of(tray)
    assert window.width() == 400
    assert window.height() <= 680
    assert_nothing_sticks_out(window)


@pytest.mark.parametrize("name", SITUATIONS)
def test_nothing_sticks_out_of_the_details(tray: Tray, name: str) -> None:
    tell(tray, **SITUATIONS[name])
    assert_nothing_sticks_out(details_of(tray))


def assert_nothing_sticks_out(window: PanelWindow) -> None:
    from PySide6.QtCore import QPoint
    from PySide6.QtWidgets import QApplication, QLabel, QWidget

    QApplication.processEvents()
    body = window.body.widget()
    for widget in body.findChildren(QWidget):
        corner = widget.mapTo(body, QPoint(0, 0))
        assert corner.x() >= 0
        assert corner.x() + widget.width() <= body.width()
    assert body.width() <= window.body.viewport().width()
    for label in body.findChildren(QLabel):
        assert label.height() >= label.heightForWidth(label.width())
    for one in buttons(window):
        wanted = one.fontMetrics().horizontalAdvance(one.text().replace("&", ""))
        assert one.width() >= wanted, one.text()


@pytest.mark.parametrize("name", ["ok", "incident"])
def test_everything_that_is_painted_reads_aloud(tray: Tray, name: str) -> None:
    from PySide6.QtGui import QAccessible

    from sidelight_tray.windows.charts import ChartWidget
    from sidelight_tray.windows.lines import FigureWidget, LineWidget

    tell(tray, **SITUATIONS[name])
    window = details_of(tray)
    painted = [
        widget
        for kind in (ChartWidget, FigureWidget, LineWidget)
        for widget in window.findChildren(kind)
    ]
    assert len(painted) > 10
    for widget in [*painted, *buttons(window)]:
        told = QAccessible.queryAccessibleInterface(widget)
        assert told.text(QAccessible.Text.Name).strip()
    said = {widget.accessibleName() for widget in painted}
    assert "60 of 120 requests used; lasts until reset" in said
    assert "50 % used; an even pace would be 84; lasts until reset" in said


def test_the_whole_place_of_a_decision_is_in_its_tooltip_as_text(tray: Tray) -> None:
    from PySide6.QtWidgets import QWidget

    place = {"file": "a/<img src=x>/checkout_of_everything.py", "line": 41}
    tell(tray, decisions=[decision("blocked", place=place)])
    shown = [widget.toolTip() for widget in details_of(tray).findChildren(QWidget)]
    assert "<p>a/&lt;img src=x&gt;/checkout_of_everything.py:41</p>" in shown


def test_tab_goes_through_every_button_once_and_begins_with_the_main_one(
    tray: Tray, qt: QApplication
) -> None:
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    tell(tray, session=session(phase="signed_out"))
    window = popover_of(tray)
    qt.processEvents()
    first = window.focusWidget()
    assert first is not None
    assert first.objectName() == "sign_in:"
    passed = []
    for _ in buttons(window):
        focused = window.focusWidget()
        assert focused is not None
        passed.append(focused.objectName())
        QTest.keyClick(focused, Qt.Key.Key_Tab)
    assert sorted(passed) == sorted(one.objectName() for one in buttons(window))
    assert window.focusWidget() is first


def test_escape_closes_and_enter_presses(tray: Tray, qt: QApplication) -> None:
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    tell(tray, service=service("minor"))
    window = popover_of(tray)
    qt.processEvents()
    QTest.keyClick(button(window, Act.STATUS_PAGE), Qt.Key.Key_Return)
    assert tray.asked == ["https://status.example.com/x1"]  # type: ignore[attr-defined]
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert tray.windows.open_names() == []


def test_a_new_snapshot_keeps_the_focus_where_it_was(tray: Tray, qt: QApplication) -> None:
    tell(tray)
    window = details_of(tray)
    qt.processEvents()
    button(window, Act.LOGS).setFocus()
    tell(tray, editors=[])
    focused = window.focusWidget()
    assert focused is not None
    assert focused.objectName() == "logs:"


def test_an_open_window_follows_the_snapshot_and_is_left_alone_when_nothing_changed(
    tray: Tray,
) -> None:
    tell(tray)
    window = details_of(tray)
    body = window.body.widget()
    tell(tray, seq=99)
    assert window.body.widget() is body
    tell(tray, session=session(phase="signed_out"))
    assert window.body.widget() is not body
    assert window.panel is not None
    assert window.panel.state is TrayState.SIGN_IN


def test_looking_at_a_block_takes_it_out_of_the_icon(tray: Tray) -> None:
    tell(tray, decisions=[decision("blocked")])
    assert tray.face.state is TrayState.BLOCKED
    popover_of(tray)
    assert tray.face.state is TrayState.OK


def test_the_colours_follow_the_desktop(tray: Tray) -> None:
    from sidelight_tray.windows.theme import DARK, LIGHT

    tell(tray)
    window = details_of(tray)
    for worn in (DARK, LIGHT):
        window.wear(worn)
        shown = window.grab().toImage()
        assert shown.pixelColor(2, 2).name() == worn.window


@pytest.mark.parametrize("wanted", ["dark", "light", "mask"])
def test_a_person_can_say_for_which_panel_the_icon_is_drawn(wanted: str) -> None:
    from sidelight_tray.icon.icon import Palette
    from sidelight_tray.tray import chosen_palette

    assert chosen_palette(wanted) is Palette(wanted)
    assert chosen_palette("auto") in set(Palette)


def test_what_is_from_before_is_faded_and_why_it_is_so_is_not(tray: Tray) -> None:
    from PySide6.QtWidgets import QFrame

    tell(tray)
    tray._lose(None)
    window = popover_of(tray)
    faded = {
        card.accessibleName(): card.graphicsEffect() is not None
        for card in window.findChildren(QFrame, "card")
    }
    assert faded.pop("Sidelight is not running") is False
    assert set(faded.values()) == {True}


def test_the_diagnostics_are_shown_before_they_are_copied(tray: Tray, qt: QApplication) -> None:
    from PySide6.QtWidgets import QPlainTextEdit

    tell(tray, decisions=[decision("completed")])
    qt.clipboard().setText("before")
    tray.wishes.perform(Action(Act.DIAGNOSTICS, ""))
    (window,) = tray.windows._texts
    shown = window.findChildren(QPlainTextEdit)[0].toPlainText()
    assert "0af7651916cd43dd8448eb211c80319c" in shown
    assert qt.clipboard().text() == "before"
    next(one for one in buttons(window) if one.text() == "&Copy").click()
    assert qt.clipboard().text() == shown


def test_a_desktop_without_a_tray_gets_the_window_and_one_explanation(tray: Tray) -> None:
    tell(tray)
    tray.windows.show_no_tray()
    tray.windows.show_no_tray()
    assert tray.windows.open_names() == ["details"]
    assert [window.windowTitle() for window in tray.windows._texts] == ["No tray on this desktop"]


@pytest.mark.parametrize(
    ("address", "opened"),
    [
        ("https://idp.example/authorize?x=1", True),
        ("http://127.0.0.1:4000/authorize", True),
        ("http://localhost:4000/", True),
        ("http://idp.example/", False),
        ("https://user:secret@idp.example/", False),
        ("file:///etc/passwd", False),
        ("javascript:alert(1)", False),
        ("ms-settings:x", False),
        ("", False),
    ],
)
def test_only_a_web_page_is_handed_to_the_browser(tray: Tray, address: str, opened: bool) -> None:
    tray.wishes.perform(Action(Act.STATUS_PAGE, "", address))
    assert bool(tray.asked) is opened  # type: ignore[attr-defined]


def test_a_prompt_nobody_asked_for_opens_nothing(tray: Tray) -> None:
    tray.wishes.prompted({"url": "https://idp.example/"})
    assert tray.asked == []  # type: ignore[attr-defined]


def test_clicks_become_wishes_of_the_broker(tray: Tray, until: Until, qt: QApplication) -> None:
    tray.begin()
    door: HeldDoor = tray.door  # type: ignore[attr-defined]
    until(lambda: tray.link.connected)
    qt.processEvents()
    door.asked()
    expected = {
        Act.PAUSE_SHORT: ("pause", {"until": NOW + 1_800}),
        Act.RESUME: ("pause", {"until": None}),
        Act.RETRY: ("retry", {}),
        Act.SIGN_OUT: ("logout", {}),
        Act.SIGN_IN: ("login", {"device": False}),
        Act.SIGN_IN_WITH_CODE: ("login", {"device": True}),
    }
    for act, wish in expected.items():
        tray.wishes.perform(Action(act, ""))
        qt.processEvents()
        (asked,) = door.asked()
        assert (asked["method"], asked["params"]) == wish
    door.send({"event": "prompt", "data": {"id": 1, "url": "https://idp.example/a"}})
    until(lambda: tray.asked)  # type: ignore[attr-defined]


def test_a_sign_in_that_failed_says_why(tray: Tray) -> None:
    tray.wishes._signed_in({"result": {"signed_in": False, "code": "access_denied", "detail": ""}})
    (window,) = tray.windows._texts
    assert window.windowTitle() == "Sign-in did not finish"


def test_a_later_launch_opens_the_window_of_the_first(tray: Tray, until: Until) -> None:
    from sidelight_tray.instance.instance import Instance

    around = tray.around
    first = Instance(around.instance, str(around.lock_file), tray.answer)
    second = Instance(around.instance, str(around.lock_file), tray.answer)
    assert first.begin()
    assert not second.begin()
    with socket.socket(socket.AF_UNIX) as later:
        later.connect(around.instance)
        later.sendall(b"show\n")
        later.setblocking(False)
        received = bytearray()
        until(lambda: arrived(later, received))
    assert json.loads(received)["state"] == "down"
    assert tray.windows.open_names() == ["details"]
    first.end()
    assert second.begin()
    second.end()


def arrived(connection: socket.socket, received: bytearray) -> bool:
    try:
        received += connection.recv(4_096)
    except BlockingIOError:
        return False
    return received.endswith(b"\n")


def test_a_tray_that_does_not_answer_is_told_as_such(qt: QApplication, private_home: Path) -> None:
    from sidelight_tray.instance.instance import hand_over

    assert hand_over(str(private_home / "nobody.sock"), "show") is None
