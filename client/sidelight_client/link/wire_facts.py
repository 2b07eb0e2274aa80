"""Two facts of a snapshot as JSON: what becomes of code that is sent, and what was left out of a request.

An older broker tells neither; null and a missing field both mean unknown.
"""

from __future__ import annotations

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
