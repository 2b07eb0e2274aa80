"""Knows the release of PySide6 that must not be used; asked before anything of Qt is loaded.

6.12.0 drops a reference to None on every call of a method that returns nothing. Before Python 3.12,
where None became immortal (PEP 683), that ends the process after some minutes: 1,000 calls take
None's count from 5,161 to 4,161, and 6.11.3 leaves it as it is (tests/tray/test_figures.py counts).
"""

from __future__ import annotations

import sys

UNFIT = "6.12.0"


def unfit_release() -> str | None:
    """The installed release where it would end this process, else None. Raises ImportError."""
    from PySide6 import __version__ as installed

    return installed if is_unfit(installed, sys.version_info[:2]) else None


def is_unfit(installed: str, python: tuple[int, int]) -> bool:
    return python < (3, 12) and installed.split("+", maxsplit=1)[0] == UNFIT
