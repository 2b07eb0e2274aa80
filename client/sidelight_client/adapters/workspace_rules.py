"""Reads the place rules of `.sidelight.toml`, with which a workspace closes more of itself."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

from ..domain.policy.organisation import Mode, PlaceRule
from ..domain.words.catalogue import say
from ..gateways.untrusted import items, mapping
from .source_files import NotRead, Unread, read_text
from .workspace_marks import FILE_NAME, MAX_BYTES

MAX_RULES = 200
LONGEST = 400
_KEYS = frozenset(("path", "mode", "reason", "owner", "url", "date"))


def read_rules(folder: Path) -> tuple[PlaceRule, ...]:
    """The rules of the workspace file in `folder`; none where there is no such file.

    A file that cannot be read closes its folder, since it may have been written to do so. A rule
    with a key or a mode that is not known closes what its path names.
    """
    # Asked for each folder above a file before each request; nearly always there is none.
    if not os.path.isfile(os.path.join(folder, FILE_NAME)):  # noqa: PTH113, PTH118 -- a tenth of a path's cost
        return ()
    path = folder / FILE_NAME
    text = read_text(path, MAX_BYTES)
    if isinstance(text, Unread):
        return () if text.why is NotRead.UNREADABLE and not path.exists() else (_closing(),)
    try:
        tables: Any = tomllib.loads(text).get("place", [])
    except (tomllib.TOMLDecodeError, RecursionError):
        return (_closing(),)
    found = items(tables, MAX_RULES + 1)
    if not isinstance(tables, list) or len(found) > MAX_RULES:
        return (_closing(),)
    return tuple(map(_rule, found))


def _rule(table: Any) -> PlaceRule:
    if not isinstance(table, dict):
        return _closing()
    said = mapping(table)
    path = said.get("path", "")
    if not isinstance(path, str) or len(path) > LONGEST:
        return _closing()
    words = {name: said.get(name, "") for name in ("mode", "reason", "owner", "url", "date")}
    known = set(said) <= _KEYS and words["mode"] in tuple(Mode)
    return PlaceRule(
        FILE_NAME,
        Mode(words["mode"]) if known else Mode.OFF,
        path=path,
        reason=_line(words["reason"]),
        owner=_line(words["owner"]),
        url=_line(words["url"]),
        date=_line(words["date"]),
    )


def _line(value: Any) -> str:
    """A text of the file, or a date as TOML has them, as one bounded line."""
    line = str(value)[:LONGEST] if isinstance(value, str) or hasattr(value, "isoformat") else ""
    return "".join(c if c.isprintable() else " " for c in line).strip()


def _closing() -> PlaceRule:
    words = say("policy.workspace_unreadable")
    return PlaceRule(FILE_NAME, Mode.OFF, reason=f"{words.what} {words.means}")
