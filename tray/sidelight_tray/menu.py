"""The native menu of the icon, written anew only when it is about to be seen and says something else."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from PySide6.QtWidgets import QMenu

from .acts import Action
from .face import MenuItem, Remark, Separator, Submenu


class TrayMenu(QMenu):
    """The menu; `items` is asked each time it opens. Its text goes over D-Bus, so it is not pushed."""

    def __init__(
        self, items: Callable[[], tuple[MenuItem, ...]], perform: Callable[[Action], None]
    ) -> None:
        super().__init__()
        self._items, self._perform = items, perform
        self._shown: tuple[MenuItem, ...] = ()
        self._submenus: list[QMenu] = []
        self.aboutToShow.connect(self.renew)
        self.renew()

    def renew(self) -> None:
        """Write the menu unless it says the same already."""
        items = self._items()
        if items == self._shown:
            return
        self._shown = items
        self.clear()
        for before in self._submenus:
            before.deleteLater()
        self._submenus = []
        for item in items:
            match item:
                case Separator():
                    self.addSeparator()
                case Remark():
                    self.addAction(item.text.replace("&", "&&")).setEnabled(False)
                case Submenu():
                    submenu = QMenu(item.label, self)
                    for action in item.actions:
                        self._add(submenu, action)
                    self._submenus.append(submenu)
                    self.addMenu(submenu)
                case Action():
                    self._add(self, item)
                case _:
                    assert_never(item)

    def _add(self, menu: QMenu, action: Action) -> None:
        entry = menu.addAction(action.label)
        entry.triggered.connect(lambda: self._perform(action))
