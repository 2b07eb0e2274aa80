"""The desktop turns dark while a panel is open, and everything can be done by keyboard alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sidelight_client.domain.words.catalogue import say
from sidelight_tray.face.acts import Act, Action
from sidelight_tray.face.face import Submenu, face
from sidelight_tray.face.state import Heard
from sidelight_tray.heard.view import view_of
from sidelight_tray.panels.content import Choices, Panel
from sidelight_tray.panels.panels import details, popover
from support.tray_door import HeldDoor, surroundings
from support.tray_samples import (
    NOW,
    condition,
    decision,
    gateway,
    limit,
    paused,
    service,
    session,
    snapshot,
)

if TYPE_CHECKING:
    from PySide6.QtGui import QAction
    from PySide6.QtWidgets import QApplication, QMenu

    from sidelight_tray.tray import Tray

SITUATIONS: dict[str, dict[str, Any]] = {
    "ok": {"decisions": [decision("completed")]},
    "paused": {"paused_until": NOW + 60},
    "signed out": {"session": session(phase="signed_out", account="")},
    "incident": {"service": service("minor")},
    "outage": {"service": service("critical")},
    "breaker": {"gateway": gateway(breaker="open")},
    "offline": {"conditions": [condition("network.offline")]},
    "over": {"limits": [limit("user", 120, 1), limit("org", 5, 9, hard=False)]},
    "muted": {"muted_until": NOW + 60, "languages_paused": [paused("python"), paused("go")]},
}


@pytest.fixture
def tray(qt: QApplication, private_home: Path) -> Iterator[Tray]:
    from sidelight_tray.tray import Tray

    door = HeldDoor()
    made = Tray(surroundings(door, private_home), lambda: None, lambda: NOW)
    performed: list[Action] = []
    made.menu._perform = performed.append
    made.performed = performed  # type: ignore[attr-defined]
    made._hear(view_of(snapshot(decisions=[decision("completed")])))
    yield made
    made.end()
    door.close()


@pytest.fixture
def turn(qt: QApplication) -> Iterator[Callable[[str], None]]:
    """`turn("#202020")`: the desktop's windows have that colour from now on."""
    from PySide6.QtGui import QColor, QPalette

    before = qt.palette()

    def become(colour: str) -> None:
        palette = QPalette(before)
        palette.setColor(QPalette.ColorRole.Window, QColor(colour))
        qt.setPalette(palette)
        qt.processEvents()

    yield become
    qt.setPalette(before)


def test_icon_and_open_panels_change_colours_with_the_desktop(
    tray: Tray, turn: Callable[[str], None]
) -> None:
    from PySide6.QtGui import QImage

    from sidelight_tray.icon.icon import Palette
    from sidelight_tray.windows.theme import DARK, LIGHT

    def icon() -> QImage:
        return tray.host.item.icon().pixmap(22, 22).toImage()

    turn("#f0f0f0")
    tray.windows.show_details()
    window = tray.windows._details
    assert window is not None
    light = icon()
    for colour, worn, palette in (
        ("#202020", DARK, Palette.DARK),
        ("#f0f0f0", LIGHT, Palette.LIGHT),
    ):
        turn(colour)
        assert tray._drawn == (tray.face.state, palette)
        shown = window.grab().toImage()
        assert shown.pixelColor(2, 2).name() == worn.window
        found = {
            shown.pixelColor(x, y).name()
            for x in range(0, shown.width(), 3)
            for y in range(0, shown.height(), 3)
        }
        assert {worn.card, worn.accent} <= found
        other = LIGHT if worn is DARK else DARK
        assert not {other.window, other.card} & found
        assert (icon() == light) is (worn is LIGHT)


def test_while_nothing_is_open_the_icon_follows_as_well(
    tray: Tray, turn: Callable[[str], None]
) -> None:
    from sidelight_tray.icon.icon import Palette

    turn("#202020")
    assert tray._drawn == (tray.face.state, Palette.DARK)
    assert tray._windows is None
    turn("#f0f0f0")
    assert tray._drawn == (tray.face.state, Palette.LIGHT)


def test_everything_in_the_icons_menu_is_reached_from_the_window_by_keyboard(
    tray: Tray, qt: QApplication
) -> None:
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QPushButton

    tray.windows.show_details()
    window = tray.windows._details
    assert window is not None
    qt.processEvents()
    for _ in window.findChildren(QPushButton):
        focused = window.focusWidget()
        assert focused is not None
        if focused.objectName() == "menu:":
            break
        QTest.keyClick(focused, Qt.Key.Key_Tab)
    assert window.focusWidget().objectName() == "menu:"
    QTest.keyClick(window.focusWidget(), Qt.Key.Key_Space)
    menu = tray.menu
    assert menu.isVisible()
    assert walked(menu) == [one.text() for one in choices(menu)]
    QTest.keyClick(menu, Qt.Key.Key_Escape)
    assert not menu.isVisible()
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert tray.windows.open_names() == []


def test_a_language_is_paused_by_four_keys(tray: Tray, qt: QApplication) -> None:
    from PySide6.QtCore import QPoint, Qt
    from PySide6.QtTest import QTest

    menu = tray.menu
    menu.popup(QPoint(0, 0))
    QTest.keyClick(menu, Qt.Key.Key_P)
    (submenu,) = [one for one in menu._submenus if one.title() == "&Pause suggestions"]
    assert submenu.isVisible()
    QTest.keyClick(submenu, Qt.Key.Key_M)
    qt.processEvents()
    menu.hide()
    assert tray.performed == [  # type: ignore[attr-defined]
        Action(Act.PAUSE_LANGUAGE_SHORT, "Python for 30 &minutes", "python")
    ]


def choices(menu: QMenu) -> list[QAction]:
    return [one for one in menu.actions() if not one.isSeparator() and one.isEnabled()]


def walked(menu: QMenu) -> list[str]:
    """Where the arrow key stops on its way through the menu."""
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    passed = []
    for _ in choices(menu):
        QTest.keyClick(menu, Qt.Key.Key_Down)
        active = menu.activeAction()
        assert active is not None
        passed.append(active.text())
    first = next(index for index, text in enumerate(passed) if text == choices(menu)[0].text())
    return passed[first:] + passed[:first]


@pytest.mark.parametrize("name", SITUATIONS)
def test_no_two_letters_mean_different_things_in_one_place(name: str) -> None:
    known = Heard(view_of(snapshot(**SITUATIONS[name])), connected=True, at_login=False)
    items = face(known, NOW).menu
    places = [
        [item.label for item in items if isinstance(item, (Action, Submenu))],
        *(
            [one.label for one in item.actions if isinstance(one, Action)]
            for item in items
            if isinstance(item, Submenu)
        ),
        *(labels(make(known, NOW, say)) for make in (popover, details)),
    ]
    for place in places:
        letters = Counter(letter for label in place if (letter := mnemonic(label)))
        assert [letter for letter, times in letters.items() if times > 1] == [], place


def labels(panel: Panel) -> list[str]:
    cards = (*panel.wide, *(card for column in panel.columns for card in column))
    return [
        *(one.label for one in (*panel.buttons, *panel.last)),
        *(card.link.label for card in cards if card.link is not None),
        *(
            one.label
            for card in cards
            for item in card.items
            if isinstance(item, Choices)
            for one in item.actions
        ),
    ]


def mnemonic(label: str) -> str:
    _, mark, rest = label.replace("&&", "").partition("&")
    return rest[:1].lower() if mark else ""
