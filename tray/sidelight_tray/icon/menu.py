"""The native menu of the icon, written anew only where what can be chosen in it is something else."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from PySide6.QtCore import QEvent, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from ..face.acts import Action
from ..face.face import MenuItem, Remark, Separator, Submenu


class TrayMenu(QMenu):
    """The menu; `items` is asked whenever the state changes, and each time it opens.

    A panel has measured the menu by the time it opens it: what is built anew then is cut off and
    scrolls (seen with xfce4-panel 4.18). So on opening only the remarks get new words.
    """

    recoloured = Signal()
    """The desktop's colours changed; a menu hears of it even while no window is open."""

    def __init__(
        self, items: Callable[[], tuple[MenuItem, ...]], perform: Callable[[Action], None]
    ) -> None:
        super().__init__()
        self._items, self._perform = items, perform
        self._shown: tuple[MenuItem, ...] = ()
        self._submenus: list[QMenu] = []
        self._remarks: list[QAction] = []
        self.aboutToShow.connect(self.renew)
        self.renew()

    def renew(self) -> None:
        """Write the menu unless it says the same already."""
        items = self._items()
        if items == self._shown:
            return
        before, self._shown = self._shown, items
        if _choices(before) == _choices(items):
            remarks = [item for item in items if isinstance(item, Remark)]
            for entry, remark in zip(self._remarks, remarks, strict=True):
                entry.setText(_plain(remark.text))
        else:
            self._build(items)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange:
            self.recoloured.emit()

    def renew_choices(self) -> None:
        """Write the menu only where something else can be chosen: every word of it goes to the panel."""
        if _choices(self._items()) != _choices(self._shown):
            self.renew()

    def _build(self, items: tuple[MenuItem, ...]) -> None:
        self.clear()
        self._remarks = []
        for before in self._submenus:
            before.deleteLater()
        self._submenus = []
        for item in items:
            match item:
                case Separator():
                    self.addSeparator()
                case Remark():
                    remark = self.addAction(_plain(item.text))
                    remark.setEnabled(False)
                    self._remarks.append(remark)
                case Submenu():
                    submenu = QMenu(item.label, self)
                    for choice in item.actions:
                        if isinstance(choice, Separator):
                            submenu.addSeparator()
                        else:
                            self._add(submenu, choice)
                    self._submenus.append(submenu)
                    self.addMenu(submenu)
                case Action():
                    self._add(self, item)
                case _:
                    assert_never(item)

    def _add(self, menu: QMenu, action: Action) -> None:
        entry = menu.addAction(action.label)
        if action.checked is not None:
            entry.setCheckable(True)
            entry.setChecked(action.checked)
        entry.triggered.connect(lambda: self._perform(action))


def _choices(items: tuple[MenuItem, ...]) -> list[MenuItem]:
    """What can be chosen, and where the remarks stand, whatever they say."""
    return [Remark("") if isinstance(item, Remark) else item for item in items]


def _plain(text: str) -> str:
    """The text in a menu, where `&` would underline the letter behind it."""
    return text.replace("&", "&&")
