"""What stands in a panel, for the tests of the tray: its cards by name, their items and every text."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

from sidelight_tray.face.state import Heard
from sidelight_tray.heard.view import view_of
from sidelight_tray.panels.content import Card, Panel


def heard(data: dict[str, Any], **more: Any) -> Heard:
    return Heard(view_of(data), connected=True, **more)


def cards(panel: Panel) -> dict[str, Card]:
    return {card.key: card for card in (*panel.wide, *(c for one in panel.columns for c in one))}


def items(card: Card, kind: type[Any]) -> list[Any]:
    return [item for item in card.items if isinstance(item, kind)]


def texts(value: object) -> list[str]:
    """Every text in a panel, wherever it is."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, tuple):
        return [text for one in value for text in texts(one)]
    if is_dataclass(value):
        return [text for field in fields(value) for text in texts(getattr(value, field.name))]
    return []
