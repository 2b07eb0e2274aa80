"""Facts of a snapshot as JSON: what becomes of code, and of a request what was left out and its place.

An older broker tells none of them; null and a missing field both mean unknown.
"""

from __future__ import annotations

from ..domain.place import FileLine
from ..domain.policy.data_use import DataUse
from ..domain.window.parts import CutReason
from ..domain.window.trims import Trim
from .frames import (
    Json,
    integer,
    malformed,
    member,
    optional_number,
    section,
    text,
)


def data_use_to_json(use: DataUse | None) -> Json | None:
    if use is None:
        return None
    return {
        "processed_in": use.processed_in,
        "kept_days": use.kept_days,
        "trained_on": use.trained_on,
        "url": use.url,
    }


def data_use_from_json(data: Json) -> DataUse | None:
    """What `data` tells of it. Raises WireError."""
    if data.get("data_use") is None:
        return None
    said = section(data, "data_use")
    trained_on = said.get("trained_on")
    if not isinstance(trained_on, (bool, type(None))):
        raise malformed("trained_on must be true, false or null")
    return DataUse(
        text(said, "processed_in", ""),
        optional_number(said, "kept_days"),
        trained_on,
        text(said, "url", ""),
    )


def trim_to_json(trim: Trim | None) -> Json | None:
    if trim is None:
        return None
    return {
        "whole_tokens": trim.whole_tokens,
        "sent_tokens": trim.sent_tokens,
        "why": trim.why.value,
    }


def trim_from_json(data: Json) -> Trim | None:
    """The trim `data` tells of. Raises WireError."""
    if data.get("trim") is None:
        return None
    said = section(data, "trim")
    return Trim(
        integer(said, "whole_tokens"), integer(said, "sent_tokens"), member(said, "why", CutReason)
    )


def place_to_json(place: FileLine | None) -> Json | None:
    return None if place is None else {"file": place.file, "line": place.line}


def place_from_json(data: Json) -> FileLine | None:
    """The line `data` tells of, counted from one. Raises WireError."""
    if data.get("place") is None:
        return None
    said = section(data, "place")
    return FileLine(text(said, "file"), integer(said, "line", minimum=1))
